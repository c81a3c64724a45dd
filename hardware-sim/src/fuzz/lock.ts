// SPDX-License-Identifier: Apache-2.0
// Frames, messages, tickets and advertisements from whoever stands near a lock with a radio; and what a lock finds in a flash whose
// bits changed.
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { equalBytes } from '@latchkey/protocols/bytes/equal';
import { ADVERTISEMENT_BYTES, readAdvertisement, writeAdvertisement } from '@latchkey/protocols/lock/advertisement';
import { type JoinState, joinFrame, MAX_LOCK_MESSAGE_BYTES, splitMessage } from '@latchkey/protocols/lock/framing';
import { unwrapKey } from '@latchkey/protocols/lock/key-wrap';
import { LOG_RECORD } from '@latchkey/protocols/lock/log-record';
import {
  type LockMessage,
  readLockMessage,
  readLogRecords,
  writeLockMessage,
  writeLogRecords,
} from '@latchkey/protocols/lock/messages';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { judgeTicket, TICKET_BYTES } from '@latchkey/protocols/lock/ticket';
import { SimulatedFlash } from '../lock/flash.ts';
import { openLogRing } from '../lock/log-ring.ts';
import { openSettingsStore } from '../lock/settings-store.ts';
import type { FuzzTarget } from './target.ts';

const AD_KEY = new Uint8Array(16).fill(7);
const LOCK = keyPair(new Uint8Array(32).fill(2));
const KEY_ORDER = { campusId: '00000000c0ffee01', kind: 'scope', keyId: 9 } as const;
const KEYS = [generateKeyPairSync('ed25519').publicKey];
/** Nobody here holds its private half. */
const COMMAND_KEY = createPublicKey({
  key: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  format: 'jwk',
});
const said = { flags: 2, battery: 80, stateCounter: 9, listVersion: 7, logNext: 300, shortId: '01020304' };
const advertisement = writeAdvertisement(said, AD_KEY);
const record = {
  seq: 7,
  atS: 1_795_320_000,
  kind: 1,
  detail: 0,
  class: 0,
  clock: 1,
  subject: 'ab'.repeat(8),
  value: 3,
};
const messages: LockMessage[] = [
  { kind: 'status', number: 1 },
  { kind: 'open', number: 2, tail: new Uint8Array(TICKET_BYTES) },
  { kind: 'list-begin', number: 3, epoch: 1, version: 2, digest: '00'.repeat(32), total: 900, tail: Uint8Array.of(1) },
  { kind: 'list-data', number: 4, offset: 218, tail: new Uint8Array(40) },
  { kind: 'list-delta', number: 5, from: 1, to: 2, tail: Uint8Array.of(1, 0, 9) },
  { kind: 'failed', number: 2, commandId: 'aa00000000000001', code: 12 },
  { kind: 'log', number: 6, first: 1, next: 2, lost: 0, tail: writeLogRecords([record]) },
];
const written = messages.map(writeLockMessage);

function checkMessage(bytes: Uint8Array): void {
  const read = readLockMessage(bytes);
  if (!read.ok) return;
  if (!equalBytes(writeLockMessage(read.value), bytes)) throw new Error('a message does not round-trip');
  if (read.value.kind !== 'log') return;
  const records = readLogRecords(read.value.tail);
  if (records.ok && !equalBytes(writeLogRecords(records.value), read.value.tail))
    throw new Error('records do not round-trip');
}

/** The input is a row of frames, each behind its length. */
function checkFrames(bytes: Uint8Array): void {
  let state: JoinState | undefined;
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at] as number;
    const joined = joinFrame(state, bytes.slice(at + 1, at + 1 + length));
    at += 1 + length;
    state = joined.ok ? joined.value.state : undefined;
    const held = (state?.parts ?? []).reduce((sum, part) => sum + part.length, 0);
    if (held > MAX_LOCK_MESSAGE_BYTES) throw new Error('more is held than a message may have');
  }
}
const framesOf = (message: Uint8Array): Uint8Array =>
  Uint8Array.from(splitMessage(message, 20, 60).flatMap((frame) => [frame.length, ...frame]));

function checkTicket(bytes: Uint8Array): void {
  const context = { campusId: '00c0ffee00c0ffee', lockId: '0102030405060708', nowS: 1_795_320_000, uncertainS: 2 };
  if (judgeTicket(bytes, [COMMAND_KEY], context).ok) throw new Error('a ticket that nobody signed holds');
}

function checkAdvertisement(bytes: Uint8Array): void {
  const read = readAdvertisement(bytes, AD_KEY);
  if (read.ok && !equalBytes(bytes, writeAdvertisement(read.value, AD_KEY)))
    throw new Error('an advertisement does not round-trip');
}

/** Whatever the flash holds, a store comes of it that takes values and gives them back. */
function checkSettings(bytes: Uint8Array): void {
  const flash = new SimulatedFlash(2, 128);
  flash.program(0, bytes.subarray(0, flash.size));
  const store = openSettingsStore(flash, 0, 1);
  const value = Uint8Array.of(1, 2, 3);
  store.clear();
  store.put(5, value);
  if (!equalBytes(openSettingsStore(flash, 0, 1).get(5) ?? new Uint8Array(0), value))
    throw new Error('a value was not kept');
}

/** And a log whose numbers rise. */
function checkRing(bytes: Uint8Array): void {
  const flash = new SimulatedFlash(2, 128);
  flash.program(0, bytes.subarray(0, flash.size));
  const ring = openLogRing(flash, 0, 2, () => 0);
  const next = ring.next();
  const { seq: _, ...body } = record;
  if (ring.append(body).seq !== next || ring.next() !== next + 1) throw new Error('a number came twice');
}

const flashOf = (write: (flash: SimulatedFlash) => void): Uint8Array => {
  const flash = new SimulatedFlash(2, 128);
  write(flash);
  return flash.read(0, flash.size);
};

export const LOCK_TARGETS: readonly FuzzTarget[] = [
  { name: 'lock/message', seeds: written, run: checkMessage },
  { name: 'lock/frames', seeds: written.map(framesOf), run: checkFrames },
  { name: 'lock/ticket', seeds: [new Uint8Array(TICKET_BYTES)], run: checkTicket },
  {
    name: 'lock/advertisement',
    seeds: [advertisement, new Uint8Array(ADVERTISEMENT_BYTES)],
    run: checkAdvertisement,
  },
  {
    name: 'lock/key-wrap',
    seeds: [new Uint8Array(128).fill(9), new Uint8Array(127)],
    run(bytes) {
      // One agreement of keys in so many, or this takes minutes.
      if (bytes.length === 128 && bytes.reduce((sum, byte) => sum + byte, 0) % 16 !== 0) return;
      if (unwrapKey(bytes, KEY_ORDER, LOCK, KEYS).ok) throw new Error('a key that nobody wrapped was unwrapped');
    },
  },
  {
    name: 'lock/settings-in-flash',
    seeds: [flashOf((flash) => openSettingsStore(flash, 0, 1).put(1, Uint8Array.of(7, 7, 7)))],
    run: checkSettings,
  },
  {
    name: 'lock/log-in-flash',
    seeds: [
      flashOf((flash) => {
        const { seq: _, ...body } = record;
        openLogRing(flash, 0, 2, () => 0).append(body);
      }),
      LOG_RECORD.encode(record),
    ],
    run: checkRing,
  },
];
