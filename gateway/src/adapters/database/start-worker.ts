// SPDX-License-Identifier: Apache-2.0
// Starts the database's thread from a bundle or, in development, from its TypeScript source.
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Worker threads do not inherit tsx from the main thread on Node 20, so a source file registers it first. */
const FROM_SOURCE =
  "const { workerData } = require('node:worker_threads');" +
  "import('tsx/esm/api').then(({ register }) => { register(); return import(workerData.source); });";

/** Where the bundle's file may lie, seen from the chunk that holds this module. */
const BUNDLED = ['./database-worker.mjs', './gateway/database-worker.mjs', '../gateway/database-worker.mjs'];

export function databaseWorkerUrl(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./database-worker.ts', import.meta.url);
  const candidates = BUNDLED.map((path) => new URL(path, import.meta.url));
  const found = candidates.find((url) => existsSync(url));
  if (found === undefined) throw new Error('gateway/database-worker.mjs is missing beside the program: build it again');
  return found;
}

/** `workerData` must be an object; the worker sees its fields. */
export function startWorker(url: URL, workerData: object): Worker {
  if (!url.pathname.endsWith('.ts')) return new Worker(url, { workerData });
  return new Worker(FROM_SOURCE, {
    eval: true,
    execArgv: ['--conditions=latchkey-source'],
    workerData: { ...workerData, source: url.href },
  });
}
