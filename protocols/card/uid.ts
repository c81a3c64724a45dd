// SPDX-License-Identifier: Apache-2.0
// Card UIDs of ISO 14443-3 type A: 4, 7 or 10 bytes in the order the card sends them, as a PC/SC reader gives them.
import { err, ok, type Result } from '../result.ts';

declare const uidBrand: unique symbol;
/** A UID that can belong to a card: right length, not blank, no cascade tag where none may be. */
export type CardUid = Uint8Array & { readonly [uidBrand]: true };

export const UID_LENGTHS = [4, 7, 10] as const;
export type UidLength = (typeof UID_LENGTHS)[number];

/** CT: announces that another cascade level follows, so a UID's level never begins with it. */
const CASCADE_TAG = 0x88;
/** First byte of a 4-byte UID that the card makes up anew each time it enters the field. */
const RANDOM_UID = 0x08;

export type UidRefusal = 'wrong-length' | 'blank-uid' | 'cascade-tag';

/** Copies the bytes, so that a reader's buffer may be reused. */
export function cardUid(bytes: Uint8Array): Result<CardUid, UidRefusal> {
  const length = UID_LENGTHS.find((allowed) => allowed === bytes.length);
  if (length === undefined) return err('wrong-length', `a card UID has 4, 7 or 10 bytes, not ${bytes.length}`);
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) {
    return err('blank-uid', 'all bytes are 00 or FF: an unprogrammed card or a failed read');
  }
  if (startsLevelWithCascadeTag(bytes, length)) {
    return err('cascade-tag', 'a part of a longer UID: 88 there means that more bytes follow; read the card again');
  }
  return ok(new Uint8Array(bytes) as CardUid);
}

/** uid0 of every length, and uid3 of a 7-byte UID (ISO 14443-3 Amendment 1), would read as a further cascade level. */
function startsLevelWithCascadeTag(bytes: Uint8Array, length: UidLength): boolean {
  return bytes[0] === CASCADE_TAG || (length === 7 && bytes[3] === CASCADE_TAG);
}

/** A random UID identifies nobody: it differs at the next tap (phones and privacy cards). */
export const isRandomUid = (uid: CardUid): boolean => uid.length === 4 && uid[0] === RANDOM_UID;

/** 4-byte UIDs ending their first byte in F are, by the standard, fixed but shared by several cards. */
export const isNonUniqueUid = (uid: CardUid): boolean => uid.length === 4 && (uid[0] as number) % 16 === 0x0f;
