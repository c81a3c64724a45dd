// SPDX-License-Identifier: Apache-2.0
// Lists against what they are compared with (lists-and-codes, Figures), in one run: floor and subject take turns, medians
// count, so that a busy machine slows both.
import { hash, randomBytes } from 'node:crypto';
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { makeDelta } from '@latchkey/protocols/authorization/delta';
import { EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import type { Keyring, PublicJwk } from '@latchkey/protocols/authorization/keys';
import {
  generateSigningJwk,
  importSigningKey,
  type SigningKey,
  toPublicJwk,
} from '@latchkey/protocols/authorization/keys';
import { buildList, type ListEntries, type ListPlan, sealList } from '@latchkey/protocols/authorization/list-build';
import { encodeListFile } from '@latchkey/protocols/authorization/list-file';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { encodePolicy } from '@latchkey/protocols/authorization/policy';
import { NO_END } from '@latchkey/protocols/authorization/record';
import { acceptRoot, encodeRoot, rootDigest, signRoot } from '@latchkey/protocols/authorization/root-document';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { CompactSign, compactVerify } from 'jose';

const CAMPUS = '00000000000000c1';
const SCOPE = 7;
const NOW_MS = Date.UTC(2026, 10, 22);
const NOW_MINUTE = NOW_MS / 60_000;
const LOOKUPS = 200_000;

interface Authority {
  readonly keyring: Keyring;
  readonly list: SigningKey;
  readonly deny: SigningKey;
}

export async function run(): Promise<Record<string, number>> {
  const authority = await makeAuthority();
  const small = await measure(100_000, authority, 101, 9);
  const large = await measure(1_000_000, authority, 25, 5);
  const denyBytesOneCard = await denyBytes(authority);
  console.table({ '1,000,000': large.table, '100,000': small.table });
  return {
    ...large.figures,
    denyBytesOneCard,
    ...Object.fromEntries(Object.entries(small.figures).map(([name, value]) => [`${name}100k`, value])),
  };
}

async function makeAuthority(): Promise<Authority> {
  const jwks = await Promise.all([generateSigningJwk(), generateSigningJwk(), generateSigningJwk()]);
  const keys = await Promise.all(jwks.map(importSigningKey));
  const [root, list, deny] = keys.map((key) => must(key)) as [SigningKey, SigningKey, SigningKey];
  const [rootJwk, listJwk, denyJwk] = jwks.map((jwk) => must(toPublicJwk(jwk))) as [PublicJwk, PublicJwk, PublicJwk];
  const document = {
    version: 1,
    epoch: 1,
    campusId: CAMPUS,
    threshold: 1,
    rootKeys: [rootJwk],
    keys: [
      { role: 'list' as const, scopes: 'all' as const, jwk: listJwk },
      { role: 'deny' as const, scopes: 'all' as const, jwk: denyJwk },
    ],
    issuedAtMs: NOW_MS,
  };
  const digest = rootDigest(encodeRoot(document));
  const { keyring } = must(await acceptRoot({ kind: 'pinned', digest }, await signRoot(document, [root])));
  return { keyring, list, deny };
}

function must<T>(result: { ok: true; value: T } | { ok: false; code: string }): T {
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

const policy = encodePolicy({
  format: 1,
  timeZone: 'Asia/Shanghai',
  holidays: ['2026-10-01'],
  schedules: [
    {
      id: 'always',
      intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }],
      onHolidays: 'as-usual',
    },
  ],
  portals: [],
  profiles: Array.from({ length: 50 }, () => ({ rules: [], kind: 'resident' as const })),
});

function makeEntries(count: number): ListEntries {
  const ids = randomBytes(count * 16);
  return {
    ids,
    profiles: Uint16Array.from({ length: count }, (_, index) => index % 50),
    flags: Uint8Array.from({ length: count }, (_, index) => (index % 20 === 0 ? 1 : 0)),
    classes: new Uint8Array(count),
    until: Uint32Array.from({ length: count }, (_, index) => (index % 3 === 0 ? NO_END : NOW_MINUTE + 500_000)),
  };
}

const planOf = (entries: ListEntries, version = 1): ListPlan => ({
  campusId: CAMPUS,
  scopeId: SCOPE,
  epoch: 1,
  version,
  issuedAtMs: NOW_MS,
  refreshBy: NOW_MINUTE + 1_440,
  hardExpiry: NOW_MINUTE + 10_080,
  denySeq: 0,
  previousHeadHash: new Uint8Array(32),
  prfKeyId: 1,
  prf: createPrf(new Uint8Array(16).fill(7)),
  policy,
  entries,
});

async function measure(count: number, authority: Authority, repetitions: number, builds: number) {
  const entries = makeEntries(count);
  const sealed = await sealList(must(buildList(planOf(entries))), authority.list);
  const file = encodeListFile(sealed);
  const load = await measureLoad(file, authority, repetitions);
  const build = await measureBuild(entries, authority, builds);
  const lookup = measureLookup(load.list, repetitions);
  const figures: Record<string, number> = {
    verifyLoadOverFloor: round(load.subjectMs / load.floorMs),
    buildSignOverJose: round(build.subjectMs / build.joseMs),
    bytesPerEntry: round(file.length / count),
    lookupOverMap: round(lookup.subjectNs / lookup.mapNs),
  };
  if (count === 1_000_000) figures['deltaBytes1000'] = await deltaBytes(entries, sealed);
  const table = {
    'verify and load, ms': round(load.subjectMs),
    'floor, ms': round(load.floorMs),
    'build and sign, ms': round(build.subjectMs),
    'JOSE, ms': round(build.joseMs),
    'lookup, ns': round(lookup.subjectNs),
    'Map, ns': round(lookup.mapNs),
    'bytes an entry': figures['bytesPerEntry'],
  };
  return { figures, table };
}

