// SPDX-License-Identifier: Apache-2.0
// Makes fixtures/codes: node --import tsx --conditions=latchkey-source hardware-sim/src/vectors-codes.ts
// It uses node:crypto, BigInt and offsets written out by hand, nothing of protocols/: a second implementation's word. ECDSA
// draws a random number for every signature, so those bytes differ from run to run.
import {
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('../../fixtures/codes/', import.meta.url);
const SOURCE = 'hardware-sim/src/vectors-codes.ts: node:crypto, BigInt and hand-written offsets, no code of protocols/';
const CAMPUS = Buffer.from('00c0ffee00c0ffee', 'hex');
const ZONE = 12;
const TIME_S = 1_795_320_000;
const PORTAL = 'north-gate';

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');
const u8 = (...values: number[]): Buffer => Buffer.from(values);
const u16 = (value: number): Buffer => u8(value & 0xff, value >>> 8);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const digits = (bytes: Buffer, width: number): string =>
  BigInt(`0x${bytes.toString('hex')}`)
    .toString()
    .padStart(width, '0');

interface Phone {
  readonly algorithm: 'EdDSA' | 'ES256';
  readonly parity: number;
  readonly publicKey: Buffer;
  sign(statement: Buffer): Buffer;
}

function edKey(name: string): { key: KeyObject; x: Buffer } {
  const seed = sha256(ascii(`latchkey test key: ${name}`));
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return { key, x: Buffer.from(String(createPublicKey(key).export({ format: 'jwk' }).x), 'base64url') };
}

function edPhone(name: string): Phone {
  const { key, x } = edKey(name);
  return { algorithm: 'EdDSA', parity: 0, publicKey: x, sign: (statement) => sign(null, statement, key) };
}

function ecPhone(name: string): Phone {
  const curve = createECDH('prime256v1');
  const d = sha256(ascii(`latchkey test key: ${name}`));
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33, 65)];
  const text = (bytes: Buffer) => bytes.toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', d: text(d), x: text(x), y: text(y) };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return {
    algorithm: 'ES256',
    parity: (y[31] ?? 0) & 1,
    publicKey: x,
    sign: (statement) => sign('sha256', statement, { key, dsaEncoding: 'ieee-p1363' }),
  };
}

/** The first name of a row whose key has this parity. */
function ecPhoneOf(parity: number): Phone {
  for (let number = 1; ; number++) {
    const phone = ecPhone(`phone-${number}`);
    if (phone.parity === parity) return phone;
  }
}

const GATE_ID = sha256(ascii(PORTAL)).subarray(0, 4);
const NONCE = Buffer.from('a0a1a2a3a4a5a6a7', 'hex');

const headerOf = (version: number, phone: Phone): Buffer => {
  const algorithm = phone.algorithm === 'EdDSA' ? 0x01 : 0x02 + 0x80 * phone.parity;
  return Buffer.concat([u8(version, algorithm), u16(ZONE), u32(TIME_S), phone.publicKey]);
};

function code(profile: 'A' | 'B' | 'D', phone: Phone, why: string, certificate = Buffer.alloc(0)) {
  const header = headerOf({ A: 1, B: 2, D: 3 }[profile], phone);
  const statement =
    profile === 'D'
      ? Buffer.concat([ascii('campus-qr-d1\0'), CAMPUS, GATE_ID, NONCE, header])
      : Buffer.concat([ascii('campus-qr-v1\0'), CAMPUS, header]);
  const signature = phone.sign(statement);
  const bytes = Buffer.concat([header, signature, certificate]);
  return {
    why,
    profile,
    algorithm: phone.algorithm,
    parity: phone.parity,
    zone: ZONE,
    time: TIME_S,
    publicKey: phone.publicKey.toString('hex'),
    statement: statement.toString('hex'),
    signature: signature.toString('hex'),
    bytes: bytes.toString('hex'),
    digits: digits(bytes, profile === 'B' ? 424 : 251),
  };
}

const POLICY_ROOT = sha256(ascii('the policy in force at zone 12'));
const EXPIRY = TIME_S / 60 + 1_440;
const PROFILE = 3;

function certify(phone: Phone) {
  const { key, x } = edKey('code');
  const kid = sha256(ascii(`{"crv":"Ed25519","kty":"OKP","x":"${x.toString('base64url')}"}`)).subarray(0, 8);
  const keyId = kid.readUInt16BE(0);
  const terms = Buffer.concat([u32(EXPIRY), u16(keyId), u16(PROFILE)]);
  const algorithm = headerOf(2, phone).subarray(1, 2);
  const subject = Buffer.concat([CAMPUS, u16(ZONE), POLICY_ROOT, algorithm, phone.publicKey]);
  const statement = Buffer.concat([ascii('campus-cert-v1\0'), subject, terms]);
  const certificate = Buffer.concat([terms, sign(null, statement, key)]);
  return { issuer: { kid: kid.toString('hex'), x: x.toString('base64url') }, keyId, algorithm, statement, certificate };
}

