// SPDX-License-Identifier: Apache-2.0
// What this phone shows: profile A, or B while it is so new that a gate without network may have no list with it, or D as the
// answer to a gate's challenge. Codes carry the phone's own time.
import type { PhoneCertificate } from '@latchkey/protocols/api/me';
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { answerChallenge, makeCode, phoneKeyOf } from '@latchkey/protocols/codes/make-code';
import type { Challenge } from '@latchkey/protocols/codes/pass-code';
import { type QrPath, qrPath } from './qr-path.ts';
import type { SavedPhone } from './store.ts';

export interface ShownCode {
  readonly digits: string;
  readonly qr: QrPath;
}

export interface CodeWanted {
  readonly phone: SavedPhone;
  readonly zone: number;
  readonly certificates: readonly PhoneCertificate[] | undefined;
  readonly nowMs: number;
}

/** QR versions of the profiles, at level M. */
const VERSION_PLAIN = 6;
const VERSION_WITH_CERTIFICATE = 9;

export async function currentCode({ phone, zone, certificates, nowMs }: CodeWanted): Promise<ShownCode> {
  const certificate = heldFor(zone, certificates, nowMs);
  const plan = { campusId: phone.campusId, zone, timeMs: nowMs };
  const digits = await makeCode(await phoneKeyOf(phone.keys), plan, certificate);
  return { digits, qr: qrPath(digits, certificate === undefined ? VERSION_PLAIN : VERSION_WITH_CERTIFICATE) };
}

export interface AnswerWanted {
  readonly phone: SavedPhone;
  readonly zone: number;
  readonly challenge: Challenge;
  readonly nowMs: number;
}

export async function answerCode({ phone, zone, challenge, nowMs }: AnswerWanted): Promise<ShownCode> {
  const plan = { campusId: phone.campusId, zone, timeMs: nowMs };
  const digits = await answerChallenge(await phoneKeyOf(phone.keys), plan, challenge);
  return { digits, qr: qrPath(digits, VERSION_PLAIN) };
}

/** A certificate that is over, or one that cannot be read, is none: the list may know the phone by now. */
function heldFor(zone: number, held: CodeWanted['certificates'], nowMs: number): Uint8Array | undefined {
  const valid = held?.find((one) => one.zone === zone && Date.parse(one.expires) > nowMs);
  const bytes = valid === undefined ? undefined : fromBase64url(valid.certificate);
  return bytes?.ok ? bytes.value : undefined;
}
