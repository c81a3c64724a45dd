// SPDX-License-Identifier: Apache-2.0
// A desk without any manners: raw text over a socket to a library under test. What it sends and takes shares no code with the codec.
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { fieldOf } from '@latchkey/protocols/sip2/message';
import type { SipDate } from '@latchkey/protocols/sip2/sip-date';
import iconv from 'iconv-lite';
import { createCalendar } from './calendar.ts';
import type { Item, Patron } from './library-state.ts';
import { type LibraryOptions, type SimulatedLibrary, startSimulatedLibrary } from './simulated-library.ts';

export const DATE = '20261123    101500';
export const NO_DATE = ' '.repeat(18);
/** 2026-11-23 10:15 in Shanghai. */
export const NOW_MS = Date.parse('2026-11-23T02:15:00Z');

export const PATRONS: readonly Patron[] = [
  { number: 'P1', name: '李华', pin: '1234', group: 'Students' },
  { number: 'P2', name: '王芳' },
  { number: 'P3', name: '张三', conditions: ['chargeDenied'] },
  { number: 'P4', name: '赵六', expired: true },
];
export const ITEMS: readonly Item[] = [
  { barcode: 'B1', title: '平凡的世界', location: 'main', sortBin: '3', callNumber: 'I247/12' },
  { barcode: 'B2', title: '红楼梦' },
  { barcode: 'B3', title: 'Dictionary', forReferenceOnly: true },
  { barcode: 'B4', title: '电影|光盘', feeCents: 250, mediaType: '006' },
  { barcode: 'B5', title: 'On order', status: '02' },
  { barcode: 'B6', title: '三体' },
];

export interface TestLibrary extends SimulatedLibrary {
  readonly clock: { nowMs: number };
}

/** A small library that stands still at `NOW_MS`, in English. */
export async function startTestLibrary(options: LibraryOptions = {}): Promise<TestLibrary> {
  const clock = { nowMs: NOW_MS };
  const library = await startSimulatedLibrary({
    patrons: PATRONS,
    items: ITEMS,
    clock: { now: () => clock.nowMs },
    ...options,
    policies: { language: 'en', ...options.policies },
  });
  return Object.assign(library, { clock });
}

export interface RawDesk {
  /** One line; resolves with the next answer, without its line end. Rejects when the connection ends, or after a second. */
  ask(text: string): Promise<string>;
  send(bytes: string | Uint8Array): void;
  next(withinMs?: number): Promise<string>;
  /** Resolves once the connection has ended. */
  ended(): Promise<void>;
  /** Everything that came, as it came. */
  bytes(): Buffer;
  close(): void;
}

const ANSWER_WITHIN_MS = 5_000;

export async function openRawDesk(port: number, charset = 'utf-8', tls?: ConnectionOptions): Promise<RawDesk> {
  const socket: Socket = tls ? connectTls({ port, host: '127.0.0.1', ...tls }) : connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => socket.once(tls ? 'secureConnect' : 'connect', resolve).once('error', reject));
  let all = Buffer.alloc(0);
  let at = 0;
  let isOver = false;
  const watchers = new Set<() => void>();
  const wake = () => {
    for (const watcher of watchers) watcher();
  };
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    all = Buffer.concat([all, chunk]);
    wake();
  });
  socket.on('close', () => {
    isOver = true;
    wake();
  });
  const until = <T>(look: () => T | undefined, withinMs: number) =>
    new Promise<T>((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        watchers.delete(watcher);
      };
      const watcher = () => {
        const found = look();
        if (found === undefined && !isOver) return;
        stop();
        if (found === undefined) reject(new Error('the connection ended'));
        else resolve(found);
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error('no answer'));
      }, withinMs);
      watchers.add(watcher);
      watcher();
    });
  const line = (): string | undefined => {
    while (all[at] === 0x0a) at += 1;
    const end = all.indexOf(0x0d, at);
    if (end < 0) return undefined;
    const text = iconv.decode(all.subarray(at, end), charset);
    at = end + 1;
    return text;
  };
  const send = (bytes: string | Uint8Array) =>
    void socket.write(typeof bytes === 'string' ? iconv.encode(bytes, charset) : bytes);
  const next = (withinMs = ANSWER_WITHIN_MS) => until(line, withinMs);
  return {
    send,
    next,
    ask(text) {
      send(`${text}\r`);
      return next();
    },
    async ended() {
      await until(() => (isOver ? true : undefined), ANSWER_WITHIN_MS);
    },
    bytes: () => all,
    close: () => void socket.destroy(),
  };
}

/** The standard's own rule, written once more. */
export function withTail(text: string, sequence: number | undefined, charset = 'utf-8'): string {
  const summed = `${text}${sequence === undefined ? '' : `AY${sequence}`}AZ`;
  const sum = iconv.encode(summed, charset).reduce((total, byte) => total + byte, 0);
  return `${summed}${(-sum & 0xffff).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Whether a line's own sum holds. */
export const isSumRight = (line: string, charset = 'utf-8'): boolean => {
  const sum = iconv.encode(line.slice(0, -4), charset).reduce((total, byte) => total + byte, 0);
  return ((sum + Number.parseInt(line.slice(-4), 16)) & 0xffff) === 0;
};

/** What came in with no block, in order: what desks did while the library was away, as they tell it. */
export function toldAsStored({ received, policy }: Pick<SimulatedLibrary, 'received' | 'policy'>) {
  const calendar = createCalendar(policy.timeZone);
  return received.flatMap(({ message }) => {
    if (!message || !(message.code === '11' || message.code === '09') || message.fixed.noBlock !== true) return [];
    const ms = (date: SipDate | null) => date && calendar.instantOf(date);
    return [
      {
        code: message.code,
        item: fieldOf(message, 'AB'),
        patron: fieldOf(message, 'AA'),
        atMs: ms(message.fixed.transactionDate),
        dueMs: message.code === '11' ? ms(message.fixed.noBlockDueDate) : null,
        returnMs: message.code === '09' ? ms(message.fixed.returnDate) : null,
      },
    ];
  });
}
