// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../bytes/hex.ts';
import { bitFlips, CAMPUS, codeOf, makeAuthority, must, NOW_MS, range } from './authority.test-support.ts';
import { BEAT, type Beat, judgeBeat } from './beat.ts';
import { chainAfter, type Deny, type DenyOp, decodeDeny, EMPTY_CHAIN, encodeDeny } from './deny.ts';
import {
  applyDeny,
  type DenyOverlay,
  decodeOverlay,
  EMPTY_OVERLAY,
  encodeOverlay,
  isDenied,
  leastPosition,
  pruneOverlay,
} from './deny-overlay.ts';
import { signFrame } from './signed-frame.ts';

const root = { epoch: 1, campusId: CAMPUS, issuedAtMs: NOW_MS - 1_000 };
const keyOf = (number: number) => Uint8Array.of(number, 0, 0, 0, 0, 0, 0, 1);
const op = (number: number, kind: DenyOp['kind'] = 'deny'): DenyOp => ({
  key8: keyOf(number),
  kind,
  reason: 'lost',
  minute: 9,
});

/** The chain as the gateway keeps it: all operations, cut anywhere into denies. */
const cut = (ops: readonly DenyOp[], firstSeq: number, count: number, epoch = 1): Deny => ({
  campusId: CAMPUS,
  epoch,
  firstSeq,
  issuedAtMs: NOW_MS,
  previousChain: chainAfter(EMPTY_CHAIN, ops.slice(0, firstSeq - 1)),
  ops: ops.slice(firstSeq - 1, firstSeq - 1 + count),
});
const OPS = range(10).map((number) => op(number));
const after = (...denies: Deny[]): DenyOverlay =>
  denies.reduce((state, deny) => must(applyDeny(state, deny, root)), EMPTY_OVERLAY);

describe('deny', () => {
  it('of one card takes at most 220 bytes, signed', async () => {
    const { deny } = await makeAuthority();
    const frame = await signFrame(encodeDeny(cut(OPS, 1, 1)), [deny.key]);
    expect(frame.length).toBeLessThanOrEqual(220);
  });

  it('comes back as it was', () => {
    const arbitrary = fc.record({
      key8: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      kind: fc.constantFrom('deny' as const, 'allow-again' as const),
      reason: fc.constantFrom('lost' as const, 'frozen' as const, 'withdrawn' as const, 'other' as const),
      minute: fc.nat(0xffff_ffff),
    });
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1 }), (ops, firstSeq) => {
        const deny = { ...cut(OPS, 1, 1), firstSeq, ops };
        expect(must(decodeDeny(encodeDeny(deny)))).toEqual(deny);
      }),
    );
  });

  it('is refused at every other length', () => {
    const bytes = encodeDeny(cut(OPS, 1, 3));
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(decodeDeny(bytes.subarray(0, length)))).toBe('truncated');
    }
    expect(codeOf(decodeDeny(new Uint8Array([...bytes, 0])))).toBe('trailing-bytes');
    expect(() => encodeDeny({ ...cut(OPS, 1, 1), ops: [] })).toThrow(RangeError);
  });

  it('chains operation by operation, however they are cut', () => {
    expect(chainAfter(chainAfter(EMPTY_CHAIN, OPS.slice(0, 3)), OPS.slice(3))).toEqual(chainAfter(EMPTY_CHAIN, OPS));
    const whole = after(cut(OPS, 1, 10));
    expect(after(cut(OPS, 1, 2), cut(OPS, 3, 5), cut(OPS, 8, 3))).toEqual(whole);
    expect(whole.seq).toBe(10);
  });
});

