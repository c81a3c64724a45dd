// SPDX-License-Identifier: Apache-2.0
// How the page's line to its controller stands: never live without a sign of life, made anew by itself.
import type { DeskState } from '@latchkey/protocols/api/desk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConnection, type LineState } from './connection.ts';

let lines: LineState[];
let states: DeskState[];
let asked: number;
let send: ((text: string) => void) | undefined;
let answer: (signal: AbortSignal) => Promise<Response>;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  states = [];
  asked = 0;
  answer = async (signal) => stream(signal);
});
afterEach(() => vi.useRealTimers());

function stream(signal: AbortSignal): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      send = (text) => controller.enqueue(new TextEncoder().encode(text));
      signal.addEventListener('abort', () => controller.error(new Error('aborted')));
    },
  });
  return new Response(body, { status: 200 });
}

function open() {
  const connection = createConnection({
    fetch: (_, { signal }) => {
      asked += 1;
      return answer(signal as AbortSignal);
    },
    after: (ms, then) => {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
    onState: (state) => states.push(state),
    onLine: (line) => lines.push(line),
  });
  connection.open();
  return connection;
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('the line to the controller', () => {
  it('is live with the first snapshot, not before', async () => {
    open();
    await pass(10);
    expect(lines).toEqual([]);
    send?.('event: state\ndata: {"seq":3}\n\n');
    await pass(10);
    expect(lines).toEqual(['live']);
    expect(states).toEqual([{ seq: 3 }]);
  });

  it('stays live while it beats, and is lost after silence', async () => {
    open();
    await pass(10);
    send?.('event: state\ndata: {"seq":3}\n\n');
    for (let round = 0; round < 5; round += 1) {
      await pass(20_000);
      send?.(': beat\n\n');
    }
    expect(lines).toEqual(['live']);
    await pass(25_100);
    expect(lines).toEqual(['live', 'lost']);
    await pass(600);
    expect(asked).toBe(2);
  });

  it('is lost at once when the controller is gone, and asked for again: soon, then every five seconds', async () => {
    answer = () => Promise.reject(new Error('refused'));
    open();
    await pass(60_000);
    expect(new Set(lines)).toEqual(new Set(['lost']));
    expect(asked).toBeGreaterThan(12);
    expect(asked).toBeLessThan(18);
  });

  it('says that this is not the station, and goes on asking', async () => {
    answer = async () => new Response('{}', { status: 401 });
    open();
    await pass(10);
    expect(lines).toEqual(['not-opened']);
    answer = async (signal) => stream(signal);
    await pass(600);
    send?.('event: state\ndata: {"seq":1}\n\n');
    await pass(10);
    expect(lines.at(-1)).toBe('live');
  });

  it('ends when closed', async () => {
    const connection = open();
    await pass(10);
    connection.close();
    await pass(60_000);
    expect(asked).toBe(1);
    expect(lines).toEqual([]);
  });
});
