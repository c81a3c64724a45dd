// SPDX-License-Identifier: Apache-2.0
// A device that comes and goes is opened again for ever, with pauses and without a flood of lines in the log.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReopening, type ReopeningParts } from './reopening.ts';
import { systemClock } from './system-clock.ts';

describe('a device that is kept open', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function start(open: ReopeningParts['open']) {
    const told: string[] = [];
    const device = createReopening({
      clock: systemClock,
      random: { unit: () => 0.5 },
      open,
      onOpen: () => told.push('open'),
      onEnd: () => told.push('end'),
      onFailed: (reason) => told.push(reason),
    });
    return { told, device };
  }

  it('is tried at least every two seconds, and a reason is told once', async () => {
    let tries = 0;
    const { told, device } = start(async () => {
      tries += 1;
      throw new Error(tries < 10 ? 'no such file' : 'busy');
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tries).toBeGreaterThan(30);
    expect(told).toEqual(['no such file', 'busy']);
    await device.close();
  });

  it('is opened again when it ends, and each end is told once', async () => {
    const ends: (() => void)[] = [];
    const { told, device } = start(async (onEnd) => {
      ends.push(onEnd);
      return async () => undefined;
    });
    await vi.advanceTimersByTimeAsync(0);
    ends[0]?.();
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual(['open', 'end', 'open']);
    await device.close();
  });

  it('that ends before it is open was not open', async () => {
    const { told, device } = start(async (onEnd) => {
      onEnd();
      return async () => undefined;
    });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toEqual(['it ended as soon as it was open']);
    await device.close();
  });

  it('is closed even when it opens while it is being closed, and nothing more is told', async () => {
    let opened: (close: () => Promise<void>) => void = () => undefined;
    let closed = false;
    const { told, device } = start(async () => new Promise((resolve) => (opened = resolve)));
    const closing = device.close();
    opened(async () => void (closed = true));
    await closing;
    expect([closed, told]).toEqual([true, []]);
  });
});
