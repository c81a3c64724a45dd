// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { answer } from './command.ts';
import { judgeAnswer } from './judge-answer.ts';

const NOW = 1_790_000_000_000;
const question = { ask: 'aa00000000000001', device: 'gate-1', boot: 'b000000000000001', portal: 'north' };
const given = answer.parse({ ...question, outcome: 'granted', expiresMs: NOW + 800 });

describe('answer of the gateway', () => {
  it('to the question asked is taken, until it expires', () => {
    expect(judgeAnswer(given, question, NOW + 800)).toEqual({ ok: true, value: given });
    expect(judgeAnswer(given, question, NOW + 801)).toMatchObject({ ok: false, code: 'expired' });
  });
  it.each([
    ['another question, recorded earlier', 'wrong-ask', { ask: 'aa00000000000002' }],
    ['another controller', 'wrong-device', { device: 'gate-2' }],
    ['an earlier boot', 'wrong-boot', { boot: 'b000000000000002' }],
    ['another portal', 'wrong-portal', { portal: 'south' }],
  ])('of %s is refused', (_, code, change) => {
    expect(judgeAnswer(given, { ...question, ...change }, NOW)).toMatchObject({ ok: false, code });
  });
});
