// SPDX-License-Identifier: Apache-2.0
// What a lock says by advertising (reference: lock): enough for a corridor to know whom to visit without connecting. 20 bytes
// of manufacturer data; the last 4 a MAC, so that nobody can pretend that a lock is well.
import { createHmac } from 'node:crypto';
import { concatBytes, equalBytes } from '../bytes/equal.ts';
import { type TableValue, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';

const FIELDS = [
  { name: 'magic', type: 'magic', text: 'L' },
  { name: 'format', type: 'u8', min: 1, max: 1 },
  { name: 'flags', type: 'u8' },
  /** Percent; 255 unknown. */
  { name: 'battery', type: 'u8' },
  /** Rises with every change of bolt, door, list, log or battery step: never falls within a boot. */
  { name: 'stateCounter', type: 'u16' },
  /** Low 24 bits of the list's version and of the log's next number. */
  { name: 'listVersion', type: 'bytes', length: 3 },
  { name: 'logNext', type: 'bytes', length: 3 },
  /** First half of the lock's id: tells locks apart whatever address they use. */
  { name: 'shortId', type: 'hex', length: 4 },
] as const;

export const ADVERTISEMENT = table('advertisement', FIELDS);
const MAC_BYTES = 4;
export const ADVERTISEMENT_BYTES = ADVERTISEMENT.size + MAC_BYTES;
/** Of manufacturer data for tests and prototypes; a maker of locks uses its own. */
export const COMPANY_ID = 0xffff;

export const ADVERTISED_FLAGS = {
  /** No keys yet: may be paired. Then there is no MAC either: four zeros. */
  unpaired: 0x01,
  boltDrawn: 0x02,
  doorOpen: 0x04,
  jammed: 0x08,
  clockUnsure: 0x10,
  logNearFull: 0x20,
  batteryLow: 0x40,
  tampered: 0x80,
} as const;

type Body = TableValue<typeof FIELDS>;
export interface Advertisement extends Omit<Body, 'listVersion' | 'logNext' | 'format'> {
  /** Low 24 bits. */
  readonly listVersion: number;
  readonly logNext: number;
}

const low24 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff);
const from24 = (bytes: Uint8Array): number =>
  (bytes[0] as number) | ((bytes[1] as number) << 8) | ((bytes[2] as number) << 16);

function macOf(body: Uint8Array, key: Uint8Array | undefined): Uint8Array {
  if (!key) return new Uint8Array(MAC_BYTES);
  return new Uint8Array(createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES));
}

/** `key`: 16 bytes, given at pairing; absent for a lock that has none yet. */
export function writeAdvertisement(value: Advertisement, key: Uint8Array | undefined): Uint8Array {
  const { listVersion, logNext, ...rest } = value;
  const body = ADVERTISEMENT.encode({ ...rest, format: 1, listVersion: low24(listVersion), logNext: low24(logNext) });
  return concatBytes([body, macOf(body, key)]);
}

export type AdvertisementError = 'not-a-lock' | 'advertisement-forged';

/** Whose it says it is, before its key can be found. */
export function shortIdOf(bytes: Uint8Array): string | undefined {
  const body = bytes.length === ADVERTISEMENT_BYTES ? ADVERTISEMENT.decode(bytes) : undefined;
  return body?.ok ? body.value.shortId : undefined;
}

export function readAdvertisement(
  bytes: Uint8Array,
  key: Uint8Array | undefined,
): Result<Advertisement, AdvertisementError> {
  if (bytes.length !== ADVERTISEMENT_BYTES) return err('not-a-lock');
  const body = ADVERTISEMENT.decode(bytes);
  if (!body.ok) return err('not-a-lock', body.detail);
  if (!equalBytes(bytes.slice(ADVERTISEMENT.size), macOf(bytes.slice(0, ADVERTISEMENT.size), key)))
    return err('advertisement-forged');
  const { flags, battery, stateCounter, shortId } = body.value;
  const { listVersion, logNext } = body.value;
  return ok({ flags, battery, stateCounter, shortId, listVersion: from24(listVersion), logNext: from24(logNext) });
}
