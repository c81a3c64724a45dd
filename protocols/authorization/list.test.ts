// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../bytes/equal.ts';
import {
  type Authority,
  CAMPUS,
  codeOf,
  entriesOf,
  idOf,
  makeAuthority,
  makeList,
  must,
  POLICY,
  PRF_KEY,
  planOf,
  range,
  SCOPE,
} from './authority.test-support.ts';
import { createPrf, type Prf, phoneId } from './credential-id.ts';
import { HEAD, headHash } from './head.ts';
import { buildList, sealList, type UnsignedList } from './list-build.ts';
import { encodeListFile, frontOf, splitFront, splitListFile } from './list-file.ts';
import { loadList } from './list-load.ts';
import { differingPages, leafHash, leavesOf, rootOfLeaves, verifyLeaves, verifyPage } from './merkle.ts';
import { encodePolicy } from './policy.ts';
import { RECORD } from './record.ts';
import { createStructureCheck } from './record-check.ts';
import { sortRecords } from './record-sort.ts';
import { bytesOf, compareKeys, pageBitsFor, wordsOf } from './record-words.ts';
import { verifyHead } from './verify-head.ts';

let campus: Authority;
beforeAll(async () => {
  campus = await makeAuthority();
});
const trust = () => ({ keyring: campus.keyring, campusId: CAMPUS, scopeId: SCOPE });

describe('build', () => {
  it('makes keys by one bulk encryption that agree with single ones', () => {
    const prf = createPrf(PRF_KEY);
    const numbers = range(50);
    const bulk = prf.keys(entriesOf(numbers).ids);
    numbers.forEach((number, at) => expect(bulk.slice(at * 8, at * 8 + 8)).toEqual(prf.key(idOf(number))));
  });

  it('refuses ids and keys of another length', () => {
    expect(() => createPrf(PRF_KEY).key(new Uint8Array(15))).toThrow(RangeError);
    expect(() => createPrf(PRF_KEY).keys(new Uint8Array(17))).toThrow(RangeError);
    expect(() => createPrf(new Uint8Array(15))).toThrow(RangeError);
  });

  it('keeps ids of phones apart from those of cards, and algorithms from each other', () => {
    const key = new Uint8Array(32).fill(5);
    expect(phoneId('EdDSA', key)).not.toEqual(phoneId('ES256', key));
    expect(phoneId('EdDSA', key)).toHaveLength(16);
  });

  it('sorts records by key as a little-endian number, whatever their spread', () => {
    const word = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 0x8000_0000, 0xffff_ffff));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 300 }), (keys) => {
        const words = Uint32Array.from(keys.flatMap(([low, high], at) => [low, high, at, 0]));
        const sorted = sortRecords(words);
        const expected = keys
          .map(([low, high]) => (BigInt(high) << 32n) | BigInt(low))
          .toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0));
        const found = keys.map((_, at) => (BigInt(sorted[at * 4 + 1] ?? 0) << 32n) | BigInt(sorted[at * 4] ?? 0));
        expect(found).toEqual(expected);
        expect(new Set(keys.map((_, at) => sorted[at * 4 + 2]))).toEqual(new Set(keys.keys()));
      }),
    );
  });

  it('takes one page up to 512 records and about 488 a page at a million', () => {
    expect([0, 1, 512, 513, 100_000, 1_000_000].map(pageBitsFor)).toEqual([0, 0, 0, 1, 8, 11]);
  });

  it('says key-collision where two ids share a key, so that the caller changes Kscope', () => {
    const real = createPrf(PRF_KEY);
    const colliding: Prf = {
      key: (id) => new Uint8Array([...real.key(id).subarray(0, 1), 0, 0, 0, 0, 0, 0, 0]),
      keys: (ids) =>
        concatBytes(range(ids.length / 16).map((at) => colliding.key(ids.subarray(at * 16, at * 16 + 16)))),
    };
    expect(codeOf(buildList(planOf({ prf: colliding, entries: entriesOf(range(200)) })))).toBe('key-collision');
    expect(codeOf(buildList(planOf({ prf: createPrf(PRF_KEY), entries: entriesOf(range(200)) })))).toBe('ok');
  });

  it('says duplicate-id where one credential is listed twice', () => {
    expect(codeOf(buildList(planOf({ entries: entriesOf([1, 2, 3, 2]) })))).toBe('duplicate-id');
  });

  it('refuses columns that do not match, unknown flags and classes', () => {
    const entries = entriesOf(range(3));
    const build = (change: object) => codeOf(buildList(planOf({ entries: { ...entries, ...change } })));
    expect(build({ flags: new Uint8Array(2) })).toBe('column-lengths');
    expect(build({ ids: entries.ids.subarray(1) })).toBe('column-lengths');
    expect(build({ flags: Uint8Array.of(0, 8, 0) })).toBe('bad-entry');
    expect(build({ classes: Uint8Array.of(0, 0, 4) })).toBe('bad-entry');
  });

  it('is not sealed by a key of another algorithm', async () => {
    const unsigned = must(buildList(planOf({ algorithm: 'ES256' })));
    await expect(sealList(unsigned, campus.list.key)).rejects.toThrow(RangeError);
  });
});

