// SPDX-License-Identifier: Apache-2.0
// ISO 7816-4 short command APDUs, the PC/SC Part 3 commands of storage cards, and what status words mean.
import { err, ok, type Result } from '../result.ts';

export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data?: Uint8Array;
  /** Bytes expected back, 1 to 256; absent: none. */
  readonly expected?: number;
}

const MAX_SHORT_DATA = 255;
const MAX_SHORT_EXPECTED = 256;
const isByte = (value: number) => Number.isInteger(value) && value >= 0 && value <= 0xff;

export function encodeApdu(command: CommandApdu): Result<Uint8Array, 'out-of-range'> {
  const { cla, ins, p1, p2, data, expected } = command;
  if (![cla, ins, p1, p2].every(isByte)) return err('out-of-range', 'CLA, INS, P1 and P2 are bytes');
  if (data !== undefined && (data.length === 0 || data.length > MAX_SHORT_DATA)) {
    return err('out-of-range', `data of a short APDU has 1 to ${MAX_SHORT_DATA} bytes`);
  }
  if (expected !== undefined && !(Number.isInteger(expected) && expected >= 1 && expected <= MAX_SHORT_EXPECTED)) {
    return err('out-of-range', `a short APDU expects 1 to ${MAX_SHORT_EXPECTED} bytes`);
  }
  const lc = data === undefined ? [] : [data.length, ...data];
  // 256 is written as 0.
  const le = expected === undefined ? [] : [expected & 0xff];
  return ok(Uint8Array.from([cla, ins, p1, p2, ...lc, ...le]));
}

/** GET DATA of PC/SC Part 3: the UID of the card in the field. */
export const GET_UID = Uint8Array.of(0xff, 0xca, 0x00, 0x00, 0x00);
/** GET DATA of PC/SC Part 3: the historical bytes of an ISO 14443-4 type A card. */
export const GET_ATS = Uint8Array.of(0xff, 0xca, 0x01, 0x00, 0x00);

/** SELECT by name (AID), first occurrence, control information wanted. */
export function selectApplication(aid: Uint8Array): Result<Uint8Array, 'out-of-range'> {
  if (aid.length < 5 || aid.length > 16) return err('out-of-range', 'an application identifier has 5 to 16 bytes');
  return encodeApdu({ cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x00, data: aid, expected: 256 });
}

export interface ResponseApdu {
  /** A view into the received bytes. */
  readonly data: Uint8Array;
  /** SW1 and SW2 as one 16-bit number. */
  readonly status: number;
}

export function decodeResponse(bytes: Uint8Array): Result<ResponseApdu, 'truncated'> {
  if (bytes.length < 2) return err('truncated', 'a response ends in two status bytes');
  const end = bytes.length - 2;
  return ok({ data: bytes.subarray(0, end), status: ((bytes[end] as number) << 8) | (bytes[end + 1] as number) });
}

export const isSuccess = (status: number): boolean => status === 0x9000;

export type StatusKind = 'ok' | 'more-data' | 'warning' | 'card-error' | 'refused' | 'usage' | 'unknown';

export interface StatusMeaning {
  readonly kind: StatusKind;
  readonly meaning: string;
}