/**
 * Subject: a file as read from disk, taken over, verified and ready to decide. Floor: one SHA-256 over the same bytes and one
 * check of the same signature, by the same library.
 */
async function measureLoad(file: Uint8Array, { keyring, list }: Authority, repetitions: number) {
  const trust = { keyring, campusId: CAMPUS, scopeId: SCOPE };
  const key = must(keyring.find(list.kid, 'list', SCOPE)).key;
  const jws = await new CompactSign(randomBytes(160))
    .setProtectedHeader({ alg: 'EdDSA', kid: list.kid })
    .sign(list.key);
  const subject: number[] = [];
  const floor: number[] = [];
  let loaded: AuthorizationList | undefined;
  const measureFloor = async () => {
    const start = performance.now();
    hash('sha256', file, 'buffer');
    await compactVerify(jws, key, { algorithms: ['EdDSA'] });
    floor.push(performance.now() - start);
  };
  const measureSubject = async () => {
    // Each load takes the buffer that the last one left: copies in between would have their collection counted as loading.
    const read = loaded === undefined ? new Uint8Array(file) : new Uint8Array(loaded.records.buffer);
    const start = performance.now();
    loaded = must(await loadList(read, trust, { take: true }));
    subject.push(performance.now() - start);
  };
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const step of repetition % 2 === 0 ? [measureFloor, measureSubject] : [measureSubject, measureFloor])
      await step();
  }
  return { subjectMs: median(subject), floorMs: median(floor), list: loaded as AuthorizationList };
}

/** What people write first: an object an entry, signed as one compact JWS. The ids are hidden under the same keys. */
async function measureBuild(entries: ListEntries, { list }: Authority, repetitions: number) {
  const subject: number[] = [];
  const jose: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    let start = performance.now();
    await buildAsJose(entries, list);
    jose.push(performance.now() - start);
    start = performance.now();
    await sealList(must(buildList(planOf(entries))), list);
    subject.push(performance.now() - start);
  }
  return { subjectMs: median(subject), joseMs: median(jose) };
}

async function buildAsJose(entries: ListEntries, key: SigningKey): Promise<string> {
  const keys = Buffer.from(createPrf(new Uint8Array(16).fill(7)).keys(entries.ids));
  const credentials = Array.from({ length: entries.profiles.length }, (_, index) => ({
    key: keys.toString('hex', index * 8, index * 8 + 8),
    profile: entries.profiles[index],
    flags: entries.flags[index],
    class: entries.classes[index],
    until: entries.until[index],
  }));
  const payload = new TextEncoder().encode(JSON.stringify({ scope: SCOPE, version: 1, credentials }));
  return new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA', kid: key.kid }).sign(key.key);
}

/** Same keys, same order, half of them absent. The Map gets its keys ready made: only `get` counts. */
function measureLookup(list: AuthorizationList, repetitions: number) {
  const map = new Map<string, number>();
  for (let index = 0; index < list.count; index++)
    map.set(toHex(list.records.subarray(index * 16, index * 16 + 8)), index);
  const wanted = Array.from({ length: LOOKUPS }, (_, index) => {
    if (index % 2 === 1) return new Uint8Array(randomBytes(8));
    const at = Math.floor(Math.random() * list.count) * 16;
    return list.records.slice(at, at + 8);
  });
  const wantedText = wanted.map(toHex);
  const subject: number[] = [];
  const byMap: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    let found = 0;
    byMap.push(
      timed(() => {
        for (const key of wantedText) if (map.get(key) !== undefined) found++;
      }),
    );
    subject.push(
      timed(() => {
        for (const key of wanted) if (list.find(key) !== undefined) found--;
      }),
    );
    if (found !== 0) throw new Error('list and Map disagree');
  }
  const perLookup = (times: number[]) => (median(times) * 1e6) / LOOKUPS;
  return { subjectNs: perLookup(subject), mapNs: perLookup(byMap) };
}

/** 1,000 changes: 500 credentials leave, 500 come. The new head goes with it. */
async function deltaBytes(entries: ListEntries, from: Awaited<ReturnType<typeof sealList>>): Promise<number> {
  const ids = new Uint8Array(entries.ids);
  for (let index = 0; index < 500; index++) ids.set(randomBytes(16), index * 2_000 * 16);
  const to = must(buildList(planOf({ ...entries, ids }, 2)));
  return makeDelta(from, to).length + from.headFrame.length;
}

async function denyBytes({ deny }: Authority): Promise<number> {
  const op = { key8: new Uint8Array(8), kind: 'deny' as const, reason: 'lost' as const, minute: NOW_MINUTE };
  const header = { campusId: CAMPUS, epoch: 1, firstSeq: 1, issuedAtMs: NOW_MS, previousChain: EMPTY_CHAIN };
  return (await signFrame(encodeDeny({ ...header, ops: [op] }), [deny])).length;
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

const median = (times: number[]): number =>
  times.toSorted((one, other) => one - other)[times.length >> 1] ?? Number.NaN;
const round = (value: number): number => Math.round(value * 1_000) / 1_000;
