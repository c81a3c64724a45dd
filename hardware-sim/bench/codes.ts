// SPDX-License-Identifier: Apache-2.0
// The gate's whole check of a pass code over what nobody can do without: one import of the phone's key from the same bytes and
// one check of the same signature, both by node:crypto in its quickest way. Floor and subject take turns; medians count.
import { createPublicKey, ECDH, type KeyObject, randomBytes, verify } from 'node:crypto';
import { createPrf, phoneId } from '@latchkey/protocols/authorization/credential-id';
import { type DenyOverlay, EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import {
  generateSigningJwk,
  importSigningKey,
  type SigningAlgorithm,
  toPublicJwk,
} from '@latchkey/protocols/authorization/keys';
import { buildList, type ListEntries, sealList } from '@latchkey/protocols/authorization/list-build';
import { encodeListFile } from '@latchkey/protocols/authorization/list-file';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { encodePolicy } from '@latchkey/protocols/authorization/policy';
import { policyDocument } from '@latchkey/protocols/authorization/policy-document';
import { NO_END } from '@latchkey/protocols/authorization/record';
import { acceptRoot, encodeRoot, rootDigest, signRoot } from '@latchkey/protocols/authorization/root-document';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { type CodeContext, checkCode } from '@latchkey/protocols/codes/check-code';
import { codeFormOf } from '@latchkey/protocols/codes/code-forms';
import { generatePhoneKeys, makeCode, type PhoneKey, phoneKeyOf } from '@latchkey/protocols/codes/make-code';
import { decodePassCode, passStatement } from '@latchkey/protocols/codes/pass-code';
import { createSeenCodes } from '@latchkey/protocols/codes/seen-codes';

const CAMPUS = '00000000000000c1';
const SCOPE = 7;
const ZONE = 12;
const NOW_MS = Date.UTC(2026, 10, 22);
const NOW_MINUTE = NOW_MS / 60_000;
const LISTED = 100_000;
const DENIED = 1_000;
const PHONES = 200;
const ROUNDS = 5_000;
const ALGORITHMS = ['ES256', 'EdDSA'] as const;

export async function run(): Promise<Record<string, number>> {
  const phones = await makePhones();
  const context = gateContext(await makeList(ALGORITHMS.flatMap((algorithm) => phones[algorithm])));
  const results = [];
  for (const algorithm of ALGORITHMS) {
    const codes = await Promise.all(phones[algorithm].map((phone) => makeSample(phone)));
    results.push({ algorithm, ...measure(codes, context) });
  }
  console.table(Object.fromEntries(results.map(({ algorithm, table }) => [algorithm, table])));
  const [es256, edDsa] = results.map(({ figures }) => figures) as [Figures, Figures];
  return {
    checkOverVerify: Math.max(es256.checkOverVerify, edDsa.checkOverVerify),
    checkOverVerifyEs256: es256.checkOverVerify,
    checkOverVerifyEdDsa: edDsa.checkOverVerify,
    codesPerSecond: Math.min(es256.codesPerSecond, edDsa.codesPerSecond),
    codesPerSecondEs256: es256.codesPerSecond,
    codesPerSecondEdDsa: edDsa.codesPerSecond,
    unknownPerSecond: measureUnknown(await makeSample(await makePhone('ES256')), context),
  };
}

const makePhone = async (algorithm: SigningAlgorithm): Promise<PhoneKey> =>
  phoneKeyOf(await generatePhoneKeys(algorithm));

async function makePhones(): Promise<Record<SigningAlgorithm, PhoneKey[]>> {
  const of = (algorithm: SigningAlgorithm) => Promise.all(Array.from({ length: PHONES }, () => makePhone(algorithm)));
  return { ES256: await of('ES256'), EdDSA: await of('EdDSA') };
}

/** What a scanner gives, and the parts of it that the floor starts from. */
interface Sample {
  readonly text: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicKey: Uint8Array;
  readonly parity: number;
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
}

async function makeSample(phone: PhoneKey): Promise<Sample> {
  const text = await makeCode(phone, { campusId: CAMPUS, zone: ZONE, timeMs: NOW_MS });
  const { algorithm, publicKey, parity, header, signature } = must(decodePassCode(text));
  return { text, algorithm, publicKey, parity, statement: passStatement(CAMPUS, header), signature };
}

const policy = encodePolicy(
  policyDocument.parse({
    format: 1,
    timeZone: 'Asia/Shanghai',
    zone: ZONE,
    holidays: ['2026-10-01'],
    schedules: [
      {
        id: 'day',
        intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '05:30', until: '23:30' }],
        onHolidays: 'as-usual',
      },
      { id: 'night', intervals: [{ days: [1, 2, 3, 4, 5], from: '22:00', until: '06:00' }], onHolidays: 'closed' },
    ],
    portals: Array.from({ length: 20 }, (_, index) => ({
      id: `gate-${index}`,
      antiPassback: { mode: 'off' },
      assurance: [{ class: 'phone-code', schedule: 1 }],
      afterExpiry: 'refuse-all',
      askGateway: false,
    })),
    profiles: Array.from({ length: 50 }, (_, index) => ({
      rules: [{ portals: Array.from({ length: 20 }, (__, portal) => portal), schedule: 0 }],
      kind: index % 2 === 0 ? 'resident' : 'staff',
    })),
  }),
);

