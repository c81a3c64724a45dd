// SPDX-License-Identifier: Apache-2.0
// That a list is no longer a controller's, signed for its session of now (lists-and-codes: nobody but the gateway takes lists away).
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { deviceDigest } from '@latchkey/protocols/authorization/prf-key';
import { RETRACTION } from '@latchkey/protocols/authorization/retraction';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { ListDown } from '@latchkey/protocols/mqtt/messages';
import type { DeviceSession } from './device-sessions.ts';

export interface Retractions {
  /** A `dn/list` payload; the session remembers when. `version`: the newest that the controller may have. */
  of(session: DeviceSession, scope: number, version: number): Promise<Uint8Array>;
}

export interface RetractionOptions {
  /** List key, good for every scope. */
  readonly key: SigningKey;
  readonly campusId: string;
  readonly epoch: number;
  readonly nowMs: () => number;
}

export function createRetractions({ key, campusId, epoch, nowMs }: RetractionOptions): Retractions {
  return {
    async of({ id: session, device: name, retracted }, scopeId, version) {
      const issuedMs = Math.max(nowMs(), (retracted.get(scopeId) ?? 0) + 1);
      retracted.set(scopeId, issuedMs);
      const device = deviceDigest(name);
      const statement = RETRACTION.encode({ campusId, scopeId, epoch, version, device, session, issuedMs });
      const message: ListDown = { kind: 'retract', scope: scopeId };
      return encodeEnvelope(message, await signFrame(statement, [key]));
    },
  };
}
