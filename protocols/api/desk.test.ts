// SPDX-License-Identifier: Apache-2.0
// The contract between a desk's page and its controller takes what it should, and nothing else.
import { describe, expect, it } from 'vitest';
import { deskAction, deskAnswer, deskReceipt, deskState } from './desk.ts';

const QUIET = {
  seq: 0,
  now: 1_790_000_000_000,
  desk: { name: 'Counter 1', mode: 'staffed', taking: 'loans', timeZone: 'Asia/Shanghai' },
  library: { state: 'connecting', since: 1_790_000_000_000, name: null, takesStored: null },
  list: null,
  uploads: { pending: 0, conflicts: 0, lastAt: null, exported: null },
  patron: null,
  items: [],
  prompt: null,
  sound: null,
  notice: null,
  idle: null,
  conflicts: [],
};

describe('contract of the desk', () => {
  it('has a snapshot of a desk at which nobody stands', () => {
    expect(deskState.parse(QUIET)).toEqual(QUIET);
    expect(
      deskReceipt.parse({
        library: null,
        desk: 'Counter 1',
        at: 0,
        timeZone: 'Asia/Shanghai',
        ending: null,
        items: [],
        lines: [],
      }),
    ).toBeTruthy();
  });

  it('takes cash where nothing else is said', () => {
    expect(deskAction.parse({ kind: 'pay-fee', session: '1', amount: '12.50' })).toMatchObject({ payment: 'cash' });
    expect(deskAction.safeParse({ kind: 'pay-fee', session: '1', amount: '-1' }).success).toBe(false);
  });

  it('wants to know who decides a conflict', () => {
    const decide = { kind: 'decide', conflict: '7', decision: 'settled' };
    expect(deskAction.safeParse({ ...decide, by: ' ' }).success).toBe(false);
    expect(deskAction.safeParse({ ...decide, by: 'Li' }).success).toBe(true);
  });

  it('says why an action was not taken', () => {
    expect(deskAnswer.parse({ ok: false, code: 'no-session' })).toEqual({ ok: false, code: 'no-session' });
  });
});
