// SPDX-License-Identifier: Apache-2.0
// Where the shipped programs are.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of a bundle, from the source tree as from a bundle: both lie in a checkout. */
export function bundle(path: string): string {
  const roots = ['../../../', '../../', '../'].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  const found = roots.map((root) => join(root, 'dist', path)).find(existsSync);
  if (found === undefined) throw new Error(`dist/${path} is missing; run: npm run build`);
  return found;
}
