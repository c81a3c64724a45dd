// SPDX-License-Identifier: Apache-2.0
// A record before the relay, but never a door that waits for a disk (DESIGN 1.2).
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../adapters/system-clock.ts';
import { SILENT } from './log.ts';
import { createRecorder } from './recorder.ts';

const event = (at: number): JournalEvent => ({ type: 'stopped', at, clock: 'free', boot: '00'.repeat(8) });
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function bench(append: (given: JournalEvent) => Promise<{ seq: number }>) {
  const stalls: boolean[] = [];
  const recorder = createRecorder({
    journal: { append },
    clock: systemClock,
    log: SILENT,
    onStalled: (stalled) => stalls.push(stalled),
    onDurable: () => undefined,
  });
  return { recorder, stalls };
}

it('resolves as durable when the disk answers in time, without an alarm', async () => {
  const { recorder, stalls } = bench(() => new Promise((resolve) => setTimeout(() => resolve({ seq: 1 }), 49)));
  const outcome = recorder.record(event(1));
  await vi.advanceTimersByTimeAsync(49);
  expect(await outcome).toBe('durable');
  expect(stalls).toEqual([]);
});

it('lets go after 50 ms of a stalled disk, with an alarm that ends when the disk is back', async () => {
  let answer = (_value: { seq: number }): void => undefined;
  const { recorder, stalls } = bench(() => new Promise((resolve) => (answer = resolve)));
  let outcome = '';
  void recorder.record(event(1)).then((given) => (outcome = given));
  await vi.advanceTimersByTimeAsync(49);
  expect(outcome).toBe('');
  await vi.advanceTimersByTimeAsync(1);
  expect(outcome).toBe('stalled');
  expect(stalls).toEqual([true]);
  answer({ seq: 1 });
  await vi.advanceTimersByTimeAsync(0);
  expect(stalls).toEqual([true, false]);
});

it('tells a refusal at once and writes the event when the disk takes it again, in order', async () => {
  let full = true;
  const written: number[] = [];
  const { recorder } = bench(async (given) => {
    if (full) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
    written.push(given.at);
    return { seq: written.length };
  });
  expect(await recorder.record(event(1))).toBe('failed');
  expect(await recorder.record(event(2))).toBe('failed');
  expect(recorder.waiting()).toBe(2);
  full = false;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(written).toEqual([1, 2]);
  expect(recorder.waiting()).toBe(0);
});

it('tries once more at the end, and counts what is lost', async () => {
  let full = true;
  const written: number[] = [];
  const errors: object[] = [];
  const recorder = createRecorder({
    journal: {
      async append(given) {
        if (full || given.at === 2) throw new Error('full');
        written.push(given.at);
        return { seq: written.length };
      },
    },
    clock: systemClock,
    log: { ...SILENT, error: (fields: object) => void errors.push(fields) },
    onStalled: () => undefined,
    onDurable: () => undefined,
  });
  for (const at of [1, 2, 3]) await recorder.record(event(at));
  full = false;
  await recorder.close();
  expect(written).toEqual([1, 3]);
  expect(errors).toEqual([{ lost: 1 }]);
});
