// SPDX-License-Identifier: Apache-2.0
// What the pass may weigh (issue 3): script up to the first code at most 60 kB as sent, styles 10 kB, nothing from elsewhere.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findWebPages } from './web.ts';

const SCRIPT_BYTES = 60_000;
const STYLE_BYTES = 10_000;
const pages = findWebPages(import.meta.url);
const read = (name: string): string => readFileSync(join(pages?.root ?? '', name), 'utf8');
const sent = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0);
const named = (pattern: RegExp): string[] => [...read('index.html').matchAll(pattern)].map(([, name]) => `${name}`);

describe('the built pass', () => {
  it('was built: npm run build', () => expect(pages).toBeDefined());

  it('sends at most 60 kB of script until the first code is on screen, and 10 kB of style', () => {
    const scripts = named(/src="\/pass\/([^"]+\.js)"/g);
    const preloaded = named(/rel="modulepreload"[^>]*href="\/pass\/([^"]+\.js)"/g);
    const styles = named(/rel="stylesheet"[^>]*href="\/pass\/([^"]+\.css)"/g);
    expect(scripts).toHaveLength(1);
    const script = sent([...scripts, ...preloaded, 'service-worker.js']);
    const style = sent(styles);
    process.stdout.write(`student pass: ${script} bytes of script, ${style} of style (gzip)\n`);
    expect(script).toBeLessThanOrEqual(SCRIPT_BYTES);
    expect(style).toBeGreaterThan(0);
    expect(style).toBeLessThanOrEqual(STYLE_BYTES);
  });

  it('fetches passkeys only when asked for one', () => {
    const lazy = [...(pages?.files ?? [])].filter((name) => /passkey.*[.]js$/.test(name));
    expect(lazy).toHaveLength(1);
    expect(read('index.html')).not.toContain(lazy[0]);
  });

  it('holds no inline script or style, nor the schemas of the API', () => {
    const page = read('index.html');
    expect(page).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=/);
    for (const name of pages?.files ?? []) {
      if (name.endsWith('.js')) expect(read(name), name).not.toContain('ZodError');
    }
  });
});
