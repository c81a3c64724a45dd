// SPDX-License-Identifier: Apache-2.0
// Builds and seals a scope's list (lists-and-codes, A scope's list): ids → keys in one bulk encryption, sort, pages, tree,
// head. A collision of keys is refused: the caller takes another Kscope and builds again.
import { sha256 } from '../bytes/hash.ts';
import { toHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';
import { ID_BYTES, type Prf } from './credential-id.ts';
import { HEAD, type Head, headHash } from './head.ts';
import { ALGORITHM_NUMBERS, type SigningAlgorithm, type SigningKey } from './keys.ts';
import { MAX_ENTRIES, MAX_POLICY_BYTES } from './limits.ts';
import { leavesOf, rootOfLeaves } from './merkle.ts';
import { RECORD_FLAGS } from './record.ts';
import { sortRecords } from './record-sort.ts';
import { bytesOf, compareKeys, countPages, pageBitsFor, RECORD_WORDS, wordsOf } from './record-words.ts';
import { signFrame } from './signed-frame.ts';

/** Column by column: entry n is 16 bytes of `ids` and element n of the others. */
export interface ListEntries {
  readonly ids: Uint8Array;
  readonly profiles: Uint16Array;
  readonly flags: Uint8Array;
  /** Numbers of CREDENTIAL_CLASSES. */
  readonly classes: Uint8Array;
  /** Epoch minutes (UTC); `NO_END` for none. */
  readonly until: Uint32Array;
}

export interface ListPlan {
  readonly campusId: string;
  readonly scopeId: number;
  readonly epoch: number;
  readonly version: number;
  readonly issuedAtMs: number;
  /** Epoch minutes (UTC). */
  readonly refreshBy: number;
  readonly hardExpiry: number;
  readonly denySeq: number;
  readonly previousHeadHash: Uint8Array;
  readonly prfKeyId: number;
  readonly prf: Prf;
  /** Bytes of `encodePolicy`. */
  readonly policy: Uint8Array;
  readonly entries: ListEntries;
  /** Of the key that will seal it; EdDSA if absent. */
  readonly algorithm?: SigningAlgorithm;
}

export interface UnsignedList {
  readonly head: Head;
  readonly headPayload: Uint8Array;
  /** `headHash(headPayload)`: the digest that everything else calls this version by. */
  readonly digest: string;
  readonly policy: Uint8Array;
  readonly pageCounts: Uint16Array;
  readonly records: Uint8Array;
}

export interface SealedList extends UnsignedList {
  readonly headFrame: Uint8Array;
}

export type BuildError =
  | 'column-lengths'
  | 'too-many-entries'
  | 'policy-too-large'
  | 'bad-entry'
  | 'duplicate-id'
  | 'key-collision'
  | 'page-too-large';

export function buildList(plan: ListPlan): Result<UnsignedList, BuildError> {
  const unsorted = packRecords(plan);
  if (!unsorted.ok) return unsorted;
  const words = sortRecords(unsorted.value);
  const unique = checkUnique(words, plan);
  if (!unique.ok) return unique;
  const pageBits = pageBitsFor(words.length / RECORD_WORDS);
  const pageCounts = countPages(words, pageBits);
  if (!pageCounts) return err('page-too-large', 'the keys are not spread: is this a PRF?');
  return ok(finishList(plan, pageBits, pageCounts, bytesOf(words)));
}

function packRecords({ entries, prf, policy }: ListPlan): Result<Uint32Array, BuildError> {
  const { ids, profiles, flags, classes, until } = entries;
  const count = profiles.length;
  if (ids.length !== count * ID_BYTES || [flags, classes, until].some((column) => column.length !== count)) {
    return err('column-lengths', 'every column has one element an entry, ids 16 bytes');
  }
  if (count > MAX_ENTRIES) return err('too-many-entries', `at most ${MAX_ENTRIES}`);
  if (policy.length > MAX_POLICY_BYTES) return err('policy-too-large', `at most ${MAX_POLICY_BYTES} bytes`);
  const allFlags = RECORD_FLAGS.extendedAccess | RECORD_FLAGS.antiPassbackExempt | RECORD_FLAGS.blocked;
  const keys = wordsOf(prf.keys(ids));
  const words = new Uint32Array(count * RECORD_WORDS);
  for (let index = 0; index < count; index++) {
    const flag = flags[index] ?? 0;
    const credentialClass = classes[index] ?? 0;
    if (flag > allFlags || credentialClass > 3) return err('bad-entry', `entry ${index}: flags or class out of range`);
    const at = index * RECORD_WORDS;
    words[at] = keys[index * 2] ?? 0;
    words[at + 1] = keys[index * 2 + 1] ?? 0;
    words[at + 2] = (profiles[index] ?? 0) | (flag << 16) | (credentialClass << 24);
    words[at + 3] = until[index] ?? 0;
  }
  return ok(words);
}

function checkUnique(words: Uint32Array, { entries, prf }: ListPlan): Result<null, 'duplicate-id' | 'key-collision'> {
  for (let at = RECORD_WORDS; at < words.length; at += RECORD_WORDS) {
    if (compareKeys(words, at - RECORD_WORDS, words, at) !== 0) continue;
    // Two ids or one? Rare, so the ids are searched only now.
    const key = toHex(bytesOf(words.subarray(at, at + 2)));
    const ids = new Set<string>();
    for (let from = 0; from < entries.ids.length; from += ID_BYTES) {
      const id = entries.ids.subarray(from, from + ID_BYTES);
      if (toHex(prf.key(id)) === key) ids.add(toHex(id));
    }
    if (ids.size < 2) return err('duplicate-id', 'one credential is listed twice');
    return err('key-collision', 'two credentials have the same key: use another PRF key');
  }
  return ok(null);
}

function finishList(plan: ListPlan, pageBits: number, pageCounts: Uint16Array, records: Uint8Array): UnsignedList {
  const { campusId, scopeId, epoch, version, issuedAtMs, refreshBy, hardExpiry, denySeq, previousHeadHash } = plan;
  const pagesRoot = rootOfLeaves(leavesOf(scopeId, pageCounts, records), pageBits) as Uint8Array;
  const head: Head = {
    format: 1,
    algorithm: ALGORITHM_NUMBERS[plan.algorithm ?? 'EdDSA'],
    pageBits,
    recordSize: 16,
    campusId,
    scopeId,
    epoch,
    version,
    issuedAtMs,
    refreshBy,
    hardExpiry,
    count: plan.entries.profiles.length,
    prfKeyId: plan.prfKeyId,
    denySeq,
    pagesRoot,
    policyRoot: sha256(plan.policy),
    previousHeadHash,
  };
  const headPayload = HEAD.encode(head);
  return { head, headPayload, digest: headHash(headPayload), policy: plan.policy, pageCounts, records };
}

/** Signs the head. Throws where the list was built for another algorithm. */
export async function sealList(unsigned: UnsignedList, key: SigningKey): Promise<SealedList> {
  if (ALGORITHM_NUMBERS[key.alg] !== unsigned.head.algorithm) throw new RangeError(`not built for ${key.alg}`);
  return { ...unsigned, headFrame: await signFrame(unsigned.headPayload, [key]) };
}
