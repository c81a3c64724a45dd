// SPDX-License-Identifier: Apache-2.0
// A PKCS #10 request (RFC 2986) for a P-256 key: fixed DER around the public key and one signature. The gateway sets the
// subject itself, so the name here is only a hint.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';

const TAG = { integer: 0x02, bitString: 0x03, utf8: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 } as const;
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const ECDSA_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
/** commonName, 2.5.4.3 */
const COMMON_NAME = Buffer.from('0603550403', 'hex');

function lengthOf(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  if (bytes < 0x100) return Buffer.from([0x81, bytes]);
  return Buffer.from([0x82, bytes >> 8, bytes & 0xff]);
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

const bits = (bytes: Uint8Array) => der(TAG.bitString, Buffer.from([0]), bytes);

/** PEM of a new P-256 key. */
export function generateTlsKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** PEM of a request signed by `privateKeyPem`, which proves that the device holds the key. */
export function createSigningRequest(privateKeyPem: string, name: string): string {
  const key = createPrivateKey(privateKeyPem);
  const publicInfo = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const attribute = der(TAG.sequence, COMMON_NAME, der(TAG.utf8, Buffer.from(name)));
  const info = der(
    TAG.sequence,
    der(TAG.integer, Buffer.from([0])),
    der(TAG.sequence, der(TAG.set, attribute)),
    publicInfo,
    der(TAG.attributes),
  );
  const request = der(TAG.sequence, info, der(TAG.sequence, ECDSA_SHA256), bits(sign('sha256', info, key)));
  const lines = request.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join('\n');
}
