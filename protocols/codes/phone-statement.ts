// SPDX-License-Identifier: Apache-2.0
// What a phone signs to prove that it holds its key: when it is enrolled, and when it asks whether it is still in use. Phone
// and gateway build the same bytes from here; it runs in a browser.
import { concatBytes } from '../bytes/equal.ts';
import { fromHex } from '../bytes/hex.ts';

const ENROLMENT = 'campus-phone-v1\0';
const STATUS = 'campus-phone-status-v1\0';

/** `campusId` is 16 hex digits. */
export const enrolmentStatement = (campusId: string, challenge: Uint8Array): Uint8Array =>
  concatBytes([text(ENROLMENT), bytesOf(campusId), challenge]);

/** `id` as the gateway gave it, the time in milliseconds. */
export const statusStatement = (campusId: string, id: string, timeMs: number): Uint8Array =>
  concatBytes([text(STATUS), bytesOf(campusId), text(id), text(String(timeMs))]);

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function bytesOf(campusId: string): Uint8Array {
  const bytes = fromHex(campusId);
  if (!bytes.ok || bytes.value.length !== 8) throw new RangeError('a campus id has 16 hex digits');
  return bytes.value;
}
