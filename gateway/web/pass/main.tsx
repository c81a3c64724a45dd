// SPDX-License-Identifier: Apache-2.0
// Starts the student pass: what the phone keeps first, then the page, then the worker that makes it open without a network.
import { render } from 'preact';
import type { Language } from '../ui/language.ts';
import { Notice } from '../ui/notice.tsx';
import { createPassApp } from './model/app.ts';
import { openPassStore, type PassStore } from './model/store.ts';
import { Pass } from './shell.tsx';

const LANGUAGE = 'latchkey-language';

/** Some WebViews throw on the mere mention of storage. */
const savedLanguage = {
  get: () => quietly(() => localStorage.getItem(LANGUAGE)) ?? null,
  set: (language: Language) => quietly(() => localStorage.setItem(LANGUAGE, language)),
};

const SIGNED_IN = 'latchkey-signed-in';
const signedInHint = {
  get: () => quietly(() => localStorage.getItem(SIGNED_IN)) === 'yes',
  set: (signedIn: boolean) =>
    quietly(() => (signedIn ? localStorage.setItem(SIGNED_IN, 'yes') : localStorage.removeItem(SIGNED_IN))),
};

async function start(): Promise<void> {
  const root = document.getElementById('app');
  if (root === null) throw new Error('index.html has no #app');
  const store = await openPassStore(globalThis.indexedDB).catch(() => undefined);
  const app = createPassApp({
    store: store ?? NOTHING_KEPT,
    fetch: (input, init) => fetch(input, init),
    nowMs: () => Date.now(),
    preferredLanguages: navigator.languages,
    savedLanguage,
    signedInHint,
  });
  if (store === undefined) {
    const { title, why } = app.words.value.broken;
    render(
      <main class="page">
        <Notice tone="bad" title={title}>
          {why}
        </Notice>
      </main>,
      root,
    );
    return;
  }
  await app.phone.load();
  render(<Pass app={app} />, root);
  // Not before the page is there: a first visit is slow enough.
  if ('serviceWorker' in navigator) await navigator.serviceWorker.register('/pass/service-worker.js');
}

const NOTHING_KEPT: PassStore = { load: async () => ({}), save: async () => undefined, close: () => undefined };

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

void start();
