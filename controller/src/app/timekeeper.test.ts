// SPDX-License-Identifier: Apache-2.0
// The time exchange: what a clock that is set meanwhile, a slow line and a forged answer come to (DESIGN 6).
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { acceptRoot, encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { type TimeAnswer, timeAnswer } from '@latchkey/protocols/commands/command';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { deviceId } from '@latchkey/protocols/ids';
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTime, startTime, synchronise, type TimeSample } from '../core/trusted-time.ts';
import type { Clock } from '../ports/clock.ts';
import { type Campus, makeCampus } from './campus.test-support.ts';
import { createTimekeeper, type Timekeeper } from './timekeeper.ts';

const GATEWAY = Date.UTC(2026, 10, 23, 3);
const HOUR = 3_600_000;
const device = deviceId.parse('gate-1');

let campus: Campus;
let keyring: Keyring;
beforeAll(async () => {
  campus = await makeCampus();
  const digest = rootDigest(encodeRoot(campus.root));
  const accepted = await acceptRoot({ kind: 'pinned', digest }, campus.rootFrame);
  if (!accepted.ok) throw new Error(accepted.code);
  keyring = accepted.value.keyring;
});

let wallMs: number;
let monotonicMs: number;
let asked: { t0: number; nonce: string }[];
let samples: TimeSample[];
let due: { atMs: number; action: () => void }[];
let missing: boolean[];
let keeper: Timekeeper;

/** Time passes; the wall clock may be set by so much besides. */
function pass(ms: number, step = 0): void {
  monotonicMs += ms;
  wallMs += ms + step;
  const reached = due.filter(({ atMs }) => atMs <= monotonicMs);
  due = due.filter((each) => !reached.includes(each));
  for (const { action } of reached) action();
}

const clock: Clock = {
  now: () => wallMs,
  monotonic: () => monotonicMs,
  after(delayMs, action) {
    const mine = { atMs: monotonicMs + delayMs, action };
    due.push(mine);
    return () => {
      due = due.filter((each) => each !== mine);
    };
  },
};

beforeEach(() => {
  wallMs = GATEWAY - HOUR;
  monotonicMs = 500;
  asked = [];
  samples = [];
  due = [];
  missing = [];
  let nonce = 0;
  keeper = createTimekeeper({
    link: {
      async publish(_kind, payload) {
        const envelope = decodeEnvelope(payload);
        if (envelope.ok) asked.push(envelope.value.json as (typeof asked)[number]);
      },
    },
    clock,
    device,
    newNonce: () => (nonce++).toString(16).padStart(16, '0'),
    keyring: () => keyring,
    onSample: (sample) => samples.push(sample),
    onMissing: (is) => missing.push(is),
  });
});

async function answer(gatewayMs: number, change: Partial<TimeAnswer> = {}): Promise<void> {
  const { t0, nonce } = asked.at(-1) as (typeof asked)[number];
  const given = { nonce, device, t0, t1: gatewayMs, t2: gatewayMs, ...change };
  await keeper.onTime(await sealJson('LKT1', timeAnswer, given, campus.keys.deny));
}

const read = () => {
  let state = startTime(0, { wallMs, monotonicMs });
  for (const sample of samples) state = synchronise(state, sample, keyring);
  return readTime(state, { wallMs, monotonicMs });
};

describe('an exchange of time', () => {
  it('is right although the clock is set while it runs', async () => {
    keeper.onUp();
    pass(100, 6 * HOUR);
    await answer(GATEWAY + 50);
    expect(samples).toHaveLength(1);
    expect(read()).toMatchObject({ ms: GATEWAY + 100, quality: 'synced', uncertaintyMs: 50 });
    pass(1_000, -9 * HOUR);
    expect(read().ms).toBe(GATEWAY + 1_100);
  });

  it('that took too long is none, and is asked again soon', async () => {
    keeper.onUp();
    pass(5_001);
    await answer(GATEWAY + 2_500);
    expect(samples).toEqual([]);
    pass(15_000);
    expect(asked).toHaveLength(2);
  });

  it('counts once, and only as the answer to the question asked last', async () => {
    keeper.onUp();
    pass(10);
    await answer(GATEWAY, { nonce: 'ffffffffffffffff' });
    await answer(GATEWAY, { t0: 5 });
    expect(samples).toEqual([]);
    await answer(GATEWAY);
    await answer(GATEWAY + HOUR);
    expect(samples).toHaveLength(1);
  });

  it('leaves no timer behind when the link goes', () => {
    keeper.onUp();
    keeper.onDown();
    expect(due).toEqual([]);
    keeper.onUp();
    keeper.close();
    expect(due).toEqual([]);
  });

  it('withheld while online is told within three minutes, and over once it comes', async () => {
    keeper.onUp();
    for (let s = 0; s < 180; s += 1) pass(1_000);
    expect(missing).toEqual([true]);
    await answer(GATEWAY);
    expect(missing).toEqual([true, false]);
    for (let s = 0; s < 180; s += 1) pass(1_000);
    expect(missing).toEqual([true, false, true]);
  });

  it('is not missed while there is no link', () => {
    keeper.onUp();
    keeper.onDown();
    pass(600_000);
    expect(missing).toEqual([false]);
  });
});