describe('overlay', () => {
  it('denies what was denied, until it is allowed again; the last word wins', () => {
    const ops = [op(1), op(2), op(1, 'allow-again'), op(3), op(2, 'allow-again'), op(2)];
    const state = after(cut(ops, 1, 6));
    expect(range(5).map((number) => isDenied(state, keyOf(number)))).toEqual([false, false, true, true, false]);
  });

  it('takes a deny that overlaps what it has, if it lies on the same chain', () => {
    const state = after(cut(OPS, 1, 4));
    expect(must(applyDeny(state, cut(OPS, 2, 6), root))).toEqual(after(cut(OPS, 1, 7)));
  });

  it('says gap, replay and chain-mismatch', () => {
    const state = after(cut(OPS, 1, 4));
    expect(codeOf(applyDeny(state, cut(OPS, 6, 1), root))).toBe('gap');
    expect(codeOf(applyDeny(state, cut(OPS, 1, 4), root))).toBe('replay');
    expect(codeOf(applyDeny(state, { ...cut(OPS, 5, 1), previousChain: EMPTY_CHAIN }, root))).toBe('chain-mismatch');
    const other = [...OPS.slice(0, 3), op(99), ...OPS.slice(4)];
    expect(codeOf(applyDeny(state, cut(other, 2, 6), root))).toBe('chain-mismatch');
    expect(codeOf(applyDeny(state, { ...cut(OPS, 5, 1), campusId: '00'.repeat(8) }, root))).toBe('wrong-campus');
  });

  it('leaves the state it was given alone', () => {
    const state = after(cut(OPS, 1, 4));
    const before = encodeOverlay(state);
    applyDeny(state, cut(OPS, 5, 3), root);
    pruneOverlay(state, { epoch: 1, denySeq: 3 });
    expect(encodeOverlay(state)).toEqual(before);
  });

  it('forgets an entry only once a list covers its sequence', () => {
    const state = after(cut(OPS, 1, 6));
    const pruned = pruneOverlay(state, { epoch: 1, denySeq: 4 });
    expect([...pruned.entries.values()].map(({ seq }) => seq)).toEqual([5, 6]);
    expect({ seq: pruned.seq, chain: pruned.chain }).toEqual({ seq: state.seq, chain: state.chain });
    expect(pruneOverlay(state, { epoch: 0, denySeq: 99 })).toBe(state);
    expect(pruneOverlay(state, { epoch: 2, denySeq: 0 }).entries.size).toBe(0);
    expect(
      leastPosition([
        { epoch: 2, denySeq: 1 },
        { epoch: 1, denySeq: 9 },
        { epoch: 1, denySeq: 8 },
      ]),
    ).toEqual({ epoch: 1, denySeq: 8 });
    expect(leastPosition([])).toBeUndefined();
  });

  it('starts the chain again with an epoch, and keeps who is denied', () => {
    const state = after(cut(OPS, 1, 3));
    const next = [op(20), op(1, 'allow-again')];
    const later = must(applyDeny(state, cut(next, 1, 2, 2), { ...root, epoch: 2 }));
    expect({ epoch: later.epoch, seq: later.seq }).toEqual({ epoch: 2, seq: 2 });
    expect([0, 1, 2, 20].map((number) => isDenied(later, keyOf(number)))).toEqual([true, false, true, true]);
    expect(codeOf(applyDeny(state, cut(next, 1, 1, 2), root))).toBe('epoch-not-from-root');
    expect(codeOf(applyDeny(later, cut(OPS, 4, 1), { ...root, epoch: 2 }))).toBe('replay');
  });

  it('rests as bytes and comes back, or is refused', () => {
    const state = after(cut(OPS, 1, 6));
    const bytes = encodeOverlay(state);
    expect(must(decodeOverlay(bytes))).toEqual(state);
    for (let length = 0; length < bytes.length; length++)
      expect(decodeOverlay(bytes.subarray(0, length)).ok).toBe(false);
    for (const flipped of bitFlips(bytes)) decodeOverlay(flipped);
    expect(codeOf(decodeOverlay(new Uint8Array([...bytes, 0])))).toBe('trailing-bytes');
  });
});

describe('beat', () => {
  const state = after(cut(OPS, 1, 5));
  const beat: Beat = { campusId: CAMPUS, epoch: 1, beatSeq: 8, timeMs: NOW_MS, denySeq: 5, denyChain: state.chain };
  const context = {
    root,
    last: { epoch: 1, beatSeq: 7 },
    overlay: state,
    instant: { ms: NOW_MS - 5, quality: 'synced' as const },
  };

  it('comes back as it was', () => {
    expect(must(BEAT.decode(BEAT.encode(beat)))).toEqual(beat);
  });

  it('says what is missing of the deny chain', () => {
    expect(must(judgeBeat(beat, context))).toEqual({ deny: 'current', fromSeq: 6, raisesTime: true });
    expect(must(judgeBeat({ ...beat, denySeq: 9 }, context))).toMatchObject({ deny: 'behind', fromSeq: 6 });
    expect(must(judgeBeat({ ...beat, denySeq: 4 }, context))).toMatchObject({ deny: 'ahead' });
    expect(must(judgeBeat({ ...beat, denyChain: EMPTY_CHAIN }, context))).toMatchObject({ deny: 'forked' });
  });

  it('is refused when older, of another epoch or campus', () => {
    expect(codeOf(judgeBeat({ ...beat, beatSeq: 7 }, context))).toBe('replay');
    expect(codeOf(judgeBeat({ ...beat, epoch: 2 }, context))).toBe('epoch-not-from-root');
    expect(codeOf(judgeBeat({ ...beat, epoch: 0 }, context))).toBe('replay');
    expect(codeOf(judgeBeat({ ...beat, campusId: toHex(new Uint8Array(8)) }, context))).toBe('wrong-campus');
  });

  it('of a new epoch begins again at 1 and asks for that epoch’s denies', () => {
    const next = { ...context, root: { ...root, epoch: 2 } };
    const first = { ...beat, epoch: 2, beatSeq: 1, denySeq: 2 };
    expect(must(judgeBeat(first, next))).toMatchObject({ deny: 'behind', fromSeq: 1 });
  });
});
