// SPDX-License-Identifier: Apache-2.0
// Whom a lock believes: the root document it was paired with, and each successor that old and new keys signed.
import { createPublicKey } from 'node:crypto';
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { acceptRoot, type RootDocument, type RootTrust } from '@latchkey/protocols/authorization/root-document';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { LockMemory } from './lock-memory.ts';

export interface LockTrust {
  /** `undefined` before pairing. */
  keyring(): Keyring | undefined;
  rootVersion(): number;
  /** The first, at pairing, held against the digest that came with it. Durable on return. */
  pin(frame: Uint8Array, digest: string): Promise<Result<null>>;
  offer(frame: Uint8Array): Promise<Result<null>>;
  /** Ed25519 keys that sign tickets. */
  commandKeys(): ReturnType<typeof createPublicKey>[];
  /** After everything was forgotten. */
  reload(): Promise<void>;
}

export async function createLockTrust(memory: LockMemory): Promise<LockTrust> {
  let current: { readonly document: RootDocument; readonly keyring: Keyring } | undefined;

  async function take(trust: RootTrust, frame: Uint8Array, isNews: boolean): Promise<Result<null>> {
    const accepted = await acceptRoot(trust, frame);
    if (!accepted.ok) return accepted;
    const { document, keyring, digest } = accepted.value;
    if (isNews) memory.write('root', { frame: Buffer.from(frame).toString('base64'), digest });
    current = { document, keyring };
    return ok(null);
  }

  async function reload(): Promise<void> {
    current = undefined;
    const kept = memory.read('root');
    if (kept)
      await take({ kind: 'pinned', digest: kept.digest }, new Uint8Array(Buffer.from(kept.frame, 'base64')), false);
  }

  await reload();
  return {
    keyring: () => current?.keyring,
    rootVersion: () => current?.document.version ?? 0,
    pin: (frame, digest) => take({ kind: 'pinned', digest }, frame, true),
    async offer(frame) {
      return current ? take({ kind: 'current', document: current.document }, frame, true) : err('not-pinned');
    },
    commandKeys() {
      const keys = current?.keyring.all('command') ?? [];
      return keys
        .filter(({ alg }) => alg === 'EdDSA')
        .map(({ jwk }) => createPublicKey({ key: { ...jwk }, format: 'jwk' }));
    },
    reload,
  };
}
