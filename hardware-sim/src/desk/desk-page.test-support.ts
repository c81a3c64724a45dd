// SPDX-License-Identifier: Apache-2.0
// The desk's own server and built page over a counter made up in memory: every state of the page can be set, and every snapshot is
// held to the contract (protocols/api/desk).
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readDeskPage } from '@latchkey/controller/adapters/desk-page';
import { DeskServer } from '@latchkey/controller/adapters/desk-server';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import {
  type DeskAction,
  type DeskAnswer,
  type DeskConflict,
  type DeskItem,
  type DeskPatron,
  type DeskReceipt,
  type DeskState,
  deskReceipt,
  deskState,
} from '@latchkey/protocols/api/desk';
import type { Browser, BrowserContext, Page } from 'playwright-core';

export const TOKEN = 'station-of-this-test';
const HOUR_MS = 3_600_000;
const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Into a folder of its own: whatever else is built stays as it is. */
export async function buildDeskPage(): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-desk-page-'));
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', '-c', 'gateway/web/vite.desk.config.ts'], {
    cwd: REPOSITORY,
    env: { ...process.env, LATCHKEY_DESK_OUT: folder, NODE_ENV: 'production' },
  });
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface FakeDesk {
  readonly url: string;
  readonly acted: DeskAction[];
  state: DeskState;
  receipt: DeskReceipt;
  answer: DeskAnswer;
  /** Changes the snapshot and sends it. */
  show(change: Partial<DeskState>): void;
  /** The program is gone, and back at the same place. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeDesk(folder: string): Promise<FakeDesk> {
  const files = await readDeskPage(folder);
  const fake = {
    acted: [] as DeskAction[],
    state: firstState(),
    receipt: {
      library: '大学图书馆',
      desk: '一号台',
      at: Date.now(),
      timeZone: 'Asia/Shanghai',
      ending: null,
      items: [],
      lines: [],
    },
    answer: { ok: true } as DeskAnswer,
  };
  const launch = (port: number) =>
    DeskServer.start({
      port,
      files,
      token: TOKEN,
      clock: systemClock,
      act: async (action) => {
        fake.acted.push(action);
        return fake.answer;
      },
      opened: () => undefined,
      view: () => deskState.parse({ ...fake.state, now: Date.now() }),
      receipt: () => deskReceipt.parse(fake.receipt),
      exported: (format) => `as ${format}`,
    });
  let server = await launch(0);
  const { port } = server;
  return Object.assign(fake, {
    url: `http://127.0.0.1:${port}`,
    show(change: Partial<DeskState>) {
      fake.state = { ...fake.state, ...change, seq: fake.state.seq + 1, now: Date.now() };
      server.show(deskState.parse(fake.state));
    },
    stop: () => server.close(),
    async start() {
      server = await launch(port);
    },
    close: () => server.close(),
  });
}

export const firstState = (): DeskState => ({
  seq: 1,
  now: Date.now(),
  desk: { name: '一号台', mode: 'staffed', taking: 'loans', timeZone: 'Asia/Shanghai' },
  library: { state: 'up', since: Date.now() - HOUR_MS, name: '大学图书馆', takesStored: true },
  list: {
    version: 12,
    issuedAt: Date.now() - 3 * HOUR_MS - 60_000,
    refreshBy: Date.now() + HOUR_MS,
    hardExpiry: Date.now() + 48 * HOUR_MS,
    borrowers: 4230,
  },
  uploads: { pending: 0, conflicts: 0, lastAt: null, exported: null },
  patron: null,
  items: [],
  prompt: null,
  sound: null,
  notice: null,
  idle: null,
  conflicts: [],
});

export const patronOf = (change: Partial<DeskPatron> = {}): DeskPatron => ({
  session: 's1',
  name: '李华',
  number: '2026000123',
  ending: '0123',
  group: '本科生',
  source: 'library',
  blocks: [],
  mayBorrow: true,
  charged: { count: 3, limit: 10 },
  overdue: { count: 0, limit: 5 },
  holds: { count: 1, limit: 3 },
  fines: 0,
  fees: null,
  holdsWaiting: [],
  message: null,
  ...change,
});

export const itemOf = (id: string, change: Partial<DeskItem> = {}): DeskItem => ({
  id,
  at: Date.now(),
  act: 'loan',
  item: `TP312/${id}`,
  title: '红楼梦',
  colour: 'green',
  message: 'lent',
  detail: null,
  due: { text: '2026-12-24', at: Date.UTC(2026, 11, 24, 12) },
  fee: null,
  sortBin: null,
  holdFor: null,
  pending: false,
  ...change,
});

export const conflictOf = (id: string, change: Partial<DeskConflict> = {}): DeskConflict => ({
  id,
  number: 41,
  act: 'loan',
  item: 'TP312/7',
  patron: '2026000123',
  at: Date.now() - 5 * HOUR_MS,
  due: Date.now() + 30 * 24 * HOUR_MS,
  refusedAt: Date.now() - HOUR_MS,
  detail: '该书已借出',
  holder: 'another-patron',
  holderNumber: '2025000777',
  holderSince: Date.now() - 4 * HOUR_MS,
  holderDue: '2026-12-20',
  suggested: 'settled',
  ...change,
});

export interface DeskVisit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts and policies, and requests to anywhere else than the desk. */
  readonly faults: string[];
}

export interface DeskLook {
  readonly language?: 'zh-CN' | 'en';
  readonly dark?: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly touch?: boolean;
}

/** Opens the station's link in a browser that counts what is sounded. */
export async function visitDesk(browser: Browser, url: string, look: DeskLook = {}): Promise<DeskVisit> {
  const { language = 'zh-CN', dark = false, width = 1280, height = 860, touch = false } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    locale: language,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    hasTouch: touch,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Uncaught/i.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(`request to ${request.url()}`);
  });
  await page.addInitScript(WATCH_SOUND_AND_PRINT);
  await page.goto(`${url}/open?station=${TOKEN}`);
  return { context, page, faults };
}

/** Tones as they are started, by frequency; prints as they are asked for. */
const WATCH_SOUND_AND_PRINT = `
  window.tones = []; window.prints = 0;
  window.print = () => { window.prints += 1; };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...given) {
    window.tones.push(Math.round(this.frequency.value));
    return start.apply(this, given);
  };
`;
export const tonesOf = (page: Page): Promise<number[]> => page.evaluate('tones.splice(0)');

export const focusOf = (page: Page): Promise<string> =>
  page.evaluate('document.activeElement.name || document.activeElement.tagName');

/** As a keyboard-wedge scanner does: fast, and Enter at the end, whatever has the focus. */
export async function scan(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** The keys carry the times of a scanner, however slow the machine is that runs the test. */
export async function scanAtSpeed(page: Page, text: string, gapMs: number): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const startMs = Date.now() + 1_000;
  const keys = Array.from(text, (key) => ({ key, text: key, code: '' }));
  for (const [at, key] of [...keys, { key: 'Enter', text: '\r', code: 'Enter' }].entries()) {
    const timestamp = (startMs + at * gapMs) / 1000;
    await client.send('Input.dispatchKeyEvent', { type: 'keyDown', ...key, timestamp });
    await client.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key, timestamp });
  }
  await client.detach();
}
