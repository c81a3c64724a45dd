// SPDX-License-Identifier: Apache-2.0
// What the gateway encrypted to this controller (JWE, ECDH-ES+A256KW, A256GCM): keys of scopes, codes of locks to be paired.

/** `undefined` where it is for somebody else, or nothing of the kind. */
export async function decryptJwe(jwe: string, jwk: unknown): Promise<Uint8Array | undefined> {
  // Only now: a controller that holds its keys decides without it.
  const { compactDecrypt, importJWK } = await import('jose');
  try {
    const key = await importJWK(jwk as Parameters<typeof importJWK>[0], 'ECDH-ES+A256KW');
    const opened = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: ['ECDH-ES+A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return opened.plaintext;
  } catch {
    return undefined;
  }
}
