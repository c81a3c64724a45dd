// SPDX-License-Identifier: Apache-2.0
// What the controllers of a zone tell each other over the local network when a code was accepted, as UDP datagrams: nothing in
// them is secret, all of it is authenticated, and a repeated or replayed one says nothing new.
import { createHmac, hkdfSync } from 'node:crypto';
import { concatBytes, equalBytes } from '../bytes/equal.ts';
import { type Codec, type DecodeCode, type TableValue, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';
import type { SeenCode } from './seen-codes.ts';

/** Keeps a datagram within one frame of any network. */
export const MAX_ZONE_ENTRIES = 100;
/** Older or newer than this, by more than the own clock may be off, and it is dropped. */
const ZONE_FRESH_MS = 30_000;
/** A datagram may get lost: it is sent before the relay moves, and again after these times. */
export const ZONE_REPEATS_MS: readonly number[] = [50, 200];
const MAC_BYTES = 16;

const HEADER_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKZ1' },
  { name: 'zone', type: 'u16', min: 1 },
  /** Boot id of the sender. */
  { name: 'sender', type: 'hex', length: 8 },
  /** Rises with every message of a sender; its repetitions carry the same. */
  { name: 'seq', type: 'u32' },
  /** Unix seconds. */
  { name: 'sentAt', type: 'u32' },
  { name: 'count', type: 'u8', min: 1, max: MAX_ZONE_ENTRIES },
] as const;
const ENTRY_FIELDS = [
  /** Of the credential, under the scope's PRF. */
  { name: 'key', type: 'hex', length: 8 },
  /** Of the code that was accepted, Unix seconds. */
  { name: 'time', type: 'u32' },
] as const;

export const ZONE_HEADER: Codec<TableValue<typeof HEADER_FIELDS>> = table('zone message', HEADER_FIELDS);
export const ZONE_ENTRY: Codec<TableValue<typeof ENTRY_FIELDS>> = table('zone entry', ENTRY_FIELDS);

export interface ZoneMessage {
  readonly zone: number;
  /** 16 hex digits. */
  readonly sender: string;
  readonly seq: number;
  readonly sentAtS: number;
  readonly seen: readonly SeenCode[];
}

export interface ZoneReceiver {
  readonly zone: number;
  /** Its own boot id: a broadcast may come back to its sender. */
  readonly boot: string;
  readonly nowMs: number;
  readonly driftMs: number;
}

export type ZoneMessageError =
  | 'too-large'
  | 'bad-mac'
  | DecodeCode
  | 'trailing-bytes'
  | 'wrong-zone'
  | 'own-message'
  | 'stale';

/** 32 bytes from the 16 of the scope's PRF key, which exactly the zone's controllers and the gateway hold. */
export const zoneKey = (scopeKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', scopeKey, new Uint8Array(0), 'campus-zone-v1', 32));

/** Throws on no entry or more than fit: the caller splits. */
export function sealZoneMessage(key: Uint8Array, { zone, sender, seq, sentAtS, seen }: ZoneMessage): Uint8Array {
  const header = ZONE_HEADER.encode({ zone, sender, seq, sentAt: sentAtS, count: seen.length });
  const entries = seen.map((one) => ZONE_ENTRY.encode({ key: one.key, time: one.timeS }));
  const body = concatBytes([header, ...entries]);
  return concatBytes([body, macOf(key, body)]);
}

/** Nothing is read of a datagram before its MAC held. Never throws. */
export function openZoneMessage(
  key: Uint8Array,
  datagram: Uint8Array,
  receiver: ZoneReceiver,
): Result<ZoneMessage, ZoneMessageError> {
  const least = ZONE_HEADER.size + ZONE_ENTRY.size + MAC_BYTES;
  if (datagram.length < least) return err('truncated', `a zone message takes at least ${least} bytes`);
  if (datagram.length > ZONE_HEADER.size + MAX_ZONE_ENTRIES * ZONE_ENTRY.size + MAC_BYTES) return err('too-large');
  const body = datagram.subarray(0, datagram.length - MAC_BYTES);
  if (!equalBytes(macOf(key, body), datagram.subarray(body.length))) return err('bad-mac', 'not of this zone');
  const message = readBody(body);
  return message.ok ? judge(message.value, receiver) : message;
}

function readBody(body: Uint8Array): Result<ZoneMessage, DecodeCode | 'trailing-bytes'> {
  const header = ZONE_HEADER.decode(body);
  if (!header.ok) return header;
  const { zone, sender, seq, sentAt: sentAtS, count } = header.value;
  const size = ZONE_HEADER.size + count * ZONE_ENTRY.size;
  if (body.length > size) return err('trailing-bytes', `expected ${size} bytes before the MAC`);
  const seen: SeenCode[] = [];
  for (let at = ZONE_HEADER.size; at < size; at += ZONE_ENTRY.size) {
    const entry = ZONE_ENTRY.decode(body, at);
    if (!entry.ok) return entry;
    seen.push({ key: entry.value.key, timeS: entry.value.time });
  }
  return ok({ zone, sender, seq, sentAtS, seen });
}

function judge(message: ZoneMessage, receiver: ZoneReceiver): Result<ZoneMessage, ZoneMessageError> {
  if (message.zone !== receiver.zone) return err('wrong-zone', `it is of zone ${message.zone}`);
  if (message.sender === receiver.boot) return err('own-message');
  // The instant is cut to a second.
  const apart = Math.abs(receiver.nowMs - message.sentAtS * 1_000);
  if (apart > ZONE_FRESH_MS + 1_000 + receiver.driftMs) return err('stale', 'it was sent long ago, or clocks disagree');
  return ok(message);
}

const macOf = (key: Uint8Array, body: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES));
