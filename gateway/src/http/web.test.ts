// SPDX-License-Identifier: Apache-2.0
// What of the web pages is served, how long it may be kept, and under which policy.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../app/logger.ts';
import { createServer } from './server.ts';
import type { ApiServices } from './services.ts';
import { findWebPages, readWebPages, type WebPages } from './web.ts';

const FILES = {
  'index.html': '<!doctype html><title>pass</title>',
  'service-worker.js': 'void 0;',
  'manifest.webmanifest': '{}',
  'assets/index-abc.js': 'void 0;',
  'secret.txt': 'not named by the build',
  'precache.json': JSON.stringify({
    version: '1',
    files: ['index.html', 'manifest.webmanifest', 'assets/index-abc.js'],
  }),
};
const NO_SERVICES = new Proxy({}, { get: () => ({}) }) as ApiServices;
const opened: FastifyInstance[] = [];
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'latchkey-web-'));
  mkdirSync(join(dir, 'dist/web/pass/assets'), { recursive: true });
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(dir, 'dist/web/pass', name), content);
});
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
  rmSync(dir, { recursive: true });
});

async function start(web: WebPages | undefined): Promise<FastifyInstance> {
  const app = await createServer({
    services: NO_SERVICES,
    token: { accepts: () => false },
    logger: createLogger('silent'),
    version: '0',
    monotonicMs: () => performance.now(),
    ...(web === undefined ? {} : { web }),
  });
  opened.push(app);
  return app;
}

describe('the web pages', () => {
  it('are found from a bundle in dist, from one in a folder below, and from the sources', () => {
    const root = join(dir, 'dist/web/pass');
    for (const program of ['dist/latchkey.mjs', 'dist/chunks/x.mjs', 'gateway/src/http/web.ts']) {
      expect(findWebPages(pathToFileURL(join(dir, program)))?.root).toBe(root);
    }
  });

  it('are open to anybody, hashed files for ever, the page and its worker never kept', async () => {
    const app = await start(readWebPages(join(dir, 'dist/web/pass')));
    const kept = async (url: string) => (await app.inject({ url })).headers['cache-control'];
    expect(await kept('/pass/')).toBe('no-store');
    expect(await kept('/pass/index.html')).toBe('no-store');
    expect(await kept('/pass/service-worker.js')).toBe('no-store');
    expect(await kept('/pass/manifest.webmanifest')).toBe('no-cache');
    expect(await kept('/pass/assets/index-abc.js')).toBe('public, max-age=31536000, immutable');
  });

  it('run no script of others and nothing inline, and are never framed', async () => {
    const app = await start(readWebPages(join(dir, 'dist/web/pass')));
    for (const url of ['/pass/', '/pass/service-worker.js']) {
      const policy = String((await app.inject({ url })).headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
    }
  });

  it('answer the addresses of their pages, and of nothing else', async () => {
    const app = await start(readWebPages(join(dir, 'dist/web/pass')));
    expect((await app.inject({ url: '/pass/cards' })).body).toContain('<title>pass</title>');
    for (const url of [
      '/pass/secret.txt',
      '/pass/assets/old.js',
      '/pass/..%2f..%2f..%2flatchkey.mjs',
      '/pass/precache.json',
    ]) {
      expect((await app.inject({ url })).statusCode, url).toBe(404);
    }
  });

  it('are where the bare address leads', async () => {
    const app = await start(readWebPages(join(dir, 'dist/web/pass')));
    expect((await app.inject({ url: '/' })).headers.location).toBe('/pass/');
    expect((await app.inject({ url: '/pass' })).headers.location).toBe('/pass/');
  });

  it('say how to build them where they are absent', async () => {
    const answer = await (await start(undefined)).inject({ url: '/pass/' });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'route-not-found', fix: expect.stringContaining('npm run build') });
  });
});