/** Exact status words of ISO 7816-4 table 6 that readers and cards of this field return. */
const EXACT: ReadonlyMap<number, StatusMeaning> = new Map<number, StatusMeaning>([
  [0x9000, { kind: 'ok', meaning: 'done' }],
  [0x6281, { kind: 'warning', meaning: 'part of the returned data may be corrupted' }],
  [0x6282, { kind: 'warning', meaning: 'end of file or UID reached before the expected length' }],
  [0x6283, { kind: 'warning', meaning: 'the selected application or file is deactivated' }],
  [0x6300, { kind: 'refused', meaning: 'no information, or the reader could not carry it out' }],
  [0x6400, { kind: 'card-error', meaning: 'execution failed, state unchanged' }],
  [0x6581, { kind: 'card-error', meaning: 'memory failure' }],
  [0x6700, { kind: 'usage', meaning: 'wrong length' }],
  [0x6881, { kind: 'usage', meaning: 'logical channel not supported' }],
  [0x6882, { kind: 'usage', meaning: 'secure messaging not supported' }],
  [0x6981, { kind: 'refused', meaning: 'command not compatible with the file or card' }],
  [0x6982, { kind: 'refused', meaning: 'security status not satisfied: authenticate first' }],
  [0x6983, { kind: 'refused', meaning: 'authentication method blocked' }],
  [0x6984, { kind: 'refused', meaning: 'referenced data or key not usable' }],
  [0x6985, { kind: 'refused', meaning: 'conditions of use not satisfied' }],
  [0x6986, { kind: 'refused', meaning: 'command not allowed: no file selected' }],
  [0x6988, { kind: 'refused', meaning: 'wrong secure messaging data or key number' }],
  [0x6a80, { kind: 'usage', meaning: 'wrong data field' }],
  [0x6a81, { kind: 'usage', meaning: 'function not supported by this card' }],
  [0x6a82, { kind: 'usage', meaning: 'file, application or block not found' }],
  [0x6a86, { kind: 'usage', meaning: 'wrong P1 or P2' }],
  [0x6a88, { kind: 'usage', meaning: 'referenced data not found' }],
  [0x6b00, { kind: 'usage', meaning: 'P1 or P2 outside the allowed range' }],
  [0x6d00, { kind: 'usage', meaning: 'instruction not supported' }],
  [0x6e00, { kind: 'usage', meaning: 'class not supported' }],
  [0x6f00, { kind: 'card-error', meaning: 'no precise diagnosis' }],
]);

/** Families of which SW2 carries a number, looked up when no exact word fits. */
const BY_SW1: ReadonlyMap<number, (sw2: number) => StatusMeaning> = new Map([
  [0x61, (sw2: number) => more(`${sw2 || 256} more bytes wait: GET RESPONSE`)],
  [0x62, () => meaning('warning', 'warning, state unchanged')],
  [0x63, warned],
  [0x64, () => meaning('card-error', 'execution error, state unchanged')],
  [0x65, () => meaning('card-error', 'execution error, state changed')],
  [0x66, () => meaning('card-error', 'security-related error')],
  [0x67, () => meaning('usage', 'wrong length')],
  [0x68, () => meaning('usage', 'function in the class byte not supported')],
  [0x69, () => meaning('refused', 'command not allowed')],
  [0x6a, () => meaning('usage', 'wrong parameters')],
  [0x6c, (sw2: number) => meaning('usage', `wrong expected length: ask for ${sw2 || 256}`)],
  [0x91, native],
]);

const meaning = (kind: StatusKind, text: string): StatusMeaning => ({ kind, meaning: text });
const more = (text: string) => meaning('more-data', text);

function warned(sw2: number): StatusMeaning {
  if (sw2 >> 4 === 0xc) return meaning('refused', `verification failed, ${sw2 & 0x0f} tries left`);
  return meaning('warning', 'warning, state changed');
}

/** DESFire answers wrapped native commands with 91xx. */
function native(sw2: number): StatusMeaning {
  if (sw2 === 0x00) return meaning('ok', 'done (native)');
  if (sw2 === 0xaf) return more('another native frame waits');
  if (sw2 === 0xae) return meaning('refused', 'native authentication error');
  if (sw2 === 0x9d) return meaning('refused', 'native permission denied');
  return meaning('refused', 'native error');
}

/** What a status word means, for the log and for choosing whether to try again. Defined for every number. */
export function statusMeaning(status: number): StatusMeaning {
  const exact = EXACT.get(status);
  if (exact) return exact;
  const family = BY_SW1.get(status >> 8);
  return family ? family(status & 0xff) : meaning('unknown', 'not a status word of ISO 7816-4');
}