describe('load', () => {
  it.each([0, 1, 20, 512, 513, 5_000])('finds each of %i credentials and no other', async (count) => {
    const entries = entriesOf(range(count));
    entries.profiles.forEach((_, at) => {
      entries.profiles[at] = at % 3;
      entries.flags[at] = at % 8;
      entries.classes[at] = at % 4;
      entries.until[at] = at * 1_000;
    });
    const sealed = await makeList(campus.list.key, { entries });
    for (const source of [encodeListFile(sealed), sealed]) {
      const list = must(await loadList(source, trust()));
      const prf = createPrf(PRF_KEY);
      for (const at of range(count)) {
        expect(list.find(prf.key(idOf(at)))).toEqual({
          profile: at % 3,
          flags: at % 8,
          credentialClass: at % 4,
          untilMinute: at * 1_000,
        });
      }
      for (const at of range(200, 1_000_000)) expect(list.find(prf.key(idOf(at)))).toBeUndefined();
      expect(list.find(new Uint8Array(7))).toBeUndefined();
      expect(list.headHash).toBe(sealed.digest);
      expect(list.count).toBe(count);
      expect(list.leaves()).toEqual(leavesOf(SCOPE, sealed.pageCounts, sealed.records));
      expect(list.recordAt(count)).toBeUndefined();
      if (count > 0) expect(list.recordAt(0)).toEqual(must(RECORD.decode(list.records)));
    }
  });

  it('finds keys that share their upper half, at both ends of the number line', async () => {
    const high = [0, 0, 0, 0x7fff_ffff, 0x8000_0000, 0x8000_0000, 0xffff_ffff, 0xffff_ffff];
    const words = Uint32Array.from(high.flatMap((upper, at) => [at * 3, upper, 0, at]));
    const keys = new Map(high.map((_, at) => [at, bytesOf(words.slice(at * 4, at * 4 + 2))]));
    const prf: Prf = { key: () => new Uint8Array(8), keys: () => concatBytes([...keys.values()]) };
    const list = must(await loadList(await makeList(campus.list.key, { prf, entries: entriesOf(range(8)) }), trust()));
    for (const key of keys.values()) expect(list.find(key)).toBeDefined();
    expect(list.find(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0x80))).toBeUndefined();
  });

  it('takes a buffer over on request, so that the caller can no longer reach it', async () => {
    const file = encodeListFile(await makeList(campus.list.key));
    const given = new Uint8Array(file);
    const list = must(await loadList(given, trust(), { take: true }));
    expect(given.length).toBe(0);
    expect(list.find(createPrf(PRF_KEY).key(idOf(3)))).toBeDefined();
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    const copied = must(await loadList(shared, trust(), { take: true }));
    shared.fill(0);
    expect(copied.find(createPrf(PRF_KEY).key(idOf(3)))).toBeDefined();
  });

  it('loads from a view at an odd offset', async () => {
    const file = encodeListFile(await makeList(campus.list.key));
    expect(codeOf(await loadList(concatBytes([new Uint8Array(3), file]).subarray(3), trust()))).toBe('ok');
  });

  /** Seals records that the builder would not make, with a right tree. */
  async function sealRecords(records: Uint8Array, change: Partial<UnsignedList['head']> = {}) {
    const unsigned = must(buildList(planOf()));
    const pageCounts = Uint16Array.of(records.length / 16);
    const pagesRoot = rootOfLeaves(leavesOf(SCOPE, pageCounts, records), 0) as Uint8Array;
    const head = { ...unsigned.head, pagesRoot, count: records.length / 16, ...change };
    return sealList({ ...unsigned, head, headPayload: HEAD.encode(head), pageCounts, records }, campus.list.key);
  }
  const sound = () => must(buildList(planOf())).records;

  it('refuses a profile that the policy does not have', async () => {
    const records = new Uint8Array(sound());
    records[8] = POLICY.profiles.length;
    expect(codeOf(await loadList(await sealRecords(records), trust()))).toBe('record-out-of-range');
  });

  it('refuses unknown flags and classes', async () => {
    const records = new Uint8Array(sound());
    records[10] = 8;
    expect(codeOf(await loadList(await sealRecords(records), trust()))).toBe('record-out-of-range');
    records[10] = 0;
    records[11] = 4;
    expect(codeOf(await loadList(await sealRecords(records), trust()))).toBe('record-out-of-range');
  });

  it('refuses records out of order and twice the same key', async () => {
    const records = sound();
    const swapped = concatBytes([records.subarray(16, 32), records.subarray(0, 16), records.subarray(32)]);
    expect(codeOf(await loadList(await sealRecords(swapped), trust()))).toBe('records-not-sorted');
    const twice = concatBytes([records.subarray(0, 16), records.subarray(0, 16), records.subarray(16)]);
    expect(codeOf(await loadList(await sealRecords(twice), trust()))).toBe('records-not-sorted');
  });

  it('refuses a hard expiry before the refresh date, and a head that names another algorithm', async () => {
    const list = await makeList(campus.list.key, { refreshBy: 10, hardExpiry: 9 });
    expect(codeOf(await loadList(list, trust()))).toBe('bad-dates');
    expect(codeOf(await loadList(await sealRecords(sound(), { algorithm: 1 }), trust()))).toBe('ok');
    const unsigned = must(buildList(planOf()));
    const head = { ...unsigned.head, algorithm: 2 };
    const lying = await sealList({ ...unsigned, headPayload: HEAD.encode(head) }, campus.list.key);
    expect(codeOf(await loadList(lying, trust()))).toBe('algorithm-mismatch');
  });

  it('refuses policies with unknown references, as a value', async () => {
    const [first] = POLICY.profiles;
    const broken = { ...POLICY, profiles: [{ ...first, rules: [{ portals: [9], schedule: 0 }] }] };
    const policy = encodePolicy(broken as typeof POLICY);
    expect(codeOf(await loadList(await makeList(campus.list.key, { policy }), trust()))).toBe('unknown-reference');
    const noJson = new TextEncoder().encode('{');
    expect(codeOf(await loadList(await makeList(campus.list.key, { policy: noJson }), trust()))).toBe(
      'policy-not-json',
    );
  });

  it('works with ES256', async () => {
    const other = await makeAuthority('ES256');
    const list = await makeList(other.list.key);
    expect(codeOf(await loadList(list, { ...trust(), keyring: other.keyring }))).toBe('ok');
  });
});

