// SPDX-License-Identifier: Apache-2.0
// The one-time code of an enrolment: a secret that proves the right to enrol, and the fingerprint of the authority to trust,
// so that the first contact needs no leap of faith: LK1-<26 characters>-<16 characters>, RFC 4648 base32.
import { createHash } from 'node:crypto';
import { err, ok, type Result } from '@latchkey/protocols/result';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const FORM = /^LK1-([A-Z2-7]{26})-([A-Z2-7]{16})$/;

export interface EnrolmentCode {
  /** As the gateway knows it. */
  readonly code: string;
  readonly authority: string;
}

/** People read codes aloud and copy them with spaces; case and spaces mean nothing. */
export function parseEnrolmentCode(text: string): Result<EnrolmentCode, 'bad-code'> {
  const code = text.replace(/\s+/g, '').toUpperCase();
  const authority = FORM.exec(code)?.[2];
  if (authority === undefined) {
    return err(
      'bad-code',
      'the code must look like LK1-<26 letters and digits>-<16 letters and digits>: copy it again',
    );
  }
  return ok({ code, authority });
}

/** The first 80 bits of SHA-256 over the certificate. */
export function authorityFingerprint(certificateDer: Uint8Array): string {
  const digest = createHash('sha256').update(certificateDer).digest();
  let bits = BigInt(`0x${digest.subarray(0, 10).toString('hex')}`);
  let text = '';
  for (let index = 0; index < 16; index += 1) {
    text = (ALPHABET[Number(bits & 31n)] ?? '') + text;
    bits >>= 5n;
  }
  return text;
}
