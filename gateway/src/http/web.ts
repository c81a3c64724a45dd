// SPDX-License-Identifier: Apache-2.0
// Serves the built web pages (gateway/web) from the gateway itself: only files the build names, hashed ones for ever, the rest
// asked for anew, under a policy that runs no script but these (DESIGN 8). Public: who is not signed in must reach the way in.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import staticFiles from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { refuse } from './errors.ts';

export interface WebPages {
  /** Directory of the built student pass. */
  readonly root: string;
  readonly files: ReadonlySet<string>;
}

const MANIFEST = 'precache.json';
const INDEX = 'index.html';
const WORKER = 'service-worker.js';
const HASHED = /^assets\//;

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'permissions-policy':
    'camera=(self), screen-wake-lock=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), geolocation=(), microphone=(), payment=()',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Looks beside the running program and above it, so that sources and bundles find the same build. */
export function findWebPages(from: string | URL): WebPages | undefined {
  let dir = dirname(fileURLToPath(from));
  for (;;) {
    for (const root of [join(dir, 'web/pass'), join(dir, 'dist/web/pass')]) {
      if (existsSync(join(root, MANIFEST))) return readWebPages(root);
    }
    if (dirname(dir) === dir) return undefined;
    dir = dirname(dir);
  }
}

export function readWebPages(root: string): WebPages {
  const { files } = JSON.parse(readFileSync(join(root, MANIFEST), 'utf8')) as { files: string[] };
  return { root, files: new Set([...files, WORKER]) };
}

const ANYBODY = { config: { public: true }, schema: { hide: true } } as const;

export async function serveWeb(app: FastifyInstance, pages: WebPages | undefined): Promise<void> {
  app.get('/', ANYBODY, (_request, reply) => reply.redirect('/pass/'));
  app.get('/pass', ANYBODY, (_request, reply) => reply.redirect('/pass/'));
  if (pages === undefined) {
    app.get('/pass/*', ANYBODY, () => refuse('route-not-found', { fix: 'build the web pages: npm run build' }));
    return;
  }
  await app.register(staticFiles, { root: pages.root, serve: false });
  app.get<{ Params: { '*': string } }>('/pass/*', ANYBODY, (request, reply) => {
    const name = fileOf(pages, request.params['*']);
    return name === undefined ? refuse('route-not-found') : send(reply, name);
  });
}

/** Addresses of pages have no ending: the page itself knows them. */
function fileOf({ files }: WebPages, path: string): string | undefined {
  if (files.has(path)) return path;
  return /\.[^/]*$/.test(path) ? undefined : INDEX;
}

function send(reply: FastifyReply, name: string): FastifyReply {
  const kept = HASHED.test(name)
    ? 'public, max-age=31536000, immutable'
    : name === INDEX || name === WORKER
      ? 'no-store'
      : 'no-cache';
  return reply.headers({ ...HEADERS, 'cache-control': kept }).sendFile(name, { cacheControl: false });
}
