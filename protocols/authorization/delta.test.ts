// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../bytes/equal.ts';
import {
  type Authority,
  bitFlips,
  CAMPUS,
  codeOf,
  entriesOf,
  makeAuthority,
  makeList,
  must,
  planOf,
  range,
  SCOPE,
} from './authority.test-support.ts';
import { applyDelta, DELTA_HEADER, decodeDelta, decodeDeltas, makeDelta } from './delta.ts';
import { buildList, type UnsignedList } from './list-build.ts';
import { loadList } from './list-load.ts';

let campus: Authority;
beforeAll(async () => {
  campus = await makeAuthority();
});

const version = (number: number, cards: readonly number[], until = 5): UnsignedList => {
  const entries = entriesOf(cards);
  entries.until.fill(until);
  return must(buildList(planOf({ version: number, entries })));
};

describe('delta', () => {
  it('turns one version into the next, whatever came and went', () => {
    const cards = fc.uniqueArray(fc.nat(400), { maxLength: 60 });
    fc.assert(
      fc.property(cards, cards, fc.boolean(), (before, after, changed) => {
        const from = version(1, before);
        const to = version(2, after, changed ? 6 : 5);
        const applied = must(applyDelta(from, makeDelta(from, to), to.head));
        expect(applied.records).toEqual(to.records);
        expect(applied.pageCounts).toEqual(to.pageCounts);
      }),
    );
  });

  it('takes 17 bytes to add and 9 to delete', () => {
    const from = version(1, [1, 2, 3]);
    expect(makeDelta(from, version(2, [1, 2, 3, 4])).length - DELTA_HEADER.size).toBe(17);
    expect(makeDelta(from, version(2, [1, 2])).length - DELTA_HEADER.size).toBe(9);
    expect(makeDelta(from, version(2, [1, 2, 3])).length).toBe(DELTA_HEADER.size);
  });

  it('chains up to 16, across a change of page size too', async () => {
    const lists = range(17).map((at) => version(at + 1, range(490 + at * 2, at)));
    const last = lists.at(-1) as UnsignedList;
    const [first] = lists as [UnsignedList];
    const chain = lists.slice(1).map((list, at) => makeDelta(lists[at] as UnsignedList, list));
    const applied = must(applyDelta(first, concatBytes(chain), last.head));
    expect(applied.records).toEqual(last.records);
    expect(last.head.pageBits).toBe(1);
    const one = chain[0] as Uint8Array;
    expect(codeOf(decodeDeltas(concatBytes([...chain, one])))).toBe('chain-too-long');
  });

  it('applies to a loaded list, and the result loads', async () => {
    const sealed = await makeList(campus.list.key);
    const trust = { keyring: campus.keyring, campusId: CAMPUS, scopeId: SCOPE };
    const inForce = must(await loadList(sealed, trust));
    const next = await makeList(campus.list.key, { version: 2, entries: entriesOf(range(25, 3)) });
    const applied = must(applyDelta(inForce, makeDelta(inForce, next), next.head));
    expect(codeOf(await loadList({ ...applied, headFrame: next.headFrame, policy: next.policy }, trust))).toBe('ok');
  });

  it('may be empty where only the policy changed', () => {
    const from = version(1, [1, 2]);
    const to = version(2, [1, 2]);
    expect(must(applyDelta(from, new Uint8Array(0), to.head)).records).toEqual(from.records);
    expect(codeOf(applyDelta(from, new Uint8Array(0), version(2, [1]).head))).toBe('root-mismatch');
  });

  it('is refused where it starts, ends or belongs elsewhere', () => {
    const from = version(1, [1, 2]);
    const to = version(2, [1, 2, 3]);
    const delta = makeDelta(from, to);
    expect(codeOf(applyDelta(version(3, [1, 2]), delta, to.head))).toBe('wrong-version');
    expect(codeOf(applyDelta(from, delta, { ...to.head, version: 3 }))).toBe('wrong-version');
    expect(codeOf(applyDelta(from, delta, { ...to.head, scopeId: 8 }))).toBe('wrong-scope');
    expect(codeOf(applyDelta(from, delta, { ...to.head, epoch: 2 }))).toBe('wrong-epoch');
    const elsewhere = must(buildList(planOf({ scopeId: 8 })));
    expect(() => makeDelta(from, elsewhere)).toThrow(RangeError);
  });

  it('must have the new head’s pagesRoot', () => {
    const from = version(1, [1, 2, 3]);
    const to = version(2, [2, 3, 4]);
    expect(codeOf(applyDelta(from, makeDelta(from, version(2, [2, 3, 5])), to.head))).toBe('root-mismatch');
    const otherBase = { ...version(1, [2, 3]), head: from.head };
    expect(codeOf(applyDelta(otherBase, makeDelta(from, to), to.head))).toBe('does-not-apply');
  });

  it('never gives anything but the new version, with any bit flipped', () => {
    const from = version(1, range(10));
    const to = version(2, range(10, 4));
    for (const flipped of bitFlips(makeDelta(from, to), 2_000)) {
      const applied = applyDelta(from, flipped, to.head);
      if (applied.ok) expect(applied.value.records).toEqual(to.records);
    }
  });

  it('is malformed at every shorter length', () => {
    const delta = makeDelta(version(1, range(4)), version(2, range(6, 2)));
    for (let length = 0; length < delta.length; length++) expect(decodeDelta(delta.subarray(0, length)).ok).toBe(false);
  });
});
