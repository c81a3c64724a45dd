// SPDX-License-Identifier: Apache-2.0
// What the phone sends to the gateway about its key: that it holds the key it enrols, and that it is the phone whose state it
// asks. The key itself never leaves WebCrypto.
import type { PhoneEnrol, PhoneStatusAsk } from '@latchkey/protocols/api/me';
import { fromBase64url, toBase64url } from '@latchkey/protocols/bytes/base64url';
import { type PhoneKeyPair, phoneKeyOf, proveEnrolment, proveStatus } from '@latchkey/protocols/codes/make-code';
import type { SavedPhone } from './store.ts';

/** False in a page that is not secure (plain HTTP) and in WebViews without WebCrypto. */
export const canHoldKey = (): boolean => globalThis.crypto?.subtle !== undefined;

interface Enrolment {
  readonly keys: PhoneKeyPair;
  readonly campusId: string;
  readonly challenge: string;
  readonly name: string;
  readonly replaces: string | undefined;
}

export async function enrolBody({ keys, campusId, challenge, name, replaces }: Enrolment): Promise<PhoneEnrol> {
  const key = await phoneKeyOf(keys);
  const proof = toBase64url(await proveEnrolment(key, campusId, decoded(challenge)));
  const { algorithm, rawPublicKey } = key;
  const body = { name, algorithm, publicKey: toBase64url(rawPublicKey), challenge, proof };
  return replaces === undefined ? body : { ...body, replaces };
}

export async function statusBody({ id, keys, campusId }: SavedPhone, timeMs: number): Promise<PhoneStatusAsk> {
  const proof = await proveStatus(await phoneKeyOf(keys), campusId, id, timeMs);
  return { id, timeMs, proof: toBase64url(proof) };
}

function decoded(base64url: string): Uint8Array {
  const bytes = fromBase64url(base64url);
  if (!bytes.ok) throw new TypeError('the gateway sent a challenge that is not base64url');
  return bytes.value;
}
