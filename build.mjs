// SPDX-License-Identifier: Apache-2.0
// Bundles what ships: the edge, the gateway, the one CLI of both, the simulated campus and the web. Native packages stay outside.
// Packages that resolve files of their own at run time (pino's transports, csv readers) bundle well as none of those is used.
import { cpSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { build as buildWeb } from 'vite';

const NATIVE = ['@abandonware/bleno', 'better-sqlite3', 'nfc-pcsc', 'onoff', 'serialport'];

/** Output name (below dist/) → entry. A worker is a file of its own beside the program that starts it. */
const ENTRIES = {
  latchkey: 'latchkey.ts',
  'controller/main': 'controller/src/app/main.ts',
  'controller/journal-worker': 'controller/src/adapters/journal-worker.ts',
  'controller/noble-worker': 'controller/src/adapters/noble-worker.ts',
  'controller/pcsc-worker': 'controller/src/adapters/pcsc-worker.ts',
  'gateway/main': 'gateway/src/app/main.ts',
  'gateway/database-worker': 'gateway/src/adapters/database/database-worker.ts',
  'sim/start': 'hardware-sim/src/start.ts',
  'sim/control': 'hardware-sim/src/control.ts',
  'sim/lab-guest': 'hardware-sim/lab/guest.ts',
  'sim/lab-lock': 'hardware-sim/lab/lock-program.ts',
  'sim/lab-contract': 'hardware-sim/lab/contract-program.ts',
};

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ENTRIES,
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  conditions: ['latchkey-source'],
  external: NATIVE,
  sourcemap: 'linked',
  logLevel: 'warning',
  // CommonJS packages inside an ES module bundle still call require for node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});

// Files that are served as they are.
cpSync('controller/src/adapters/lane-page', 'dist/controller/lane-page', { recursive: true });
await buildWeb({ configFile: 'gateway/web/vite.config.ts', logLevel: 'warn' });
await buildWeb({ configFile: 'gateway/web/vite.desk.config.ts', logLevel: 'warn' });