describe('structure check', () => {
  it('agrees with a careful look at every record', () => {
    const record = fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), fc.nat(5), fc.constantFrom(0, 1, 7, 8, 0x400));
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 12 }),
        fc.integer({ min: 0, max: 3 }),
        fc.boolean(),
        (records, bits, tidy) => {
          const raw = Uint32Array.from(
            records.flatMap(([low, high, profile, top]) => [low, high, profile | (top << 16), 0]),
          );
          const words = tidy ? sortRecords(raw) : raw;
          const page = bits === 0 || words.length === 0 ? 0 : (words[1] ?? 0) >>> (32 - bits);
          const check = createStructureCheck(words, bits);
          check.visit(page, 0, words.length);
          let good = true;
          for (let at = 0; at < words.length; at += 4) {
            if (at > 0 && compareKeys(words, at - 4, words, at) >= 0) good = false;
            if (bits > 0 && (words[at + 1] ?? 0) >>> (32 - bits) !== page) good = false;
            if (((words[at + 2] ?? 0) & 0xffff) >= 4 || (words[at + 2] ?? 0) >>> 16 > 7) good = false;
          }
          expect(check.fault(4) === undefined).toBe(good);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('list file', () => {
  it('splits into what it was made of', async () => {
    const sealed = await makeList(campus.list.key, { entries: entriesOf(range(600)) });
    const parts = must(splitListFile(encodeListFile(sealed)));
    expect(parts.headFrame).toEqual(sealed.headFrame);
    expect(parts.policy).toEqual(sealed.policy);
    expect(parts.pageCounts).toEqual(sealed.pageCounts);
    expect(parts.records).toEqual(sealed.records);
    expect(parts.records.byteOffset % 16).toBe(0);
  });

  it('takes about 16 bytes an entry', async () => {
    const sealed = await makeList(campus.list.key, { entries: entriesOf(range(5_000)) });
    expect(encodeListFile(sealed).length / 5_000).toBeLessThan(16.5);
  });

  it('refuses any other length', async () => {
    const file = encodeListFile(await makeList(campus.list.key));
    for (let length = 0; length < file.length; length++) expect(splitListFile(file.subarray(0, length)).ok).toBe(false);
    expect(codeOf(splitListFile(concatBytes([file, new Uint8Array(1)])))).toBe('malformed-file');
    expect(codeOf(splitListFile(new Uint8Array(40)))).toBe('not-a-list-file');
  });

  it('begins with header and head, which say how long it is', async () => {
    const sealed = await makeList(campus.list.key, { entries: entriesOf(range(600)) });
    const file = encodeListFile(sealed);
    const front = frontOf(file, sealed.headFrame);
    const { pages, count, headFrame } = must(splitFront(front, file.length));
    expect([pages, count, headFrame]).toEqual([sealed.pageCounts.length, 600, sealed.headFrame]);
    expect(splitFront(front, file.length + 16).ok).toBe(false);
    for (const wrong of [front.subarray(1), file.subarray(0, front.length + 1), front.subarray(0, 31)])
      expect(splitFront(wrong, file.length).ok).toBe(false);
  });
});

describe('hash tree', () => {
  it('checks a leaf table first, then each page by itself, in any order', async () => {
    const sealed = await makeList(campus.list.key, { entries: entriesOf(range(1_200)) });
    const leaves = leavesOf(SCOPE, sealed.pageCounts, sealed.records);
    expect(sealed.pageCounts.length).toBe(4);
    expect(verifyLeaves(leaves, sealed.head)).toBe(true);
    expect(verifyLeaves(leaves.subarray(32), sealed.head)).toBe(false);
    let from = 0;
    sealed.pageCounts.forEach((count, page) => {
      const bytes = sealed.records.subarray(from, from + count * 16);
      from += count * 16;
      expect(verifyPage(leaves, SCOPE, page, bytes)).toBe(true);
      expect(verifyPage(leaves, SCOPE, page + 1, bytes)).toBe(false);
      expect(verifyPage(leaves, SCOPE + 1, page, bytes)).toBe(false);
      expect(verifyPage(leaves, SCOPE, page, bytes.subarray(16))).toBe(false);
    });
    for (const index of [-1, 4, 0.5, Number.NaN])
      expect(verifyPage(leaves, SCOPE, index, new Uint8Array(0))).toBe(false);
  });

  it('keeps leaves and nodes apart: a node is no leaf', () => {
    const one = leafHash(1, 0, new Uint8Array(16));
    const root = rootOfLeaves(concatBytes([one, one]), 1) as Uint8Array;
    expect(rootOfLeaves(concatBytes([root]), 0)).toEqual(root);
    expect(root).not.toEqual(one);
  });

  it('names differing pages as ranges', () => {
    const have = concatBytes(range(6).map((at) => new Uint8Array(32).fill(at)));
    const want = concatBytes([0, 9, 9, 3, 4, 9].map((at) => new Uint8Array(32).fill(at)));
    expect(differingPages(have, want)).toEqual([
      [1, 2],
      [5, 1],
    ]);
    expect(differingPages(have.subarray(32), want)).toEqual([[0, 6]]);
    expect(differingPages(want, want)).toEqual([]);
  });
});

describe('head', () => {
  it('takes 160 bytes and comes back as it was', () => {
    const { head, headPayload, digest } = must(buildList(planOf()));
    expect(HEAD.size).toBe(160);
    expect(must(HEAD.decode(headPayload))).toEqual(head);
    expect(headHash(headPayload)).toBe(digest);
  });

  it('is checked by itself before pages are fetched', async () => {
    const sealed = await makeList(campus.list.key);
    expect(must(await verifyHead(sealed.headFrame, trust()))).toEqual({ head: sealed.head, digest: sealed.digest });
    expect(codeOf(await verifyHead(new Uint8Array(513), trust()))).toBe('too-large');
  });
});

it('words are a view where the bytes are aligned, a copy where not', () => {
  const bytes = Uint8Array.from(range(20));
  expect(wordsOf(bytes)[0]).toBe(0x03020100);
  expect(wordsOf(bytes.subarray(1, 17))[0]).toBe(0x04030201);
});
