// SPDX-License-Identifier: Apache-2.0
// Keeps the pass's own files so that it opens without a network. The API is never answered from here: what must be known
// off-line the page keeps in IndexedDB itself. A new version fetches everything first and takes over once every page is closed,
// so that no page ever runs with files of two versions.

declare const __VERSION__: string;
declare const __FILES__: readonly string[];

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface WorkerScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  addEventListener(name: 'install' | 'activate', handler: (event: Extendable) => void): void;
  addEventListener(name: 'fetch', handler: (event: Fetching) => void): void;
}

const worker = globalThis as unknown as WorkerScope;
const PREFIX = 'latchkey-pass-';
const CACHE = `${PREFIX}${__VERSION__}`;
const home = worker.registration.scope;
const INDEX = 'index.html';
const kept = new Map(__FILES__.map((name) => [new URL(name, home).href, name]));

worker.addEventListener('install', (event) => {
  event.waitUntil(install());
});
worker.addEventListener('activate', (event) => {
  event.waitUntil(activate());
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(home)) return;
  const url = new URL(request.url);
  const name = request.mode === 'navigate' ? INDEX : kept.get(url.origin + url.pathname);
  if (name !== undefined) event.respondWith(answer(request, name));
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all(
    __FILES__.map(async (name) => {
      const response = await fetch(new URL(name, home), { cache: 'no-cache' });
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
      await cache.put(new URL(name, home), response);
    }),
  );
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

/** A browser may have emptied the cache of a worker it kept: then the network. */
async function answer(request: Request, name: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(new URL(name, home))) ?? fetch(request);
}
