// SPDX-License-Identifier: Apache-2.0
// Starts a worker thread from a bundle or, in development, from its TypeScript source.
import { Worker } from 'node:worker_threads';

/** Worker threads do not inherit tsx from the main thread on Node 20, so a source file registers it first. */
const FROM_SOURCE =
  "const { workerData } = require('node:worker_threads');" +
  "import('tsx/esm/api').then(({ register }) => { register(); return import(workerData.source); });";

/** `workerData` must be an object; the worker sees its fields. */
export function startWorker(url: URL, workerData: object): Worker {
  if (!url.pathname.endsWith('.ts')) return new Worker(url, { workerData });
  return new Worker(FROM_SOURCE, {
    eval: true,
    execArgv: ['--conditions=latchkey-source'],
    workerData: { ...workerData, source: url.href },
  });
}