async function makeList(phones: readonly PhoneKey[]): Promise<AuthorizationList> {
  const jwks = await Promise.all([generateSigningJwk(), generateSigningJwk()]);
  const [root, list] = (await Promise.all(jwks.map(importSigningKey))).map(must);
  const [rootJwk, listJwk] = jwks.map((jwk) => must(toPublicJwk(jwk)));
  if (!root || !list || !rootJwk || !listJwk) throw new Error('no keys');
  const keys = [{ role: 'list' as const, scopes: 'all' as const, jwk: listJwk }];
  const numbers = { version: 1, epoch: 1, threshold: 1, issuedAtMs: NOW_MS };
  const document = { ...numbers, campusId: CAMPUS, rootKeys: [rootJwk], keys };
  const trust = { kind: 'pinned' as const, digest: rootDigest(encodeRoot(document)) };
  const { keyring } = must(await acceptRoot(trust, await signRoot(document, [root])));
  const plan = {
    campusId: CAMPUS,
    scopeId: SCOPE,
    epoch: 1,
    version: 1,
    issuedAtMs: NOW_MS,
    refreshBy: NOW_MINUTE + 1_440,
    hardExpiry: NOW_MINUTE + 10_080,
    denySeq: 0,
    previousHeadHash: new Uint8Array(32),
    prfKeyId: 1,
    prf: createPrf(new Uint8Array(16).fill(7)),
    policy,
    entries: entriesWith(phones),
  };
  const file = encodeListFile(await sealList(must(buildList(plan)), list));
  return must(await loadList(file, { keyring, campusId: CAMPUS, scopeId: SCOPE }));
}

function entriesWith(phones: readonly PhoneKey[]): ListEntries {
  const ids = new Uint8Array(randomBytes(LISTED * 16));
  phones.forEach(({ algorithm, publicKey }, index) => ids.set(phoneId(algorithm, publicKey), index * 16));
  return {
    ids,
    profiles: Uint16Array.from({ length: LISTED }, (_, index) => index % 50),
    flags: new Uint8Array(LISTED),
    classes: new Uint8Array(LISTED),
    until: new Uint32Array(LISTED).fill(NO_END),
  };
}

