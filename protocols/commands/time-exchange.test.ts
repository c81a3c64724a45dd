// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/commands/time.json' with { type: 'json' };
import { timeAnswer } from './command.ts';
import { readClock } from './time-exchange.ts';

const T = 1_790_000_000_000;
const request = { device: 'gate-1', nonce: 'aa00000000000001', t0: T, t3: T + 100 };
const answered = (t1: number, t2: number) =>
  timeAnswer.parse({ nonce: request.nonce, device: request.device, t0: request.t0, t1, t2 });

describe('time answer', () => {
  it.each(vectors.exchanges)('$why', ({ t0, t1, t2, t3, offsetMs, roundTripMs }) => {
    const answer = timeAnswer.parse({ nonce: request.nonce, device: request.device, t0, t1, t2 });
    expect(readClock(answer, { ...request, t0, t3 })).toMatchObject({ ok: true, value: { offsetMs, roundTripMs } });
  });
  it.each([
    ['another controller', 'wrong-device', { device: 'gate-2' }],
    ['another request', 'wrong-nonce', { nonce: 'aa00000000000002' }],
    ['a request sent at another time', 'wrong-t0', { t0: T + 1 }],
  ])('to %s is refused', (_, code, change) => {
    expect(readClock(answered(T, T), { ...request, ...change })).toMatchObject({ ok: false, code });
  });
  it('whose times cannot be is refused', () => {
    expect(readClock(answered(T + 10, T + 9), request)).toMatchObject({ code: 'impossible-times' });
    expect(readClock(answered(T, T + 101), request)).toMatchObject({ code: 'impossible-times' });
    expect(readClock(answered(T, T), { ...request, t3: T - 1 })).toMatchObject({ code: 'impossible-times' });
  });
  it('the true offset is within the uncertainty, however unequal the ways', () => {
    const ms = fc.integer({ min: 0, max: 60_000 });
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), ms, ms, ms, (offset, there, work, back) => {
        const t1 = T + there + offset;
        const read = readClock(answered(t1, t1 + work), { ...request, t3: T + there + work + back });
        if (!read.ok) throw new Error(read.code);
        expect(Math.abs(read.value.offsetMs - offset)).toBeLessThanOrEqual(read.value.uncertaintyMs);
        expect(read.value.roundTripMs).toBe(there + back);
      }),
    );
  });
});
