// SPDX-License-Identifier: Apache-2.0
// Who this controller is, as its enrolment left it.
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { KeyFolder } from '../adapters/key-folder.ts';
import { KEY_FILES } from './data-folder.ts';
import type { Enrolment } from './settings-schema.ts';

export interface TlsIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export const NOT_ENROLLED = 'this controller is not enrolled: run latchkey enroll, or name its folder with --data';

/** What the link shows and trusts. */
export async function readTlsIdentity(keys: KeyFolder): Promise<Result<TlsIdentity>> {
  const [ca, cert, key] = await Promise.all(
    [KEY_FILES.authority, KEY_FILES.tlsCertificate, KEY_FILES.tlsKey].map((name) => keys.read(name)),
  );
  if (!ca || !cert || !key) return err('identity-incomplete', 'keys or certificates are missing: enrol again');
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  return ok({ ca: text(ca), cert: text(cert), key: text(key) });
}

export function requireEnrolment(enrolment: Enrolment | null): Result<Enrolment> {
  return enrolment ? ok(enrolment) : err('not-enrolled', NOT_ENROLLED);
}
