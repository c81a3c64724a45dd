// SPDX-License-Identifier: Apache-2.0
// At least once, in order, nothing left behind: whatever the link loses is sent again until the gateway has it (DESIGN 6).
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import { eventBatch } from '@latchkey/protocols/mqtt/messages';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../adapters/system-clock.ts';
import { SILENT } from './log.ts';
import { createUploader } from './uploader.ts';

const EPOCH = 'aa'.repeat(8);
const event = (at: number): JournalEvent => ({ type: 'stopped', at, clock: 'free', boot: '00'.repeat(8) });

function bench() {
  const state = { epoch: EPOCH, events: [] as JournalEvent[], acked: 0, up: true };
  const sent: { epoch: string; first: number; count: number; last: number }[] = [];
  const kept: number[] = [];
  const uploader = createUploader({
    clock: systemClock,
    log: SILENT,
    journal: {
      read: async (from, limit) =>
        state.events.slice(from - 1, from - 1 + limit).map((each, index) => ({ seq: from + index, event: each })),
      async acknowledge(upTo) {
        kept.push(upTo);
        state.acked = Math.max(state.acked, upTo);
      },
      status: async () => ({
        epoch: state.epoch,
        nextSeq: state.events.length + 1,
        ackedSeq: state.acked,
        stored: state.events.length,
        pending: state.events.length - state.acked,
        freeBytes: 1,
      }),
    },
    link: {
      async publish(_kind, payload) {
        if (!state.up) throw new Error('down');
        const opened = decodeEnvelope(payload);
        const { epoch, first, events } = eventBatch.parse(opened.ok ? opened.value.json : undefined);
        sent.push({ epoch, first, count: events.length, last: first + events.length - 1 });
      },
    },
  });
  const add = (count: number) => {
    for (let n = 0; n < count; n += 1) state.events.push(event(state.events.length + 1));
  };
  const ack = (upTo: number, epoch = state.epoch) => uploader.onAck(encodeEnvelope({ epoch, upTo }));
  return { state, sent, kept, uploader, add, ack };
}

const settle = () => vi.advanceTimersByTimeAsync(0);
beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('uploader', () => {
  it('sends batches of at most 50 in order and no more than a window ahead', async () => {
    const { sent, uploader, add, ack } = bench();
    add(1_000);
    uploader.onUp();
    await settle();
    expect(sent.map(({ first }) => first)).toEqual([1, 51, 101, 151]);
    ack(100);
    await settle();
    expect(sent.map(({ first }) => first).slice(4)).toEqual([201, 251]);
  });

  it('sends an event as soon as it is journalled', async () => {
    const { sent, uploader, add } = bench();
    uploader.onUp();
    await settle();
    add(1);
    uploader.nudge();
    await settle();
    expect(sent).toEqual([{ epoch: EPOCH, first: 1, count: 1, last: 1 }]);
  });

  it('sends nothing while the link is down and goes on from the acknowledged after it', async () => {
    const { state, sent, uploader, add, ack } = bench();
    add(120);
    uploader.onUp();
    await settle();
    ack(50);
    await settle();
    uploader.onDown();
    add(5);
    uploader.nudge();
    await settle();
    const before = sent.length;
    uploader.onUp();
    await settle();
    expect(sent.slice(before).map(({ first }) => first)).toEqual([51, 101]);
    expect(state.acked).toBe(50);
  });

  it('sends again what was not acknowledged for a while', async () => {
    const { sent, uploader, add } = bench();
    add(3);
    uploader.onUp();
    await settle();
    await vi.advanceTimersByTimeAsync(10_001);
    expect(sent.map(({ first }) => first)).toEqual([1, 1]);
  });

  it('believes no acknowledgement of another journal, of what was never sent, or that goes back', async () => {
    const { kept, uploader, add, ack } = bench();
    add(10);
    uploader.onUp();
    await settle();
    ack(5, 'bb'.repeat(8));
    ack(11);
    uploader.onAck(new Uint8Array([1, 2, 3]));
    ack(7);
    ack(6);
    await settle();
    expect(kept).toEqual([7]);
  });

  it('a journal replaced under it starts over under its own epoch', async () => {
    const { state, sent, uploader, add } = bench();
    add(3);
    uploader.onUp();
    await settle();
    Object.assign(state, { epoch: 'bb'.repeat(8), events: [event(1)], acked: 0 });
    add(4);
    uploader.nudge();
    await settle();
    expect(sent.at(-1)).toEqual({ epoch: 'bb'.repeat(8), first: 1, count: 5, last: 5 });
    expect(sent.filter(({ epoch }) => epoch === EPOCH)).toHaveLength(1);
  });

  it('whatever the order of losses, restarts and acknowledgements, every event arrives', async () => {
    const step = fc.constantFrom('add', 'ack', 'down', 'up', 'lose', 'wait');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { state, sent, uploader, add, ack } = bench();
        const got = new Set<number>();
        const take = () => {
          for (const { first, last } of sent.splice(0)) for (let seq = first; seq <= last; seq += 1) got.add(seq);
        };
        const committed = () => {
          let upTo = 0;
          while (got.has(upTo + 1)) upTo += 1;
          return upTo;
        };
        for (const each of steps) {
          if (each === 'add') add(30);
          if (each === 'ack') take();
          if (each === 'ack') ack(committed());
          if (each === 'lose') sent.length = 0;
          if (each === 'down') uploader.onDown();
          if (each === 'up') uploader.onUp();
          if (each === 'wait') await vi.advanceTimersByTimeAsync(4_000);
          uploader.nudge();
          await settle();
        }
        uploader.onUp();
        for (let round = 0; round < 60 && state.acked < state.events.length; round += 1) {
          await vi.advanceTimersByTimeAsync(11_000);
          take();
          ack(committed());
          await settle();
        }
        uploader.close();
        expect(got.size).toBe(state.events.length);
        expect(state.acked).toBe(state.events.length);
      }),
      { numRuns: 60 },
    );
  });
});
