// SPDX-License-Identifier: Apache-2.0
// The keys that hide card numbers: signed by the gateway, encrypted to this device (JWE, ECDH-ES+A256KW), kept for their owner
// only and with their signatures, so that a file changed or put there by somebody else is noticed at the next start.
import { createPrf, type Prf } from '@latchkey/protocols/authorization/credential-id';
import { CAMPUS_SCOPE, openPrfKey, type SignedPrfKey } from '@latchkey/protocols/authorization/prf-key';
import { equalBytes } from '@latchkey/protocols/bytes/equal';
import { zoneKey } from '@latchkey/protocols/codes/zone-message';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { decryptJwe } from '../adapters/decrypt-jwe.ts';
import type { KeyFolder } from '../adapters/key-folder.ts';
import type { Alarms } from './alarms.ts';
import { KEY_FILES, PRF_KEY_FILE, prfKeyFile } from './data-folder.ts';
import type { Log } from './log.ts';
import type { Trust } from './trust.ts';

export interface PrfKeys {
  get(id: number): Prf | undefined;
  /** Under which the controllers of a zone tell each other of codes (protocols/codes/zone-message). */
  zoneKey(id: number): Uint8Array | undefined;
  /** Those signed under the root document in force: others are to be sent again. */
  ids(): readonly number[];
  /** Signed under the root document in force. */
  isCurrent(id: number): boolean;
  /** Decrypts, verifies and keeps a key of a scope, or of the campus (0); durable on return. */
  receive(given: PrfKeyGiven): Promise<Result<Prf>>;
  /** Forgets every key but these. */
  keepOnly(ids: ReadonlySet<number>): Promise<void>;
}

export interface PrfKeyGiven {
  readonly id: number;
  readonly scope: number;
  readonly jwe: string;
  /** The key of the campus in force: it gives way to a later one only. */
  readonly campusKey: number | null;
}

export interface PrfKeyParts {
  readonly folder: KeyFolder;
  readonly device: string;
  readonly trust: Pick<Trust, 'keyring' | 'previousKeyring'>;
  readonly alarms: Pick<Alarms, 'set' | 'tell'>;
  readonly log: Log;
}

interface Held {
  readonly signed: SignedPrfKey;
  readonly prf: Prf;
  readonly zoneKey: Uint8Array;
}

const holdKey = (signed: SignedPrfKey): Held => ({
  signed,
  prf: createPrf(signed.key),
  zoneKey: zoneKey(signed.key),
});

/** Under the root in force, or the one before while that is needed (see list-boot). */
async function readStored({ folder, device, trust }: PrfKeyParts, id: number): Promise<Result<SignedPrfKey>> {
  const bytes = await folder.read(prfKeyFile(id));
  if (!bytes) return err('missing');
  const opened = await openPrfKey(bytes, { keyring: trust.keyring(), device, keyId: id });
  const previous = trust.previousKeyring();
  if (opened.ok || !previous) return opened;
  const before = await openPrfKey(bytes, { keyring: previous, device, keyId: id });
  return before.ok ? before : opened;
}

export async function openPrfKeys(parts: PrfKeyParts): Promise<PrfKeys> {
  const { folder, device, trust, alarms, log } = parts;
  const held = new Map<number, Held>();

  for (const name of await folder.names()) {
    const id = Number(PRF_KEY_FILE.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(id)) continue;
    const stored = await readStored(parts, id);
    if (stored.ok) held.set(id, holdKey(stored.value));
    else {
      log.warn({ id, reason: stored.code }, 'stored key not usable');
      alarms.set('key-refused', true, `key ${id}: ${stored.code}`);
    }
  }

  const isCurrent = (id: number) => held.get(id)?.signed.epoch === trust.keyring().epoch;

  async function verify({ id, scope, jwe, campusKey }: PrfKeyGiven) {
    const jwk = await folder.read(KEY_FILES.decryption);
    const frame = jwk && (await decryptJwe(jwe, JSON.parse(Buffer.from(jwk).toString())));
    if (!frame) return err('not-for-us', 'the key is not encrypted to this device');
    const opened = await openPrfKey(frame, { keyring: trust.keyring(), device, keyId: id, scopeId: scope });
    if (!opened.ok) return opened;
    const known = held.get(id)?.signed;
    if (known && !equalBytes(known.key, opened.value.key)) return err('key-changed', 'another key has this id');
    if (scope === CAMPUS_SCOPE && campusKey !== null && id < campusKey && isCurrent(campusKey)) return err('replay');
    return ok({ frame, signed: opened.value });
  }

  return {
    get: (id) => held.get(id)?.prf,
    zoneKey: (id) => held.get(id)?.zoneKey,
    ids: () => [...held.keys()].filter(isCurrent),
    isCurrent,
    async receive(given) {
      const verified = await verify(given);
      if (!verified.ok) {
        alarms.tell('key-refused', `key ${given.id}: ${verified.code}`);
        return verified;
      }
      const { frame, signed } = verified.value;
      const key = holdKey(signed);
      if (!isCurrent(given.id)) await folder.write(prfKeyFile(given.id), frame);
      held.set(given.id, key);
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
