// SPDX-License-Identifier: Apache-2.0
// Builds the library desk's page into dist/web/desk, which the desk's controller serves: hashed files, no inline script or style.
// `LATCHKEY_DESK_OUT` puts it elsewhere.
import { fileURLToPath } from 'node:url';
import { preact } from '@preact/preset-vite';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('desk'),
  base: '/desk/',
  publicDir: here('desk/public'),
  resolve: { conditions: ['latchkey-source', 'module', 'browser', 'import', 'default'] },
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    outDir: process.env['LATCHKEY_DESK_OUT'] ?? here('../../dist/web/desk'),
    emptyOutDir: true,
    // The last Chromium for Windows 7, which stands on many a counter.
    target: ['chrome109', 'firefox115', 'safari15'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
});
