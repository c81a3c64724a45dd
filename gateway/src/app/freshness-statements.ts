// SPDX-License-Identifier: Apache-2.0
// Which version of each list is the newest, signed (lists-and-codes, FRESHNESS): one signature a scope serves every controller
// of it, made anew when the version changes or the minute has passed.
import { FRESHNESS } from '@latchkey/protocols/authorization/freshness';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { ListDown } from '@latchkey/protocols/mqtt/messages';
import type { ListPlace } from './list-store.ts';

export interface FreshnessStatements {
  /** A `dn/list` payload with the statement that this is the newest version of its scope; dated after `laterThanMs`. */
  of(newest: ListPlace, laterThanMs?: number): Promise<Uint8Array>;
}

export interface FreshnessOptions {
  readonly key: SigningKey;
  readonly campusId: string;
  readonly nowMs: () => number;
}

/** A statement younger than this is said again as it is. */
const SHARED_FOR_MS = 30_000;

interface Signed {
  readonly digest: string;
  readonly atMs: number;
  readonly payload: Promise<Uint8Array>;
}

export function createFreshnessStatements({ key, campusId, nowMs }: FreshnessOptions): FreshnessStatements {
  const signed = new Map<number, Signed>();
  const sign = async ({ scope, epoch, version, digest }: ListPlace, timeMs: number): Promise<Uint8Array> => {
    const statement = FRESHNESS.encode({ campusId, scopeId: scope, epoch, version, headHash: digest, timeMs });
    const message: ListDown = { kind: 'freshness' };
    return encodeEnvelope(message, await signFrame(statement, [key]));
  };
  return {
    of(newest, laterThanMs = 0) {
      const atMs = Math.max(nowMs(), laterThanMs + 1);
      const known = signed.get(newest.scope);
      const isRecent = known?.digest === newest.digest && Math.abs(atMs - known.atMs) < SHARED_FOR_MS;
      if (isRecent && known.atMs > laterThanMs) return known.payload;
      const payload = sign(newest, atMs);
      signed.set(newest.scope, { digest: newest.digest, atMs, payload });
      return payload;
    },
  };
}
