// SPDX-License-Identifier: Apache-2.0
// Who this controller is, as its enrolment left it.
import { createPrivateKey, X509Certificate } from 'node:crypto';
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

export interface TlsIdentities {
  /** The one that has not connected yet first. Each works by itself. */
  readonly all: readonly (TlsIdentity & { readonly isNext: boolean })[];
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const NEXT = /^(-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n)(.*)$/s;

export const joinNext = (key: string, cert: string): Uint8Array => new Uint8Array(Buffer.from(key + cert));

function belongTogether({ cert, key }: { cert: string; key: string }): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** What the link shows and trusts. A renewal broken off anywhere leaves at least one. */
export async function readTlsIdentities(keys: KeyFolder): Promise<Result<TlsIdentities>> {
  const names = [KEY_FILES.authority, KEY_FILES.tlsCertificate, KEY_FILES.tlsKey, KEY_FILES.tlsNext];
  const [ca, cert, key, next] = await Promise.all(names.map((name) => keys.read(name)));
  const [, nextKey, nextCert] = next ? (NEXT.exec(text(next)) ?? []) : [];
  const found = [
    ...(nextKey && nextCert ? [{ key: nextKey, cert: nextCert, isNext: true }] : []),
    ...(cert && key ? [{ key: text(key), cert: text(cert), isNext: false }] : []),
  ].filter(belongTogether);
  if (!ca || found.length === 0) return err('identity-incomplete', 'keys or certificates are missing: enrol again');
  return ok({ all: found.map((each) => ({ ...each, ca: text(ca) })) });
}

export function requireEnrolment(enrolment: Enrolment | null): Result<Enrolment> {
  return enrolment ? ok(enrolment) : err('not-enrolled', NOT_ENROLLED);
}
