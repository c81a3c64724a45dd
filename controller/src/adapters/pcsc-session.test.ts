// SPDX-License-Identifier: Apache-2.0
// What a session makes of nfc-pcsc's events that virtual readers cannot bring about: unplugging, and calls that hang.
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FromPcscProcess } from './pcsc-messages.ts';
import { runPcscSession, uidOf } from './pcsc-session.ts';

/** A reader whose calls end when the test says so. */
class FakeReader extends EventEmitter {
  readonly name: string;
  readonly reader = Object.assign(new EventEmitter(), {
    connected: false,
    SCARD_LEAVE_CARD: 0,
    disconnect: (_: number, done: () => void) => {
      this.calls.push('native disconnect');
      this.reader.connected = false;
      done();
    },
  });
  readonly calls: string[] = [];
  connection: object | null = null;
  autoProcessing = true;
  transmit = async (): Promise<Buffer> => Buffer.from('04a1b2c3d4e5809000', 'hex');

  constructor(name: string) {
    super();
    this.name = name;
  }

  async connect(): Promise<void> {
    this.calls.push('connect');
  }

  async disconnect(): Promise<void> {
    this.calls.push('disconnect');
  }
}

const settle = async () => vi.advanceTimersByTimeAsync(0);

describe('a session of nfc-pcsc', () => {
  let nfc: EventEmitter;
  let posted: FromPcscProcess[];
  const plug = (name: string) => {
    const reader = new FakeReader(name);
    nfc.emit('reader', reader);
    return reader;
  };
  const kinds = () => posted.map((message) => ('name' in message ? `${message.kind} ${message.name}` : message.kind));

  beforeEach(() => {
    vi.useFakeTimers();
    nfc = new EventEmitter();
    posted = [];
    runPcscSession({ nfc, post: (message) => posted.push(message), now: () => performance.now() });
  });
  afterEach(() => vi.useRealTimers());

  it('tells of a reader that is unplugged and plugged in again', () => {
    plug('A').emit('end');
    plug('A');
    expect(kinds()).toEqual(['reader A', 'reader-gone A', 'reader A']);
  });

  it('marks a card that lay there before the reader was found, and only that one', async () => {
    const reader = plug('A');
    reader.reader.emit('status', {});
    reader.emit('card', {});
    await settle();
    reader.emit('card.off');
    reader.reader.emit('status', {});
    reader.reader.emit('status', {});
    reader.emit('card', {});
    await settle();
    expect(posted.flatMap((message) => (message.kind === 'card' ? [message.initial] : []))).toEqual([true, false]);
  });

  it('tells that a card left after what was read from it', async () => {
    const reader = plug('A');
    reader.emit('card', {});
    reader.emit('card.off');
    await settle();
    expect(kinds()).toEqual(['reader A', 'card A', 'removed A']);
  });

  it('ends a connection whose card left before it was made, before it makes the next', async () => {
    const reader = plug('A');
    reader.reader.connected = true;
    await reader.connect();
    expect(reader.calls).toEqual(['native disconnect', 'connect']);
  });

  it('takes a reader for lost while its call hangs, and the session when all of them hang', async () => {
    const [a, b] = [plug('A'), plug('B')];
    let answer: (response: Buffer) => void = () => undefined;
    a.transmit = async () => new Promise((resolve) => (answer = resolve));
    b.transmit = async () => new Promise(() => undefined);
    a.emit('card', {});
    await vi.advanceTimersByTimeAsync(8_000);
    expect(kinds().slice(2)).toEqual(['unreadable A', 'reader-gone A']);
    b.emit('card', {});
    await vi.advanceTimersByTimeAsync(8_000);
    expect(kinds().slice(4)).toEqual(['unreadable B', 'failed']);
    answer(Buffer.alloc(0));
    await settle();
    expect(kinds().at(-1)).toBe('reader A');
  });

  it('is over when a reader reports an error, which unplugging is not', () => {
    plug('A').emit('error', new Error('RPC transport error'));
    expect(posted.at(-1)).toEqual({ kind: 'failed', detail: 'A: RPC transport error' });
  });
});

describe('the answer to GET DATA', () => {
  it.each([
    ['04a1b2c39000', true, undefined],
    ['', false, 'no-uid'],
    ['90', false, 'no-uid'],
    ['6a81', false, 'no-uid'],
    ['9000', false, 'not-a-campus-card'],
    ['01020304050607089000', false, 'not-a-campus-card'],
    ['080102039000', false, 'random-uid'],
  ])('%s', (hex, ok, code) => {
    expect(uidOf(Buffer.from(hex, 'hex'))).toMatchObject(code === undefined ? { ok } : { ok, code });
  });

  it('puts no card data into what it tells', () => {
    const told = uidOf(Buffer.from('0801f2f39000', 'hex'));
    expect(told.ok ? '' : told.detail).not.toMatch(/f2|242/i);
  });
});
