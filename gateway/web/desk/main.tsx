// SPDX-License-Identifier: Apache-2.0
// Starts the desk's page: the line to its controller, sound, and the screen.
import { render } from 'preact';
import { createDeskActions } from './model/actions.ts';
import { createDeskApp } from './model/app.ts';
import { createConnection } from './model/connection.ts';
import { createSoundPlayer } from './model/sounds.ts';
import { Desk } from './shell.tsx';

const TICK_MS = 500;

/** A kiosk may forbid storage; the page works without. */
const kept = {
  get: (name: string) => quietly(() => localStorage.getItem(`latchkey-desk-${name}`)) ?? null,
  set: (name: string, value: string) => quietly(() => localStorage.setItem(`latchkey-desk-${name}`, value)),
};

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}

function start(): void {
  const root = document.getElementById('app');
  if (root === null) throw new Error('index.html has no #app');
  const app = createDeskApp({
    actions: createDeskActions({ fetch: (input, init) => fetch(input, init), timeout }),
    player: createSoundPlayer(() => quietly(() => new AudioContext())),
    kept,
    preferredLanguages: navigator.languages,
    clockMs: () => Date.now(),
  });
  const connection = createConnection({
    fetch: (input, init) => fetch(input, init),
    after,
    onState: (state) => app.onState(state),
    onLine: (line) => app.onLine(line),
  });
  setInterval(() => app.tick(), TICK_MS);
  render(<Desk app={app} />, root);
  connection.open();
}

function timeout(ms: number): AbortSignal {
  const aborter = new AbortController();
  setTimeout(() => aborter.abort(), ms);
  return aborter.signal;
}

start();
