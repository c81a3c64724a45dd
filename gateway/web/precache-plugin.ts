// SPDX-License-Identifier: Apache-2.0
// Names all files of a build, gives the service worker those that it keeps, and the build's version, a hash over names and contents: one
// changed byte makes a new worker, which fetches everything anew before it takes over.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { minify, type Plugin, transformWithOxc } from 'vite';

interface BuiltFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** The other icons are for the home screen, which fetches them itself. */
const NEEDED = /[.](?:html|js|css)$|^icons\/icon[.]svg$/;

export function precache(workerEntry: string): Plugin {
  let publicDir = '';
  return {
    name: 'latchkey-precache',
    apply: 'build',
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle: {
      // After the page itself was written.
      order: 'post',
      async handler(_options, bundle) {
        const emitted = Object.values(bundle).map(
          (part): BuiltFile => ({ name: part.fileName, content: part.type === 'chunk' ? part.code : part.source }),
        );
        const files = [...emitted, ...filesBelow(publicDir)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
        const version = versionOf(files);
        const names = files.map(({ name }) => name);
        const worker = await bundleWorker(
          workerEntry,
          version,
          names.filter((name) => NEEDED.test(name)),
        );
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source: worker });
        this.emitFile({ type: 'asset', fileName: 'precache.json', source: JSON.stringify({ version, files: names }) });
      },
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

/** The worker is one file without imports: stripped of its types it is what browsers run. */
async function bundleWorker(entry: string, version: string, files: readonly string[]): Promise<string> {
  const { code } = await transformWithOxc(readFileSync(entry, 'utf8'), entry, { target: ['chrome87', 'safari15'] });
  const facts = `const __VERSION__ = ${JSON.stringify(version)}, __FILES__ = ${JSON.stringify(files)};`;
  return (await minify('service-worker.js', `(() => {${facts}${code}})();`)).code;
}
