// SPDX-License-Identifier: Apache-2.0
// The queue of one connection: in order, one at a time, bounded.
import { describe, expect, it } from 'vitest';
import { createSendQueue } from './mqtt-publisher.ts';

function bench(maxBytes = 100) {
  const written: string[] = [];
  const release: ((error?: Error) => void)[] = [];
  let overflows = 0;
  const queue = createSendQueue({
    write: (topic) => {
      written.push(topic);
      return new Promise((resolve, reject) => release.push((error) => (error ? reject(error) : resolve())));
    },
    overflow: () => {
      overflows += 1;
    },
    maxBytes,
    maxMessages: 5,
  });
  return { written, release, queue, overflows: () => overflows };
}
const bytes = (length: number) => new Uint8Array(length);

describe('send queue', () => {
  it('hands on one message at a time, in order', async () => {
    const { queue, written, release } = bench();
    const sent = [queue.send('a', bytes(1)), queue.send('b', bytes(1)), queue.send('c', bytes(1))];
    expect(written).toEqual(['a']);
    release[0]?.();
    expect(await sent[0]).toBe(true);
    expect(written).toEqual(['a', 'b']);
    release[1]?.();
    await sent[1];
    release[2]?.();
    expect(await Promise.all(sent)).toEqual([true, true, true]);
  });
  it('who does not read is cut off, and everything that waited is answered', async () => {
    const { queue, overflows } = bench();
    void queue.send('a', bytes(90));
    const waiting = queue.send('b', bytes(90));
    expect(await queue.send('c', bytes(20))).toBe(false);
    expect(await waiting).toBe(false);
    expect(overflows()).toBe(1);
    expect(await queue.send('d', bytes(1))).toBe(false);
    expect(overflows()).toBe(1);
  });
  it('bounds the number of messages as well', async () => {
    const { queue, overflows } = bench();
    for (let index = 0; index < 6; index += 1) void queue.send('a', bytes(0));
    expect(await queue.send('last', bytes(0))).toBe(false);
    expect(overflows()).toBe(1);
  });
  it('after a failed write nothing is sent any more', async () => {
    const { queue, release, written } = bench();
    const first = queue.send('a', bytes(1));
    const second = queue.send('b', bytes(1));
    release[0]?.(new Error('gone'));
    expect([await first, await second]).toEqual([false, false]);
    expect(written).toEqual(['a']);
  });
});
