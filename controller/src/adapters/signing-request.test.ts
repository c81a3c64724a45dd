// SPDX-License-Identifier: Apache-2.0
// The request an authority gets from a device (RFC 2986), read by another implementation.
import { expect, it } from 'vitest';
import { loadX509, makeAuthority } from './authority.test-support.ts';
import { createSigningRequest, generateTlsKey } from './signing-request.ts';

it('a signing request carries the name and the key and is signed by that key', async () => {
  const { Pkcs10CertificateRequest } = await loadX509();
  const request = new Pkcs10CertificateRequest(createSigningRequest(generateTlsKey(), 'gate-north'));
  expect(request.subject).toBe('CN=gate-north');
  expect(await request.verify()).toBe(true);
});

it('a request changed on its way is refused', async () => {
  const authority = await makeAuthority();
  const text = createSigningRequest(generateTlsKey(), 'gate-north');
  const bytes = Buffer.from(text.replace(/-----.*-----/g, ''), 'base64');
  const at = bytes.indexOf('gate-north');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  await expect(authority.issueFor(changed, 'gate-north')).rejects.toThrow('not signed');
});
