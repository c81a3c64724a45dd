// SPDX-License-Identifier: Apache-2.0
// A list is no longer this device's, under the list key of the scope: without a signature, whoever holds the broker could take
// lists away. Bound to the session it was said in, so that one kept back is worth nothing after the next connection.
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';
import type { TrustState } from './accept-list.ts';
import { deviceDigest } from './prf-key.ts';

const RETRACTION_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKU1' },
  { name: 'campusId', type: 'hex', length: 8 },
  { name: 'scopeId', type: 'u32', min: 1 },
  { name: 'epoch', type: 'u32' },
  /** The newest that the device may have; 0 where there is none. */
  { name: 'version', type: 'u64' },
  /** SHA-256 of the device id. */
  { name: 'device', type: 'hex', length: 32 },
  /** As the device said in hello. */
  { name: 'session', type: 'hex', length: 8 },
  /** A freshness statement of the scope that is later undoes it. */
  { name: 'issuedMs', type: 'u64' },
] as const;
export type Retraction = TableValue<typeof RETRACTION_FIELDS>;
export const RETRACTION: Codec<Retraction> = table('retraction', RETRACTION_FIELDS);

export interface RetractionContext {
  readonly campusId: string;
  readonly epoch: number;
  readonly scopeId: number;
  readonly device: string;
  readonly session: string;
  /** The highest list seen of the scope. */
  readonly mark: TrustState | null;
  /** Time of the last freshness statement of the scope in this session, 0 for none. */
  readonly lastFreshMs: number;
  /** Time of the last retraction of the scope, 0 for none. */
  readonly lastRetractedMs: number;
}

export type RetractionError =
  | 'wrong-campus'
  | 'wrong-scope'
  | 'wrong-device'
  | 'wrong-session'
  | 'replay'
  | 'epoch-not-from-root';

export function judgeRetraction(said: Retraction, context: RetractionContext): Result<null, RetractionError> {
  const { mark, lastFreshMs, lastRetractedMs } = context;
  if (said.campusId !== context.campusId) return err('wrong-campus');
  if (said.scopeId !== context.scopeId) return err('wrong-scope');
  if (said.device !== deviceDigest(context.device)) return err('wrong-device');
  if (said.session !== context.session) return err('wrong-session', 'it was said in another session');
  if (said.epoch !== context.epoch) {
    return said.epoch < context.epoch ? err('replay', 'its epoch is over') : err('epoch-not-from-root');
  }
  if (mark?.epoch === said.epoch && mark.version > said.version) return err('replay', 'a newer list came after it');
  if (said.issuedMs < lastFreshMs || said.issuedMs <= lastRetractedMs) {
    return err('replay', 'a later word on this list has been heard');
  }
  return ok(null);
}
