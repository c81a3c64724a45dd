// SPDX-License-Identifier: Apache-2.0
// Where the files of threads and child processes are: beside the adapters in the source tree, or bundled in dist/controller,
// whichever bundle this code has ended up in.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type WorkerName = 'journal-worker' | 'pcsc-worker';

const BUNDLED = ['./', './controller/', '../controller/'];

/** Throws when it is not there: a broken installation. */
export function workerFile(name: WorkerName, from: string = import.meta.url): URL {
  const source = new URL(`../adapters/${name}.ts`, from);
  const candidates = from.endsWith('.ts') ? [source] : BUNDLED.map((folder) => new URL(`${folder}${name}.mjs`, from));
  const found = candidates.find((url) => existsSync(fileURLToPath(url)));
  if (!found) throw new Error(`${name} is missing from this installation: install it again`);
  return found;
}
