// SPDX-License-Identifier: Apache-2.0
// What the present key of a controller signs (ECDSA, SHA-256, DER) to ask for the next certificate: whoever holds the broker can
// publish in a controller's name, and must not get a certificate for it.

export const renewalStatement = (device: string, csr: string): Uint8Array =>
  new TextEncoder().encode(`latchkey-renew-v1\0${device}\0${csr}`);
