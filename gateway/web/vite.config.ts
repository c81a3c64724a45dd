// SPDX-License-Identifier: Apache-2.0
// Builds the student pass into dist/web/pass: hashed files, no inline script (the gateway's CSP forbids it), a service worker
// that knows every file by name. `LATCHKEY_WEB_OUT` puts it elsewhere.
import { fileURLToPath } from 'node:url';
import { preact } from '@preact/preset-vite';
import { defineConfig } from 'vite';
import { precache } from './precache-plugin.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('pass'),
  base: '/pass/',
  publicDir: here('pass/public'),
  resolve: { conditions: ['latchkey-source', 'module', 'browser', 'import', 'default'] },
  plugins: [preact({ devToolsEnabled: false }), precache(here('pass/worker/service-worker.ts'))],
  build: {
    outDir: process.env['LATCHKEY_WEB_OUT'] ?? here('../../dist/web/pass'),
    emptyOutDir: true,
    // What in-app WebViews of the last five years run; BigInt and WebCrypto are needed anyway.
    target: ['chrome87', 'safari15'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
});