function gateContext(list: AuthorizationList): CodeContext {
  const denied = { epoch: 1, seq: 1, reason: 'lost' as const, minute: NOW_MINUTE };
  const entries = new Map(Array.from({ length: DENIED }, () => [toHex(randomBytes(8)), denied] as const));
  const overlay: DenyOverlay = { ...EMPTY_OVERLAY, epoch: 1, seq: DENIED, entries };
  return {
    list,
    overlay,
    scopePrf: createPrf(new Uint8Array(16).fill(7)),
    campusPrf: createPrf(new Uint8Array(16).fill(9)),
    portal: 'gate-3',
    direction: 'in',
    reader: 'scanner',
    instant: { ms: NOW_MS, quality: 'synced' },
    atMs: 1_000,
    driftMs: 100,
    bootMs: NOW_MS - 86_400_000,
    campusId: CAMPUS,
    zone: ZONE,
    seen: createSeenCodes(),
    keyring: undefined,
    challenges: [],
  };
}

interface Figures {
  readonly checkOverVerify: number;
  readonly codesPerSecond: number;
}

function measure(samples: readonly Sample[], context: CodeContext) {
  const floor: number[] = [];
  const subject: number[] = [];
  const steps = [
    (sample: Sample) => floor.push(timed(() => expectTrue(bareVerify(sample)))),
    (sample: Sample) => subject.push(timed(() => expectTrue(wholeCheck(sample.text, context)))),
  ];
  for (let round = -ROUNDS / 10; round < ROUNDS; round++) {
    // What the first rounds say is of a program not yet compiled.
    if (round === 0) floor.length = subject.length = 0;
    const sample = samples[(round + ROUNDS) % samples.length] as Sample;
    for (const step of round % 2 === 0 ? steps : steps.toReversed()) step(sample);
  }
  const [floorUs, subjectUs] = [median(floor), median(subject)];
  const figures: Figures = {
    checkOverVerify: Math.round((subjectUs / floorUs) * 1_000) / 1_000,
    // Of the median as well: the mean counts what else the machine did meanwhile.
    codesPerSecond: Math.round(1e6 / subjectUs),
  };
  const table = {
    'bare verify, µs': Math.round(floorUs),
    'whole check, µs': Math.round(subjectUs),
    'check over verify': figures.checkOverVerify,
    'codes/s on one core': figures.codesPerSecond,
  };
  return { figures, table };
}

/** Form, digits, PRF, list of 100,000, denies, schedule, replay, signature. */
function wholeCheck(text: string, context: CodeContext): boolean {
  if (codeFormOf(text) !== 'pass') return false;
  const checked = checkCode(text, context);
  return checked.kind === 'identified' && checked.decision.outcome === 'granted';
}

/** A made-up phone: what a flood of codes of nobody costs. */
function measureUnknown({ text }: Sample, context: CodeContext): number {
  const times = Array.from({ length: ROUNDS }, () =>
    timed(() => expectTrue(checkCode(text, context).kind === 'refused')),
  );
  return Math.round(1e6 / median(times));
}

function bareVerify({ algorithm, publicKey, parity, statement, signature }: Sample): boolean {
  return algorithm === 'EdDSA'
    ? verify(null, statement, edKey(publicKey), signature)
    : verify('sha256', statement, { key: ecKey(publicKey, parity), dsaEncoding: 'ieee-p1363' }, signature);
}

const edKey = (x: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(x).toString('base64url') }, format: 'jwk' });

/** Node reads no compressed point faster than this: as DER it takes half as long again. */
function ecKey(x: Uint8Array, parity: number): KeyObject {
  const compressed = Buffer.concat([Uint8Array.of(2 + parity), x]);
  const point = ECDH.convertKey(compressed, 'prime256v1', undefined, undefined, 'uncompressed') as Buffer;
  const [pointX, pointY] = [point.toString('base64url', 1, 33), point.toString('base64url', 33, 65)];
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: pointX, y: pointY }, format: 'jwk' });
}

function must<T>(result: { ok: true; value: T } | { ok: false; code: string }): T {
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

function expectTrue(held: boolean): void {
  if (!held) throw new Error('a code that should hold does not');
}

/** Microseconds. */
function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1_000;
}

const median = (times: number[]): number =>
  times.toSorted((one, other) => one - other)[times.length >> 1] ?? Number.NaN;
