// SPDX-License-Identifier: Apache-2.0
// Answer to reset (ISO 7816-3) and the one a PC/SC reader makes up for contactless cards (PC/SC Part 3, 3.1.3.2.3).
// Reads hostile bytes: every outcome is a value.
import { err, ok, type Result } from '../result.ts';

export interface Atr {
  /** Bit order of the characters, from TS. */
  readonly convention: 'direct' | 'inverse';
  /** Protocols offered, T=0 when none is named. 15 stands for global parameters, not a protocol. */
  readonly protocols: readonly number[];
  readonly historical: Uint8Array;
  readonly card: AtrCard;
}

export type AtrCard =
  /** A card that speaks no APDUs: the reader answers for it. Its UID comes from GET DATA. */
  | { readonly kind: 'storage'; readonly standard: StorageStandard; readonly cardName: number; readonly name: string }
  /** ISO 14443-4 behind a PC/SC reader: historical bytes of the ATS (type A), or of the ATQB and ATTRIB (type B). */
  | { readonly kind: 'iso14443-4' }
  /** A contact card, or a reader that does not follow PC/SC Part 3. */
  | { readonly kind: 'other' };

export type StorageStandard =
  | 'unknown'
  | 'iso14443-a-1'
  | 'iso14443-a-2'
  | 'iso14443-a-3'
  | 'iso14443-b-1'
  | 'iso14443-b-2'
  | 'iso14443-b-3'
  | 'iso15693-1'
  | 'iso15693-2'
  | 'iso15693-3'
  | 'iso15693-4'
  | 'contact-i2c'
  | 'contact-extended-i2c'
  | 'contact-2wbp'
  | 'contact-3wbp'
  | 'felica';

/** SS of the supplemental document. */
const STANDARDS: ReadonlyMap<number, StorageStandard> = new Map([
  [0x01, 'iso14443-a-1'],
  [0x02, 'iso14443-a-2'],
  [0x03, 'iso14443-a-3'],
  [0x05, 'iso14443-b-1'],
  [0x06, 'iso14443-b-2'],
  [0x07, 'iso14443-b-3'],
  [0x09, 'iso15693-1'],
  [0x0a, 'iso15693-2'],
  [0x0b, 'iso15693-3'],
  [0x0c, 'iso15693-4'],
  [0x0d, 'contact-i2c'],
  [0x0e, 'contact-extended-i2c'],
  [0x0f, 'contact-2wbp'],
  [0x10, 'contact-3wbp'],
  [0x11, 'felica'],
]);

/** NN of the supplemental document, those met on campuses; others keep their number. */
const CARD_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0001, 'MIFARE Classic 1K'],
  [0x0002, 'MIFARE Classic 4K'],
  [0x0003, 'MIFARE Ultralight'],
  [0x0026, 'MIFARE Mini'],
  [0x0036, 'MIFARE Plus SL1 2K'],
  [0x0037, 'MIFARE Plus SL1 4K'],
  [0x0038, 'MIFARE Plus SL2 2K'],
  [0x0039, 'MIFARE Plus SL2 4K'],
  [0x003a, 'MIFARE Ultralight C'],
  [0x003b, 'FeliCa'],
]);

export const MAX_ATR_BYTES = 33;
/** Category 80, tag 4F, then the registered identifier of the PC/SC workgroup. */
const STORAGE_PREFIX = [0x80, 0x4f, 0x0c, 0xa0, 0x00, 0x00, 0x03, 0x06] as const;

export type AtrRefusal = 'truncated' | 'too-long' | 'bad-initial-character' | 'bad-check-character';

interface Interfaces {
  readonly protocols: readonly number[];
  /** First byte after the interface bytes. */
  readonly end: number;
}

export function parseAtr(bytes: Uint8Array): Result<Atr, AtrRefusal> {
  if (bytes.length > MAX_ATR_BYTES) return err('too-long', `an ATR has at most ${MAX_ATR_BYTES} bytes`);
  if (bytes.length < 2) return err('truncated', 'an ATR has at least TS and T0');
  const convention = bytes[0] === 0x3b ? 'direct' : bytes[0] === 0x3f ? 'inverse' : undefined;
  if (convention === undefined) return err('bad-initial-character', 'TS is 3B or 3F');
  const interfaces = readInterfaces(bytes);
  if (interfaces === undefined) return err('truncated', 'the interface bytes announced are missing');
  const historicalEnd = interfaces.end + ((bytes[1] as number) & 0x0f);
  // TCK is absent only when T=0 is the sole protocol.
  const checked = interfaces.protocols.some((protocol) => protocol !== 0);
  const end = historicalEnd + (checked ? 1 : 0);
  if (bytes.length < end) return err('truncated', 'the historical bytes or the check character are missing');
  if (bytes.length > end) return err('too-long', 'bytes follow the end of the ATR');
  if (checked && bytes.subarray(1).reduce((sum, byte) => sum ^ byte, 0) !== 0) {
    return err('bad-check-character', 'TCK does not fit the bytes before it');
  }
  const historical = bytes.slice(interfaces.end, historicalEnd);
  const { protocols } = interfaces;
  return ok({ convention, protocols, historical, card: classify(bytes, historical, protocols) });
}

/** Walks TA1 TB1 TC1 TD1 TA2 …: the high half of T0 and of every TD says which of four come next. */
function readInterfaces(bytes: Uint8Array): Interfaces | undefined {
  const protocols: number[] = [];
  let present = (bytes[1] as number) >> 4;
  let offset = 2;
  for (;;) {
    offset += (present & 1) + ((present >> 1) & 1) + ((present >> 2) & 1);
    if ((present & 8) === 0) break;
    const td = bytes[offset];
    if (td === undefined) return undefined;
    protocols.push(td & 0x0f);
    present = td >> 4;
    offset += 1;
  }
  if (offset > bytes.length) return undefined;
  return { protocols: protocols.length === 0 ? [0] : protocols, end: offset };
}

function classify(bytes: Uint8Array, historical: Uint8Array, protocols: readonly number[]): AtrCard {
  // Contactless readers always write T0=8n, TD1=80, TD2=01.
  const contactless = (bytes[1] as number) >> 4 === 8 && bytes[2] === 0x80 && bytes[3] === 0x01;
  if (!contactless || protocols.length !== 2) return { kind: 'other' };
  if (historical.length !== 15 || !STORAGE_PREFIX.every((byte, index) => historical[index] === byte)) {
    return { kind: 'iso14443-4' };
  }
  const cardName = ((historical[9] as number) << 8) | (historical[10] as number);
  const name = CARD_NAMES.get(cardName) ?? `card name ${cardName.toString(16).padStart(4, '0')}`;
  return { kind: 'storage', standard: STANDARDS.get(historical[8] as number) ?? 'unknown', cardName, name };
}
