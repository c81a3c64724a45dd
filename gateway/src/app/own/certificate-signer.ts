// SPDX-License-Identifier: Apache-2.0
// Signs certificates of phones with the gateway's code-issuer key.
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import type { CertificateContent } from './certificates.ts';

const CONTEXT = new TextEncoder().encode('campus-cert-v1\0');

/** 72 bytes: expiry, key id, profile, signature. */
export function createCertificateSigner(
  campusId: string,
  key: SigningKey,
): (content: CertificateContent) => Promise<Uint8Array> {
  const campus = fromHex(campusId);
  if (!campus.ok) throw new RangeError('a campus id has 16 hex digits');
  const keyId = Number.parseInt(key.kid.slice(0, 4), 16);
  const algorithm = key.alg === 'EdDSA' ? { name: 'Ed25519' } : { name: 'ECDSA', hash: 'SHA-256' };
  return async ({ zone, policyRoot, algorithmByte, publicKey, expiryMinute, profile }) => {
    const head = new Uint8Array(8);
    const view = new DataView(head.buffer);
    view.setUint32(0, expiryMinute, true);
    view.setUint16(4, keyId, true);
    view.setUint16(6, profile, true);
    const zoneBytes = Uint8Array.of(zone & 0xff, zone >> 8);
    const phone = [Uint8Array.of(algorithmByte), publicKey];
    const statement = concatBytes([CONTEXT, campus.value, zoneBytes, policyRoot, ...phone, head]);
    const signature = await crypto.subtle.sign(algorithm, key.key, new Uint8Array(statement));
    return concatBytes([head, new Uint8Array(signature)]);
  };
}
