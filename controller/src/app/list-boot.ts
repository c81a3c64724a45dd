// SPDX-License-Identifier: Apache-2.0
// Lists at start: verified again from the disk, never below what was seen; a damaged slot falls back to the other one only if
// that is not older (reference: lists and codes, What a controller enforces 2).
import { acceptHead, type TrustState } from '@latchkey/protocols/authorization/accept-list';
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { splitListFile } from '@latchkey/protocols/authorization/list-file';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import type { Instant } from '@latchkey/protocols/authorization/signed-time';
import { type VerifiedHead, verifyHead } from '@latchkey/protocols/authorization/verify-head';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { ListSlots } from '../adapters/list-slots.ts';
import type { Log } from './log.ts';
import type { Trust } from './trust.ts';

export interface StoredListParts {
  readonly scope: number;
  readonly campusId: string;
  readonly slots: Pick<ListSlots, 'candidates'>;
  readonly trust: Trust;
  readonly mark: TrustState | null;
  readonly instant: Instant;
  readonly log: Log;
}

/** The list to use, if a slot holds one that may be used. `damaged`: some slot held what may not. */
export async function readStoredList(
  parts: StoredListParts,
): Promise<{ readonly list: AuthorizationList | undefined; readonly damaged: boolean }> {
  let damaged = false;
  for (const bytes of await parts.slots.candidates(parts.scope)) {
    const loaded = await loadCandidate(parts, bytes);
    if (loaded.ok) return { list: loaded.value, damaged };
    damaged = true;
    parts.log.warn({ scope: parts.scope, reason: loaded.code }, 'stored list not usable');
  }
  return { list: undefined, damaged };
}

async function loadCandidate(parts: StoredListParts, bytes: Uint8Array): Promise<Result<AuthorizationList>> {
  const split = splitListFile(bytes);
  if (!split.ok) return split;
  const found = await findKeyring(parts, split.value.headFrame);
  if (!found.ok) return found;
  const { keyring, verified } = found.value;
  const acceptable = mayUse(parts, verified);
  if (!acceptable.ok) return acceptable;
  const { campusId, scope: scopeId } = parts;
  return loadList(bytes, { keyring, campusId, scopeId }, { take: true });
}

/**
 * Under the root in force, or, for exactly the list that was in force when the root changed, under the one before: doors go on
 * until their next list comes, and no other list by those keys is believed.
 */
async function findKeyring(
  { trust, mark, campusId, scope: scopeId }: StoredListParts,
  headFrame: Uint8Array,
): Promise<Result<{ keyring: Keyring; verified: VerifiedHead }>> {
  const keyring = trust.keyring();
  const verified = await verifyHead(headFrame, { keyring, campusId, scopeId });
  if (verified.ok) return ok({ keyring, verified: verified.value });
  const previous = trust.previousKeyring();
  if (!previous) return verified;
  const before = await verifyHead(headFrame, { keyring: previous, campusId, scopeId });
  if (!before.ok || before.value.digest !== mark?.digest) return verified;
  return ok({ keyring: previous, verified: before.value });
}

/** At the mark, or above it: the power may have failed between the pointer and the mark. */
function mayUse({ mark, trust, instant }: StoredListParts, { head, digest }: VerifiedHead): Result<null> {
  if (mark && digest === mark.digest) return ok(null);
  const root = trust.keyring();
  // What was stored was accepted when it came: a clock that is wrong now does not undo that.
  const accepted = acceptHead(mark, head, digest, { root, instant: { ...instant, quality: 'degraded' } });
  if (accepted.ok) return ok(null);
  return accepted.code === 'issued-in-future' ? ok(null) : err(accepted.code);
}
