// SPDX-License-Identifier: Apache-2.0
// Scanned texts, challenges and datagrams of the local network from whoever stands before the gate or plugs into its switch.
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { type CodeContext, checkCode } from '@latchkey/protocols/codes/check-code';
import { codeFormOf } from '@latchkey/protocols/codes/code-forms';
import { fromDecimal, toDecimal } from '@latchkey/protocols/codes/decimal';
import {
  CERTIFICATE,
  CERTIFIED_DIGITS,
  challengeText,
  decodePassCode,
  encodePassCode,
  PASS_CODE,
  PASS_DIGITS,
  readChallenge,
} from '@latchkey/protocols/codes/pass-code';
import { importPassKey, verifyRaw } from '@latchkey/protocols/codes/pass-key';
import { createSeenCodes } from '@latchkey/protocols/codes/seen-codes';
import { openZoneMessage } from '@latchkey/protocols/codes/zone-message';
import formVectors from '../../../fixtures/codes/forms.json' with { type: 'json' };
import codeVectors from '../../../fixtures/codes/pass-codes.json' with { type: 'json' };
import zoneVectors from '../../../fixtures/codes/zone-messages.json' with { type: 'json' };
import type { FuzzTarget } from './target.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const utf8 = (given: string) => new Uint8Array(Buffer.from(given));
const hex = (given: string) => new Uint8Array(Buffer.from(given, 'hex'));

const texts = [...codeVectors.codes.map(({ digits }) => digits), ...formVectors.forms.map((form) => form.text)];
const raws = codeVectors.codes.map(({ bytes }) => hex(bytes));
const prf = createPrf(new Uint8Array(16));
const zoneKey = hex(zoneVectors.zoneKey);

/** What is read as a code must be written as the very same text, and have the form of one. */
function checkText(given: string): void {
  const form = codeFormOf(given);
  const read = decodePassCode(given);
  if (!read.ok) return;
  if (form !== 'pass') throw new Error('a code without the form of one');
  const { header, signature, certificate } = read.value;
  const again = encodePassCode(header, signature, certificate && CERTIFICATE.encode(certificate));
  if (again !== given) throw new Error('a code does not round-trip');
}

const GATE: Omit<CodeContext, 'seen'> = {
  list: undefined,
  overlay: EMPTY_OVERLAY,
  scopePrf: prf,
  campusPrf: prf,
  keyring: undefined,
  challenges: [],
  portal: 'north-gate',
  direction: 'in',
  reader: 'scanner',
  campusId: codeVectors.campusId,
  zone: 12,
  instant: { ms: 1_795_320_000_000, quality: 'synced' },
  atMs: 0,
  driftMs: 0,
  bootMs: 0,
};

/** A gate without a list lets nobody in and names nobody. */
function checkAtGate(given: string): void {
  const checked = checkCode(given, { ...GATE, seen: createSeenCodes() });
  if (checked.kind !== 'refused') throw new Error('a gate without a list took a code');
}

/** Any bytes as key and signature: import and verification answer, and nothing holds. */
function checkKey(bytes: Uint8Array): void {
  const publicKey = bytes.slice(8, 40);
  if (publicKey.length !== 32) return;
  for (const algorithm of ['EdDSA', 'ES256'] as const) {
    const key = importPassKey(algorithm, publicKey, (bytes[1] ?? 0) >> 7);
    // Another statement than the vectors' codes sign, so that not even those hold.
    if (key !== undefined && verifyRaw(algorithm, key, utf8('nobody signs this'), bytes.slice(40, 104))) {
      throw new Error('a signature that nobody made holds');
    }
  }
}

function checkDigits(bytes: Uint8Array): void {
  const certified = bytes.length > PASS_CODE.size;
  const length = certified ? PASS_CODE.size + CERTIFICATE.size : PASS_CODE.size;
  const filled = new Uint8Array(length);
  filled.set(bytes.subarray(0, length));
  const again = fromDecimal(toDecimal(filled, certified ? CERTIFIED_DIGITS : PASS_DIGITS), length);
  if (again === undefined || toHex(again) !== toHex(filled)) throw new Error('digits do not round-trip');
}

/** The datagram is the vectors' with changes: what opens must be that very one. */
function checkDatagram(bytes: Uint8Array): void {
  const { zone, sentAtS } = zoneVectors.message;
  const receiver = { zone, boot: 'c0c1c2c3c4c5c6c7', nowMs: sentAtS * 1_000, driftMs: 0 };
  const opened = openZoneMessage(zoneKey, bytes, receiver);
  if (opened.ok && toHex(bytes) !== zoneVectors.datagram) throw new Error('a datagram that nobody sent was opened');
}

export const CODE_TARGETS: readonly FuzzTarget[] = [
  { name: 'codes/text', seeds: texts.map(utf8), run: (bytes) => checkText(text(bytes)) },
  { name: 'codes/gate', seeds: texts.map(utf8), run: (bytes) => checkAtGate(text(bytes)) },
  { name: 'codes/digits', seeds: raws, run: checkDigits },
  { name: 'codes/key', seeds: raws, run: checkKey },
  {
    name: 'codes/challenge',
    seeds: [utf8(codeVectors.challenge.text)],
    run(bytes) {
      const read = readChallenge(text(bytes));
      if (read.ok && challengeText(read.value) !== text(bytes)) throw new Error('a challenge does not round-trip');
    },
  },
  { name: 'codes/zone-message', seeds: [hex(zoneVectors.datagram)], run: checkDatagram },
];