function write(name: string, clause: string, made: string, vectors: object): void {
  const text = JSON.stringify({ source: SOURCE, clause, made, ...vectors }, undefined, 2);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${text}\n`);
}

function writeCodes(): void {
  const [ed, even, odd] = [edPhone('phone-1'), ecPhoneOf(0), ecPhoneOf(1)];
  const { certificate } = certify(odd);
  const first = Buffer.from(code('A', ed, '').bytes, 'hex');
  const changed = (at: number, value: number) =>
    digits(Buffer.from(first.map((byte, i) => (i === at ? value : byte))), 251);
  const largest = 256n ** 104n;
  write('pass-codes', 'protocols/README: the code’s bytes', 'keys from SHA-256 of their names; BigInt for the digits', {
    campusId: CAMPUS.toString('hex'),
    challenge: {
      portal: PORTAL,
      gateId: GATE_ID.toString('hex'),
      nonce: NONCE.toString('hex'),
      text: `LKD1:${Buffer.concat([GATE_ID, NONCE]).toString('base64url')}`,
    },
    codes: [
      code('A', ed, 'Ed25519'),
      code('A', even, 'P-256 with an even Y'),
      code('A', odd, 'P-256 with an odd Y'),
      code('B', odd, 'with the certificate of certificates.json', certificate),
      code('D', ed, 'Ed25519, answers the challenge'),
      code('D', odd, 'P-256, answers the challenge'),
    ],
    refused: [
      { why: 'one digit less', digits: changed(0, 1).slice(1), code: 'not-a-pass-code' },
      { why: 'one digit more', digits: `0${changed(0, 1)}`, code: 'not-a-pass-code' },
      { why: 'a letter', digits: changed(0, 1).replace(/.$/, 'O'), code: 'not-a-pass-code' },
      { why: '256^104', digits: largest.toString(), code: 'out-of-range' },
      { why: 'the largest number of 251 digits', digits: '9'.repeat(251), code: 'out-of-range' },
      { why: '256^176', digits: (256n ** 176n).toString(), code: 'out-of-range' },
      { why: 'version 0', digits: changed(0, 0), code: 'unknown-version' },
      { why: 'version 2 without certificate', digits: changed(0, 2), code: 'unknown-version' },
      { why: 'version 4', digits: changed(0, 4), code: 'unknown-version' },
      {
        why: 'version 1 with certificate',
        digits: digits(Buffer.concat([first, certificate]), 424),
        code: 'unknown-version',
      },
      { why: 'algorithm 0', digits: changed(1, 0), code: 'unknown-algorithm' },
      { why: 'algorithm 3', digits: changed(1, 3), code: 'unknown-algorithm' },
      { why: 'Ed25519 with a parity', digits: changed(1, 0x81), code: 'unknown-algorithm' },
      { why: 'zone 0', digits: changed(2, 0), code: 'out-of-range' },
    ],
  });
  const { issuer, keyId, algorithm, statement } = certify(odd);
  write(
    'certificates',
    'protocols/README: certificate',
    'by the Ed25519 key of the name "code", for the P-256 phone with odd Y',
    {
      campusId: CAMPUS.toString('hex'),
      issuer,
      subject: {
        zone: ZONE,
        policyRoot: POLICY_ROOT.toString('hex'),
        algorithmByte: algorithm[0],
        publicKey: odd.publicKey.toString('hex'),
      },
      expected: { expiry: EXPIRY, keyId, profile: PROFILE },
      statement: statement.toString('hex'),
      certificate: certificate.toString('hex'),
    },
  );
}

function writeForms(): void {
  const forms = [
    ['pass', '1'.repeat(251), '251 digits'],
    ['pass', '1'.repeat(424), '424 digits'],
    ['other', '1'.repeat(250), 'one digit less'],
    ['other', `${'1'.repeat(250)}x`, '251 characters'],
    ['wechat-pay', '100000000000000001', '18 digits from 10'],
    ['wechat-pay', '159999999999999999', '18 digits up to 15'],
    ['other', '160000000000000000', '18 digits from 16'],
    ['other', '1300000000000000001', '19 digits from 13'],
    ['alipay', '2500000000000001', '16 digits from 25'],
    ['alipay', '280000000000000001', '18 digits from 28'],
    ['alipay', '309999999999999999999999', '24 digits up to 30'],
    ['other', '310000000000000000', '18 digits from 31'],
    ['other', '280000000000001', '15 digits'],
    ['other', '2800000000000000000000001', '25 digits'],
    ['unionpay', '6200000000000000001', '19 digits from 62'],
    ['other', '620000000000000001', '18 digits from 62'],
    ['other', '', 'nothing'],
    ['other', '130000000000000001\n', 'a line break after the digits'],
    ['other', '１３００００００００００００００１', 'digits of another script'],
    ['other', 'https://example.edu.cn/code?c=130000000000000001', 'an address'],
    ['other', '2023010203', 'a student number'],
  ].map(([form, text, why]) => ({ form, why, text }));
  write('forms', 'protocols/README: forms of codes', 'made-up digits at the edges of the forms; no real code', {
    forms,
  });
}

function writeZoneMessages(): void {
  const scopeKey = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const key = Buffer.from(hkdfSync('sha256', scopeKey, Buffer.alloc(0), ascii('campus-zone-v1'), 32));
  const seen = [
    { key: '0011223344556677', timeS: TIME_S },
    { key: '8899aabbccddeeff', timeS: TIME_S - 7 },
  ];
  const sender = 'b0b1b2b3b4b5b6b7';
  const entries = seen.map((one) => Buffer.concat([Buffer.from(one.key, 'hex'), u32(one.timeS)]));
  const front = [ascii('LKZ1'), u16(ZONE), Buffer.from(sender, 'hex'), u32(41), u32(TIME_S), u8(seen.length)];
  const body = Buffer.concat([...front, ...entries]);
  const mac = createHmac('sha256', key).update(body).digest().subarray(0, 16);
  write('zone-messages', 'protocols/README: zone message', 'HKDF and HMAC of node:crypto', {
    scopeKey: scopeKey.toString('hex'),
    zoneKey: key.toString('hex'),
    message: { zone: ZONE, sender, seq: 41, sentAtS: TIME_S, seen },
    datagram: Buffer.concat([body, mac]).toString('hex'),
  });
}

mkdirSync(FOLDER, { recursive: true });
writeCodes();
writeForms();
writeZoneMessages();
