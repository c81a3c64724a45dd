// SPDX-License-Identifier: Apache-2.0
// Where the files of threads, child processes and the lanes' page are: beside the adapters in the source tree, or bundled in dist/controller,
// whichever bundle this code has ended up in.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type WorkerName = 'journal-worker' | 'noble-worker' | 'pcsc-worker';

const BUNDLED = ['./', './controller/', '../controller/'];

/** Throws when it is not there: a broken installation. */
export function workerFile(name: WorkerName, from: string = import.meta.url): URL {
  const source = new URL(`../adapters/${name}.ts`, from);
  const candidates = from.endsWith('.ts') ? [source] : BUNDLED.map((folder) => new URL(`${folder}${name}.mjs`, from));
  const found = candidates.find((url) => existsSync(fileURLToPath(url)));
  if (!found) throw new Error(`${name} is missing from this installation: install it again`);
  return found;
}

/** Folder of the desk's page, which the web's build makes; it need not be there. */
export function deskPage(from: string = import.meta.url): string {
  const folders = from.endsWith('.ts') ? ['../../../dist/web/desk/'] : ['./web/desk/', '../web/desk/'];
  const candidates = folders.map((folder) => fileURLToPath(new URL(folder, from)));
  return candidates.find((path) => existsSync(path)) ?? (candidates[0] as string);
}

/** Folder of the page of lane displays. */
export function lanePage(from: string = import.meta.url): URL {
  const folders = from.endsWith('.ts') ? ['../adapters/'] : BUNDLED;
  const candidates = folders.map((folder) => new URL(`${folder}lane-page/`, from));
  const found = candidates.find((url) => existsSync(fileURLToPath(url)));
  if (!found) throw new Error('the page of lane displays is missing from this installation: install it again');
  return found;
}
