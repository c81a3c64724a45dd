// SPDX-License-Identifier: Apache-2.0
// Everything that authorisation lists, denies, beats and keys are decoded from. Signatures are left out, so what lies behind one
// is fed directly. Where a layout has one encoding, what was accepted must encode to the very input.
import { BEAT } from '@latchkey/protocols/authorization/beat';
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { applyDelta, decodeDelta, decodeDeltas, makeDelta } from '@latchkey/protocols/authorization/delta';
import { type Deny, decodeDeny, EMPTY_CHAIN, encodeDeny } from '@latchkey/protocols/authorization/deny';
import {
  applyDeny,
  type DenyOverlay,
  decodeOverlay,
  EMPTY_OVERLAY,
  encodeOverlay,
} from '@latchkey/protocols/authorization/deny-overlay';
import { FRESHNESS } from '@latchkey/protocols/authorization/freshness';
import { HEAD } from '@latchkey/protocols/authorization/head';
import { importVerifyingKey } from '@latchkey/protocols/authorization/keys';
import { buildList, type ListPlan, type UnsignedList } from '@latchkey/protocols/authorization/list-build';
import { encodeListFile, splitListFile } from '@latchkey/protocols/authorization/list-file';
import { rootOfLeaves, verifyLeaves, verifyPage } from '@latchkey/protocols/authorization/merkle';
import { compilePolicy, encodePolicy, type PolicyDocument } from '@latchkey/protocols/authorization/policy';
import { PRF_KEY } from '@latchkey/protocols/authorization/prf-key';
import { RECORD } from '@latchkey/protocols/authorization/record';
import { createStructureCheck } from '@latchkey/protocols/authorization/record-check';
import { wordsOf } from '@latchkey/protocols/authorization/record-words';
import { RETRACTION } from '@latchkey/protocols/authorization/retraction';
import { decodeRoot, encodeRoot } from '@latchkey/protocols/authorization/root-document';
import { isActive } from '@latchkey/protocols/authorization/schedule';
import { decodeFrame, frameToJws } from '@latchkey/protocols/authorization/signed-frame';
import { fromBase64url, toBase64url } from '@latchkey/protocols/bytes/base64url';
import { decodeJson, encodeJson } from '@latchkey/protocols/bytes/canonical-json';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import type { Codec } from '@latchkey/protocols/bytes/field-table';
import { fromHex, toHex } from '@latchkey/protocols/bytes/hex';
import type { FuzzTarget } from './target.ts';

const text = new TextEncoder();
const CAMPUS = '00c0ffee00c0ffee';
const KEY = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' } as const;

const POLICY: PolicyDocument = {
  format: 1,
  timeZone: 'Asia/Shanghai',
  holidays: ['2026-10-01'],
  schedules: [{ id: 'night', intervals: [{ days: [1, 7], from: '22:00', until: '06:00' }], onHolidays: 'closed' }],
  portals: [{ id: 'gate' as never, antiPassback: { mode: 'off' }, afterExpiry: 'keep-all', askGateway: false }],
  profiles: [{ rules: [{ portals: [0], schedule: 0, fromMinute: 5 }], kind: 'resident' }],
};

