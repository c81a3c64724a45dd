// SPDX-License-Identifier: Apache-2.0
// May this head replace the one in force? (lists-and-codes, rules 1 and 3.) Versions rise strictly within an epoch, one
// version has one hash, an epoch comes only from a root document, and no number may run so far ahead that nothing can follow.
import { toHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';
import type { Head } from './head.ts';
import { MAX_FIRST_VERSION, MAX_VERSION_STEP } from './limits.ts';
import { type Instant, judgeSignedTime, type RootEpoch } from './signed-time.ts';

/** High-water mark of a scope, persisted after the list it names is safely stored. `digest` is the head's hash. */
export interface TrustState {
  readonly epoch: number;
  readonly version: number;
  readonly digest: string;
}

export type AcceptHeadError =
  | 'rollback'
  | 'equivocation'
  | 'epoch-not-from-root'
  | 'version-jump'
  | 'issued-in-future'
  | 'already-expired';

export interface AcceptContext {
  /** The root document in force; a keyring will do. */
  readonly root: RootEpoch;
  readonly instant: Instant;
}

/** `newer`: take it. `same`: it is the one in force. `digest` is `headHash` of the signed payload. */
export function acceptHead(
  trust: TrustState | null,
  head: Head,
  digest: string,
  context: AcceptContext,
): Result<'newer' | 'same', AcceptHeadError> {
  if (trust && head.epoch === trust.epoch && head.version === trust.version) {
    // Also while a newer root waits for its first list: the one in force stays the one in force.
    return digest === trust.digest
      ? ok('same')
      : err('equivocation', `version ${head.version} has two different heads`);
  }
  if (head.epoch !== context.root.epoch) {
    return head.epoch < context.root.epoch
      ? err('rollback', `epoch ${head.epoch} is over, the root document says ${context.root.epoch}`)
      : err('epoch-not-from-root', `no root document has started epoch ${head.epoch}`);
  }
  const version = trust && trust.epoch === head.epoch ? judgeVersion(trust, head) : judgeFirst(head);
  if (!version.ok) return version;
  if (judgeSignedTime(head.issuedAtMs, context.instant, context.root) === 'implausible') {
    return err('issued-in-future', 'it was issued too far ahead of the time known here');
  }
  if (head.hardExpiry * 60_000 <= context.instant.ms) {
    return err('already-expired', 'its hard expiry has passed');
  }
  return ok('newer');
}

function judgeVersion(trust: TrustState, head: Head): Result<'newer', AcceptHeadError> {
  if (head.version < trust.version) return err('rollback', `version ${trust.version} has been seen`);
  if (head.version - trust.version > MAX_VERSION_STEP)
    return err('version-jump', `at most ${MAX_VERSION_STEP} at once`);
  if (head.version === trust.version + 1 && toHex(head.previousHeadHash) !== trust.digest) {
    return err('equivocation', 'it follows another head than the one in force');
  }
  return ok('newer');
}

function judgeFirst(head: Head): Result<'newer', AcceptHeadError> {
  return head.version <= MAX_FIRST_VERSION
    ? ok('newer')
    : err('version-jump', `a first version is below ${MAX_FIRST_VERSION}`);
}
