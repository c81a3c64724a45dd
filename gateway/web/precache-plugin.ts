// SPDX-License-Identifier: Apache-2.0
// Gives the service worker the names of all files of a build and the build's version, a hash over names and contents: one
// changed byte makes a new worker, which fetches everything anew before it takes over.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import type { Plugin } from 'vite';

interface BuiltFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

export function precache(workerEntry: string): Plugin {
  let publicDir = '';
  return {
    name: 'latchkey-precache',
    apply: 'build',
    configResolved(config) {
      publicDir = config.publicDir;
    },
    async generateBundle(_options, bundle) {
      const emitted = Object.values(bundle).map(
        (part): BuiltFile => ({ name: part.fileName, content: part.type === 'chunk' ? part.code : part.source }),
      );
      const files = [...emitted, ...filesBelow(publicDir)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const version = versionOf(files);
      const names = files.map(({ name }) => name);
      const worker = await bundleWorker(workerEntry, version, names);
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source: worker });
      this.emitFile({ type: 'asset', fileName: 'precache.json', source: JSON.stringify({ version, files: names }) });
    },
  };
}

function filesBelow(dir: string): BuiltFile[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: relative(dir, path).replaceAll(sep, '/'), content: readFileSync(path) }));
}

function versionOf(files: readonly BuiltFile[]): string {
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name}\0`).update(content).update('\0');
  return hash.digest('hex').slice(0, 16);
}

async function bundleWorker(entry: string, version: string, files: readonly string[]): Promise<string> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: ['chrome87', 'safari15'],
    define: { __VERSION__: JSON.stringify(version), __FILES__: JSON.stringify(files) },
  });
  return result.outputFiles[0]?.text ?? '';
}