function must<T>(result: { ok: true; value: T } | { ok: false; code: string }): T {
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

function makeList(version: number, first: number): UnsignedList {
  const count = 8;
  const ids = Uint8Array.from({ length: count * 16 }, (_, at) => first + (at >> 4) + (at & 15) * 7);
  const plan: ListPlan = {
    campusId: CAMPUS,
    scopeId: 7,
    epoch: 1,
    version,
    issuedAtMs: 1_790_000_000_000,
    refreshBy: 29_833_333,
    hardExpiry: 29_843_333,
    denySeq: 0,
    previousHeadHash: new Uint8Array(32),
    prfKeyId: 1,
    prf: createPrf(new Uint8Array(16).fill(1)),
    policy: encodePolicy(POLICY),
    entries: {
      ids,
      profiles: new Uint16Array(count),
      flags: new Uint8Array(count),
      classes: new Uint8Array(count),
      until: new Uint32Array(count).fill(0xffff_ffff),
    },
  };
  return must(buildList(plan));
}

const list = makeList(1, 0);
const newer = makeList(2, 3);
/** A frame with the right shape; whoever signed it is not asked here. */
const frameOf = (payload: Uint8Array): Uint8Array => {
  const header = text.encode('{"alg":"EdDSA","kid":"0123456789abcdef"}');
  return concatBytes([Uint8Array.of(1, header.length), header, Uint8Array.of(64), new Uint8Array(64), payload]);
};
const deny: Deny = {
  campusId: CAMPUS,
  epoch: 1,
  firstSeq: 1,
  issuedAtMs: 1_790_000_000_000,
  previousChain: EMPTY_CHAIN,
  ops: [
    { key8: new Uint8Array(8).fill(1), kind: 'deny', reason: 'lost', minute: 5 },
    { key8: new Uint8Array(8).fill(2), kind: 'allow-again', reason: 'other', minute: 6 },
  ],
};
const campus = { epoch: 1, campusId: CAMPUS };
const overlay: DenyOverlay = must(applyDeny(EMPTY_OVERLAY, deny, campus));
const beat = { campusId: CAMPUS, epoch: 1, beatSeq: 1, timeMs: 5, denySeq: 2, denyChain: overlay.chain };
const freshness = { campusId: CAMPUS, scopeId: 7, epoch: 1, version: 1, headHash: list.digest, timeMs: 5 };
const device = '5a'.repeat(32);
const prfKey = { campusId: CAMPUS, epoch: 1, scopeId: 0, keyId: 9, device, key: new Uint8Array(16).fill(7) };
const retraction = {
  campusId: CAMPUS,
  scopeId: 7,
  epoch: 1,
  version: 3,
  device,
  session: '5e5510a1b2c3d4e5',
  issuedMs: 5,
};
const root = {
  version: 1,
  epoch: 1,
  campusId: CAMPUS,
  threshold: 1,
  rootKeys: [KEY],
  keys: [{ role: 'list' as const, scopes: [7], jwk: { ...KEY, x: KEY.x.replace('1', '2') } }],
  issuedAtMs: 5,
};
const listFile = encodeListFile({ ...list, headFrame: frameOf(list.headPayload) });
const delta = makeDelta(list, newer);

const same = (one: Uint8Array, other: Uint8Array, what: string): void => {
  if (Buffer.compare(one, other) !== 0) throw new Error(`${what} accepted a second spelling`);
};

const codec = <T>(
  name: string,
  { decode, encode, size }: Pick<Codec<T>, 'decode' | 'encode' | 'size'>,
  seed: T,
): FuzzTarget => ({
  name: `authorization/${name}`,
  seeds: [encode(seed)],
  run(bytes) {
    const value = decode(bytes);
    if (value.ok) same(encode(value.value), bytes.subarray(0, size), name);
  },
});

function runDelta(bytes: Uint8Array): void {
  const one = decodeDelta(bytes);
  if (one.ok && one.value.size > bytes.length) throw new Error('a delta is longer than its bytes');
  decodeDeltas(bytes);
  const applied = applyDelta(list, bytes, newer.head);
  if (applied.ok) same(applied.value.records, newer.records, 'delta');
}

function runRecords(bytes: Uint8Array): void {
  const words = wordsOf(bytes.slice(0, bytes.length - (bytes.length % 16)));
  for (const bits of [0, 3]) {
    const check = createStructureCheck(words, bits);
    check.visit(0, 0, words.length);
    check.fault(2);
  }
  rootOfLeaves(bytes, 1);
  verifyLeaves(bytes, list.head);
  verifyPage(bytes, 7, bytes.length, bytes);
}

function runPolicy(bytes: Uint8Array): void {
  const policy = compilePolicy(bytes);
  if (!policy.ok) return;
  for (const schedule of policy.value.schedules) isActive(schedule, policy.value, bytes.length * 86_400_000);
}

export const AUTHORIZATION_TARGETS: readonly FuzzTarget[] = [
  codec('head', HEAD, list.head),
  codec('record', RECORD, { key: new Uint8Array(8), profile: 1, flags: 7, credentialClass: 3, untilMinute: 9 }),
  codec('beat', BEAT, beat),
  codec('freshness', FRESHNESS, freshness),
  codec('prf-key', PRF_KEY, prfKey),
  codec('retraction', RETRACTION, retraction),
  {
    name: 'authorization/deny',
    seeds: [encodeDeny(deny)],
    run(bytes) {
      const value = decodeDeny(bytes);
      if (!value.ok) return;
      same(encodeDeny(value.value), bytes, 'deny');
      applyDeny(EMPTY_OVERLAY, value.value, campus);
    },
  },
  {
    name: 'authorization/overlay',
    seeds: [encodeOverlay(overlay)],
    run(bytes) {
      const value = decodeOverlay(bytes);
      if (value.ok) encodeOverlay(value.value);
    },
  },
  {
    name: 'authorization/frame',
    seeds: [frameOf(BEAT.encode(beat)), frameOf(encodeDeny(deny))],
    run(bytes) {
      const frame = decodeFrame(bytes);
      if (frame.ok) frameToJws(frame.value);
    },
  },
  { name: 'authorization/root', seeds: [frameOf(encodeRoot(root))], run: decodeRoot },
  { name: 'authorization/key', seeds: [encodeJson(KEY)], run: (bytes) => importVerifyingKey(decodeJson(bytes)) },
  { name: 'authorization/policy', seeds: [list.policy], run: runPolicy },
  {
    name: 'authorization/list-file',
    seeds: [listFile],
    run(bytes) {
      const parts = splitListFile(bytes);
      if (parts.ok) same(encodeListFile(parts.value), bytes, 'list file');
    },
  },
  { name: 'authorization/delta', seeds: [delta, concatBytes([delta, makeDelta(newer, list)])], run: runDelta },
  { name: 'authorization/records', seeds: [list.records], run: runRecords },
  {
    name: 'bytes/text',
    seeds: [text.encode('00c0ffee'), text.encode('AAEC_-8')],
    run(bytes) {
      const spelling = Buffer.from(bytes).toString('latin1');
      const digits = fromHex(spelling);
      if (digits.ok && toHex(digits.value) !== spelling.toLowerCase()) throw new Error('hex');
      const characters = fromBase64url(spelling);
      if (characters.ok && toBase64url(characters.value) !== spelling) throw new Error('base64url');
    },
  },
];
