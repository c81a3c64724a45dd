// SPDX-License-Identifier: Apache-2.0
// Profile D: the phone answers what the gate shows.
import { beforeAll, describe, expect, it } from 'vitest';
import vectors from '../../fixtures/codes/pass-codes.json' with { type: 'json' };
import type { AuthorizationList } from '../authorization/list-load.ts';
import { toHex } from '../bytes/hex.ts';
import { challengeState, gateIdOf, type ShownChallenge, showChallenge, useChallenge } from './challenges.ts';
import type { CodeContext } from './check-code.ts';
import {
  ALGORITHMS,
  at,
  codeAt,
  gateWith,
  listOf,
  makeAuthority,
  makePhone,
  PORTAL,
  planAt,
  verdict,
} from './gate.test-support.ts';
import { answerChallenge, type PhoneKey } from './make-code.ts';
import { type Challenge, challengeText, readChallenge } from './pass-code.ts';

const SHOWN_MS = 50_000;
const challengeOf = (number: number, portal = PORTAL): Challenge => ({
  gateId: gateIdOf(portal),
  nonce: new Uint8Array(8).fill(number),
});
const FIRST = challengeOf(1);
const shown = showChallenge([], FIRST, SHOWN_MS);

let phones: readonly PhoneKey[];
let phone: PhoneKey;
let list: AuthorizationList;

beforeAll(async () => {
  phones = await Promise.all(ALGORITHMS.map((algorithm) => makePhone(algorithm)));
  phone = phones[0] as PhoneKey;
  list = await listOf(
    await makeAuthority(),
    phones.map((one) => ({ phone: one })),
  );
});

async function answer(challenge: Challenge, change: Partial<CodeContext> = {}, offsetMs = 0): Promise<string> {
  const text = await answerChallenge(phone, planAt(offsetMs), challenge);
  return verdict(gateWith(list, { challenges: shown, ...change }).check(text));
}

describe('challenges shown', () => {
  it('are named after the portal', () => {
    expect(toHex(gateIdOf(vectors.challenge.portal))).toBe(vectors.challenge.gateId);
    expect(challengeText({ ...FIRST, gateId: gateIdOf(PORTAL) })).toMatch(/^LKD1:[A-Za-z0-9_-]{16}$/);
  });
  it('are kept newest first, at most eight, for a minute', () => {
    let kept: readonly ShownChallenge[] = [];
    for (let number = 1; number <= 12; number++) kept = showChallenge(kept, challengeOf(number), number * 1_000);
    expect(kept.map(({ challenge }) => challenge.nonce[0])).toEqual([12, 11, 10, 9, 8, 7, 6, 5]);
    expect(showChallenge(kept, challengeOf(13), 70_000).map(({ challenge }) => challenge.nonce[0])).toEqual([
      13, 12, 11, 10,
    ]);
  });
  it('are open for 30 s and once', () => {
    const [one] = shown as [ShownChallenge];
    expect(challengeState(one, SHOWN_MS + 30_000)).toBe('open');
    expect(challengeState(one, SHOWN_MS + 30_001)).toBe('expired');
    expect(challengeState(useChallenge(shown, FIRST)[0] as ShownChallenge, SHOWN_MS)).toBe('used');
    expect(useChallenge(shown, challengeOf(2))).toEqual(shown);
  });
});

describe('an answer', () => {
  it('opens, and says which challenge it used up', async () => {
    for (const one of phones) {
      const text = await answerChallenge(one, planAt(), FIRST);
      expect(gateWith(list, { challenges: shown }).check(text)).toMatchObject({
        kind: 'identified',
        profile: 'D',
        decision: { outcome: 'granted' },
        acceptance: { challenge: FIRST },
      });
    }
  });
  it('to an older challenge still open, among several', async () => {
    const several = showChallenge(showChallenge(shown, challengeOf(2), 55_000), challengeOf(3), 60_000);
    expect(await answer(FIRST, { challenges: several, atMs: 61_000 })).toBe('granted');
  });
  it('reused: one challenge lets one person in', async () => {
    const challenges = useChallenge(shown, FIRST);
    expect(await answer(FIRST, { challenges })).toBe('!CodeReplayed');
  });
  it('expired: too late after it was shown', async () => {
    expect(await answer(FIRST, { atMs: SHOWN_MS + 30_001 })).toBe('!CodeExpired');
  });
  it('of another gate', async () => {
    expect(await answer(challengeOf(1, 'south-gate'))).toBe('!CodeForged');
    const challenges = showChallenge([], challengeOf(1, 'south-gate'), SHOWN_MS);
    expect(await answer(challengeOf(1, 'south-gate'), { challenges })).toBe('!CodeForged');
  });
  it('to a nonce that was never shown, or where none was', async () => {
    expect(await answer(challengeOf(9))).toBe('!CodeForged');
    expect(await answer(FIRST, { challenges: [] })).toBe('!CodeForged');
  });
  it('with a clock in step the time counts as well', async () => {
    expect(await answer(FIRST, {}, -16_000)).toBe('!CodeExpired');
    expect(await answer(FIRST, {}, 6_000)).toBe('!CodeFromFuture');
  });
  it('clock unsure: the answer opens where no one-way code does, and the phone’s time counts for nothing', async () => {
    for (const offsetMs of [0, -3_600_000, 3_600_000]) {
      const text = await answerChallenge(phone, planAt(offsetMs), FIRST);
      const gate = gateWith(list, { challenges: shown, driftMs: Number.POSITIVE_INFINITY });
      const checked = gate.check(text);
      expect(verdict(checked)).toBe('granted');
      expect(checked).toMatchObject({ acceptance: { challenge: FIRST } });
      expect(checked).not.toHaveProperty('acceptance.seen');
    }
    const oneWay = gateWith(list, { challenges: shown, driftMs: 30_001 });
    expect(verdict(oneWay.check(await codeAt(phone)))).toBe('!CodeClockUnsure');
  });
  it('is no one-way code, and a one-way code is no answer', async () => {
    const text = await answerChallenge(phone, planAt(), FIRST);
    const gate = gateWith(list, { challenges: shown });
    expect(verdict(gate.check(text, { challenges: [] }))).toBe('!CodeForged');
    gate.present(text);
    expect(verdict(gate.check(await codeAt(phone), at(3_000)))).toBe('CodeReplayed');
  });
  it('reads the challenge from the text that the gate shows', async () => {
    const read = readChallenge(challengeText(FIRST));
    if (!read.ok) throw new Error(read.code);
    expect(await answer(read.value)).toBe('granted');
  });
});
