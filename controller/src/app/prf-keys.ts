// SPDX-License-Identifier: Apache-2.0
// The keys that hide card numbers: they come encrypted to this device (JWE, ECDH-ES+A256KW) and are kept for their owner only.
import { createPrf, type Prf } from '@latchkey/protocols/authorization/credential-id';
import { zoneKey } from '@latchkey/protocols/codes/zone-message';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { KeyFolder } from '../adapters/key-folder.ts';
import { KEY_FILES, PRF_KEY_FILE, prfKeyFile } from './data-folder.ts';

export interface PrfKeys {
  get(id: number): Prf | undefined;
  /** Under which the controllers of a zone tell each other of codes (protocols/codes/zone-message). */
  zoneKey(id: number): Uint8Array | undefined;
  ids(): readonly number[];
  /** Decrypts and keeps a key; durable on return. A key already held under that id is left as it is. */
  receive(id: number, jwe: string): Promise<Result<Prf, 'not-for-us' | 'malformed-key'>>;
  /** Forgets every key but these. */
  keepOnly(ids: ReadonlySet<number>): Promise<void>;
}

const KEY_BYTES = 16;

interface Held {
  readonly prf: Prf;
  readonly zoneKey: Uint8Array;
}

const holdKey = (bytes: Uint8Array): Held => ({ prf: createPrf(bytes), zoneKey: zoneKey(bytes) });

async function decrypt(jwe: string, jwk: unknown): Promise<Uint8Array | undefined> {
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

export async function openPrfKeys(folder: KeyFolder): Promise<PrfKeys> {
  const held = new Map<number, Held>();
  for (const name of await folder.names()) {
    const id = PRF_KEY_FILE.exec(name)?.[1];
    const bytes = id === undefined ? undefined : await folder.read(name);
    if (bytes?.length === KEY_BYTES) held.set(Number(id), holdKey(bytes));
  }
  return {
    get: (id) => held.get(id)?.prf,
    zoneKey: (id) => held.get(id)?.zoneKey,
    ids: () => [...held.keys()],
    async receive(id, jwe) {
      const known = held.get(id);
      if (known) return ok(known.prf);
      const jwk = await folder.read(KEY_FILES.decryption);
      const bytes = jwk && (await decrypt(jwe, JSON.parse(Buffer.from(jwk).toString())));
      if (!bytes) return err('not-for-us', 'the key is not encrypted to this device');
      if (bytes.length !== KEY_BYTES) return err('malformed-key', `a PRF key takes ${KEY_BYTES} bytes`);
      await folder.write(prfKeyFile(id), bytes);
      const key = holdKey(bytes);
      held.set(id, key);
      return ok(key.prf);
    },
    async keepOnly(ids) {
      for (const id of held.keys()) {
        if (ids.has(id)) continue;
        held.delete(id);
        await folder.remove(prfKeyFile(id));
      }
    },
  };
}
