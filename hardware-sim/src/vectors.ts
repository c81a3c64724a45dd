// SPDX-License-Identifier: Apache-2.0
// Makes fixtures/authorization: node --import tsx --conditions=latchkey-source hardware-sim/src/vectors.ts
// It uses node:crypto and offsets written out by hand, nothing of protocols/: the vectors are a second implementation's word.
import { createCipheriv, createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { POLICY_TEXT } from './vectors-policy.ts';

const FOLDER = new URL('../../fixtures/authorization/', import.meta.url);
const SOURCE = 'hardware-sim/src/vectors.ts: node:crypto and hand-written offsets, no code of protocols/';
const CAMPUS = '00c0ffee00c0ffee';
const SCOPE = 7;
const ISSUED_MS = 1_795_320_000_000;
const ISSUED_MINUTE = 29_922_000;
const SCOPE_PRF = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const CAMPUS_PRF = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex');

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');
const u8 = (...values: number[]): Buffer => Buffer.from(values);
const u16 = (value: number): Buffer => u8(value & 0xff, value >>> 8);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

interface TestKey {
  readonly private: KeyObject;
  readonly jwk: { kty: 'OKP'; crv: 'Ed25519'; x: string };
  readonly kid: string;
}

/** Ed25519 from the seed SHA-256("latchkey test key: NAME"). */
function testKey(name: string): TestKey {
  const seed = sha256(ascii(`latchkey test key: ${name}`));
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const x = String(createPublicKey(key).export({ format: 'jwk' }).x);
  const thumbprint = sha256(ascii(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`));
  return { private: key, jwk: { kty: 'OKP', crv: 'Ed25519', x }, kid: thumbprint.subarray(0, 8).toString('hex') };
}

const keys = Object.fromEntries(
  ['root-1', 'root-2', 'root-3', 'list', 'deny', 'list-2'].map((name) => [name, testKey(name)]),
);
const key = (name: string): TestKey => keys[name] as TestKey;

function frame(payload: Buffer, ...signers: string[]): Buffer {
  const signatures = signers.map((name) => {
    const header = ascii(`{"alg":"EdDSA","kid":"${key(name).kid}"}`);
    const input = ascii(`${header.toString('base64url')}.${payload.toString('base64url')}`);
    const signature = sign(null, input, key(name).private);
    return Buffer.concat([u8(header.length), header, u8(signature.length), signature]);
  });
  return Buffer.concat([u8(signers.length), ...signatures, payload]);
}

const aes = (prf: Buffer, id: Buffer): Buffer =>
  createCipheriv('aes-128-ecb', prf, null).setAutoPadding(false).update(id).subarray(0, 8);
const cardId = (uid: string): Buffer => sha256(u8(1), Buffer.from(uid, 'hex')).subarray(0, 16);

function write(name: string, clause: string, made: string, vectors: object): void {
  const text = JSON.stringify({ source: SOURCE, clause, made, ...vectors }, undefined, 2);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${text}\n`);
}

const UIDS = ['529d06e3', 'a1b2c3d4', '04a1b2c3d4e580', '00000000', '08112233', 'deadbeef'];

function writeIds(): void {
  const phone = Buffer.from(key('list').jwk.x, 'base64url');
  write('ids', 'protocols/README: credential ids and the PRF', 'SHA-256 and AES-128-ECB of one block', {
    prfKey: SCOPE_PRF.toString('hex'),
    cards: UIDS.map((uid) => ({
      uid,
      id: cardId(uid).toString('hex'),
      key: aes(SCOPE_PRF, cardId(uid)).toString('hex'),
    })),
    phones: (['EdDSA', 'ES256'] as const).map((alg, at) => ({
      alg,
      publicKey: phone.toString('hex'),
      id: sha256(u8(2, at + 1), phone)
        .subarray(0, 16)
        .toString('hex'),
    })),
    published: [
      {
        source: 'FIPS 197, appendix C.1: first 8 bytes of the cipher text',
        prfKey: '000102030405060708090a0b0c0d0e0f',
        id: '00112233445566778899aabbccddeeff',
        key: '69c4e0d86a7b0430',
      },
    ],
  });
}

interface Entry {
  readonly uid: string;
  readonly profile: number;
  readonly flags: number;
  readonly class: number;
  readonly untilMinute: number;
}

const ENTRIES: readonly Entry[] = UIDS.map((uid, at) => ({
  uid,
  profile: at % 2,
  flags: at % 8,
  class: at === 5 ? 1 : 0,
  untilMinute: at === 4 ? ISSUED_MINUTE + 60 : 0xffff_ffff,
}));

/** Sorted by key as a little-endian 64-bit number. One page: pageBits is 0. */
function records(entries: readonly Entry[]): Buffer {
  const rows = entries.map((entry) => {
    const key8 = aes(SCOPE_PRF, cardId(entry.uid));
    const rest = [u16(entry.profile), u8(entry.flags, entry.class), u32(entry.untilMinute)];
    return { order: key8.readBigUInt64LE(), bytes: Buffer.concat([key8, ...rest]) };
  });
  return Buffer.concat(rows.toSorted((one, other) => (one.order < other.order ? -1 : 1)).map(({ bytes }) => bytes));
}

function makeList(version: number, entries: readonly Entry[], previous: Buffer, denySeq: number) {
  const policy = Buffer.from(POLICY_TEXT, 'utf8');
  const rows = records(entries);
  const leaf = sha256(u8(0), u32(SCOPE), u32(0), rows);
  const head = Buffer.concat([
    ascii('CWL1'),
    u8(1, 1, 0, 16),
    Buffer.from(CAMPUS, 'hex'),
    u32(SCOPE),
    u32(1),
    u64(version),
    u64(ISSUED_MS),
    u32(ISSUED_MINUTE + 1_440),
    u32(ISSUED_MINUTE + 10_080),
    u32(entries.length),
    u32(9),
    u64(denySeq),
    leaf,
    sha256(policy),
    previous,
  ]);
  const headFrame = frame(head, 'list');
  const front = Buffer.concat([headFrame, policy, u16(entries.length)]);
  const header = Buffer.concat([ascii('LKL1'), u32(headFrame.length), u32(policy.length), u32(1), u32(entries.length)]);
  const padding = Buffer.alloc((16 - ((32 + front.length) % 16)) % 16);
  const file = Buffer.concat([header, Buffer.alloc(12), front, padding, rows]);
  return { head, headFrame, digest: sha256(head), rows, file };
}

function writeLists(): void {
  const first = makeList(1, ENTRIES, Buffer.alloc(32), 0);
  // One card leaves, one comes, one changes.
  const entries = [
    ...ENTRIES.slice(1, 5),
    { ...(ENTRIES[5] as Entry), flags: 0 },
    { ...(ENTRIES[0] as Entry), uid: '01020304' },
  ];
  const second = makeList(2, entries, first.digest, 2);
  const describe = (list: ReturnType<typeof makeList>, of: readonly Entry[]) => ({
    head: list.head.toString('hex'),
    headFrame: list.headFrame.toString('hex'),
    digest: list.digest.toString('hex'),
    records: list.rows.toString('hex'),
    file: list.file.toString('hex'),
    entries: of,
  });
  write(
    'lists',
    'protocols/README: a scope’s list',
    'two versions of one scope of six cards, signed with the list key',
    {
      campusId: CAMPUS,
      scopeId: SCOPE,
      prfKey: SCOPE_PRF.toString('hex'),
      versions: [describe(first, ENTRIES), describe(second, entries)],
    },
  );
  writeDelta(first.rows, second.rows);
}

function writeDelta(from: Buffer, to: Buffer): void {
  const rows = (all: Buffer) => Array.from({ length: all.length / 16 }, (_, at) => all.subarray(at * 16, at * 16 + 16));
  const keyOf = (row: Buffer) => row.subarray(0, 8).toString('hex');
  const before = new Map(rows(from).map((row) => [keyOf(row), row]));
  const now = new Map(rows(to).map((row) => [keyOf(row), row]));
  const puts = rows(to).filter((row) => !before.get(keyOf(row))?.equals(row));
  const gone = rows(from).filter((row) => !now.has(keyOf(row)));
  const ops = [
    ...puts.map((row) => ({ order: row.readBigUInt64LE(), bytes: Buffer.concat([u8(1), row]) })),
    ...gone.map((row) => ({ order: row.readBigUInt64LE(), bytes: Buffer.concat([u8(2), row.subarray(0, 8)]) })),
  ].toSorted((one, other) => (one.order < other.order ? -1 : 1));
  const body = Buffer.concat(ops.map(({ bytes }) => bytes));
  const header = [ascii('LKX1'), u32(SCOPE), u32(1), u64(1), u64(2), u32(ops.length), u32(body.length)];
  write(
    'delta',
    'protocols/README: delta',
    'from version 1 to version 2 of lists.json: one put, one deleted, one changed',
    {
      hex: Buffer.concat([...header, body]).toString('hex'),
      puts: puts.length,
      deletes: gone.length,
    },
  );
}

function writeTree(): void {
  const pages = ['', '00'.repeat(16), '11'.repeat(32), 'ff'.repeat(16)].map((hex) => Buffer.from(hex, 'hex'));
  const leaves = pages.map((page, at) => sha256(u8(0), u32(SCOPE), u32(at), page));
  const node = (at: number) => sha256(u8(1), leaves[at] as Buffer, leaves[at + 1] as Buffer);
  write('tree', 'protocols/README: pages', 'four pages of 0, 1, 2 and 1 records, pageBits 2', {
    scopeId: SCOPE,
    pages: pages.map((page) => page.toString('hex')),
    leaves: leaves.map((leaf) => leaf.toString('hex')),
    root: sha256(u8(1), node(0), node(2)).toString('hex'),
  });
}

function writeDenies(): void {
  const reasons = ['lost', 'frozen', 'withdrawn', 'other'];
  const ops = [
    { uid: '529d06e3', kind: 'deny', reason: 'lost', minute: ISSUED_MINUTE },
    { uid: 'a1b2c3d4', kind: 'deny', reason: 'frozen', minute: ISSUED_MINUTE + 1 },
    { uid: '529d06e3', kind: 'allow-again', reason: 'other', minute: ISSUED_MINUTE + 2 },
  ].map((op) => ({ ...op, key8: aes(CAMPUS_PRF, cardId(op.uid)) }));
  const bytes = ops.map((op) =>
    Buffer.concat([op.key8, u8(op.kind === 'deny' ? 1 : 2, reasons.indexOf(op.reason) + 1, 0, 0), u32(op.minute)]),
  );
  const chain: Buffer[] = [Buffer.alloc(32)];
  for (const op of bytes) chain.push(sha256(chain.at(-1) as Buffer, op));
  const deny = (first: number, count: number) =>
    Buffer.concat([
      ascii('LKD1'),
      Buffer.from(CAMPUS, 'hex'),
      u32(1),
      u64(first),
      u16(count),
      u64(ISSUED_MS),
      chain[first - 1] as Buffer,
      ...bytes.slice(first - 1, first - 1 + count),
    ]);
  const signed = (first: number, count: number) => ({
    firstSeq: first,
    count,
    hex: deny(first, count).toString('hex'),
    frame: frame(deny(first, count), 'deny').toString('hex'),
  });
  write('denies', 'protocols/README: deny', 'three operations under the campus PRF, signed with the deny key', {
    campusId: CAMPUS,
    campusPrfKey: CAMPUS_PRF.toString('hex'),
    ops: ops.map(({ key8, ...op }) => ({ ...op, key8: key8.toString('hex') })),
    chain: chain.map((link) => link.toString('hex')),
    denies: [signed(1, 1), signed(2, 2), signed(1, 3)],
  });
  writeStatements(chain);
}

function writeStatements(chain: readonly Buffer[]): void {
  const campus = Buffer.from(CAMPUS, 'hex');
  const digest = makeList(1, ENTRIES, Buffer.alloc(32), 0).digest;
  const beat = Buffer.concat([ascii('LKB1'), campus, u32(1), u64(41), u64(ISSUED_MS), u64(3), chain[3] as Buffer]);
  const freshness = Buffer.concat([ascii('LKF1'), campus, u32(SCOPE), u32(1), u64(1), digest, u64(ISSUED_MS)]);
  const device = sha256(ascii('gate-1'));
  const prfKey = Buffer.concat([ascii('LKP1'), campus, u32(1), u32(SCOPE), u32(9), device, CAMPUS_PRF]);
  const session = Buffer.from('5e5510a1b2c3d4e5', 'hex');
  const retraction = Buffer.concat([
    ascii('LKU1'),
    campus,
    u32(SCOPE),
    u32(1),
    u64(1),
    device,
    session,
    u64(ISSUED_MS),
  ]);
  write(
    'statements',
    'protocols/README: beat, freshness, PRF key, retraction',
    'after the third operation of denies.json; about version 1 of lists.json',
    {
      beat: {
        hex: beat.toString('hex'),
        frame: frame(beat, 'deny').toString('hex'),
        expected: {
          campusId: CAMPUS,
          epoch: 1,
          beatSeq: 41,
          timeMs: ISSUED_MS,
          denySeq: 3,
          denyChain: chain[3]?.toString('hex'),
        },
      },
      freshness: {
        hex: freshness.toString('hex'),
        frame: frame(freshness, 'deny').toString('hex'),
        expected: {
          campusId: CAMPUS,
          scopeId: SCOPE,
          epoch: 1,
          version: 1,
          headHash: digest.toString('hex'),
          timeMs: ISSUED_MS,
        },
      },
      prfKey: {
        device: 'gate-1',
        hex: prfKey.toString('hex'),
        frame: frame(prfKey, 'list').toString('hex'),
        expected: {
          campusId: CAMPUS,
          epoch: 1,
          scopeId: SCOPE,
          keyId: 9,
          device: device.toString('hex'),
          key: CAMPUS_PRF.toString('hex'),
        },
      },
      retraction: {
        hex: retraction.toString('hex'),
        frame: frame(retraction, 'list').toString('hex'),
        expected: {
          campusId: CAMPUS,
          scopeId: SCOPE,
          epoch: 1,
          version: 1,
          device: device.toString('hex'),
          session: session.toString('hex'),
          issuedMs: ISSUED_MS,
        },
      },
    },
  );
}

/** Members in alphabetical order, as canonical JSON has them. */
function rootText(version: number, listKey: string): string {
  const entry = (role: string, scopes: string, name: string) =>
    `{"jwk":${jwkText(name)},"role":"${role}","scopes":${scopes}}`;
  const rootKeys = ['root-1', 'root-2', 'root-3'].map(jwkText).join(',');
  const named = [entry('list', `[${SCOPE}]`, listKey), entry('deny', '"all"', 'deny')].join(',');
  const numbers = `"epoch":${version},"issuedAtMs":${ISSUED_MS},"keys":[${named}],"rootKeys":[${rootKeys}]`;
  return `{"campusId":"${CAMPUS}",${numbers},"threshold":2,"version":${version}}`;
}

const jwkText = (name: string): string => `{"crv":"Ed25519","kty":"OKP","x":"${key(name).jwk.x}"}`;

function writeRoots(): void {
  const root = (version: number, listKey: string, ...signers: string[]) => {
    const payload = Buffer.concat([ascii('LKR1'), Buffer.from(rootText(version, listKey), 'utf8')]);
    return {
      version,
      signers,
      digest: sha256(payload).toString('hex'),
      frame: frame(payload, ...signers).toString('hex'),
    };
  };
  write('roots', 'protocols/README: root document', 'threshold 2 of 3; version 2 names another list key', {
    keys: Object.fromEntries(Object.entries(keys).map(([name, { jwk, kid }]) => [name, { jwk, kid }])),
    documents: [root(1, 'list', 'root-1', 'root-2'), root(2, 'list-2', 'root-2', 'root-3')],
    refused: [
      { ...root(2, 'list-2', 'root-1'), code: 'threshold-not-met' },
      { ...root(2, 'list-2', 'root-1', 'root-1'), code: 'threshold-not-met' },
      { ...root(3, 'list-2', 'root-1', 'root-2'), code: 'version-gap' },
      { ...root(2, 'list-2', 'list', 'deny'), code: 'threshold-not-met' },
    ],
  });
}

mkdirSync(FOLDER, { recursive: true });
writeIds();
writeLists();
writeTree();
writeDenies();
writeRoots();
