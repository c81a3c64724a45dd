// SPDX-License-Identifier: Apache-2.0
// The list in force in a lock, its keys and the denies since: verified by the rules of every scope (lists-and-codes, rules 1 and 3)
// when it is taken and again at every boot, because flash forgets.
import { acceptHead, type TrustState } from '@latchkey/protocols/authorization/accept-list';
import { applyDelta } from '@latchkey/protocols/authorization/delta';
import { decodeDeny } from '@latchkey/protocols/authorization/deny';
import {
  applyDeny,
  type DenyOverlay,
  decodeOverlay,
  EMPTY_OVERLAY,
  encodeOverlay,
  pruneOverlay,
} from '@latchkey/protocols/authorization/deny-overlay';
import type { Head } from '@latchkey/protocols/authorization/head';
import { encodeListFile, splitFront } from '@latchkey/protocols/authorization/list-file';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import { verifyHead } from '@latchkey/protocols/authorization/verify-head';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import type { LockCode } from '@latchkey/protocols/lock/messages';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { ListMark, ListSlots } from './list-slots.ts';
import type { WriteLog } from './lock-firmware.ts';
import type { LockMemory } from './lock-memory.ts';
import type { LockTime } from './lock-time.ts';
import type { LockTrust } from './lock-trust.ts';

type Answer<T> = Result<T, LockCode>;

export interface LockLists {
  list(): AuthorizationList | undefined;
  overlay(): DenyOverlay;
  scopeKey(): Uint8Array | undefined;
  campusKey(): Uint8Array | undefined;
  /** `front`: header and head of the file. The offset from which bytes are wanted. */
  begin(mark: ListMark, front: Uint8Array): Promise<Answer<number>>;
  /** Puts the whole shadow in force. */
  commit(): Promise<Answer<ListMark>>;
  delta(from: number, to: number, headFrame: Uint8Array, deltas: Uint8Array): Promise<Answer<ListMark>>;
  deny(frame: Uint8Array): Promise<Answer<number>>;
  reload(): Promise<void>;
}

export interface LockListParts {
  readonly memory: LockMemory;
  readonly slots: ListSlots;
  readonly trust: LockTrust;
  readonly time: LockTime;
  readonly write: WriteLog;
}

/** What a lock keeps of the campus's denies; lists take them in long before. */
const MOST_DENIED = 1_000;

/** Refusals of the rules of lists, in the words of locks. */
const CODES: Readonly<Record<string, LockCode>> = {
  rollback: 'not-newer',
  'version-jump': 'not-newer',
  'already-expired': 'expired',
  'issued-in-future': 'clock-unsure',
  'wrong-scope': 'wrong-scope',
  'wrong-campus': 'wrong-scope',
  'epoch-not-from-root': 'wrong-version',
  'wrong-version': 'wrong-version',
  'wrong-epoch': 'wrong-version',
  'malformed-head': 'malformed',
  'malformed-frame': 'malformed',
  gap: 'gap',
  replay: 'not-newer',
  'chain-mismatch': 'forged',
  'overlay-full': 'too-large',
};
export const codeOfRule = (rule: string): LockCode => CODES[rule] ?? 'forged';

export async function createLockLists({ memory, slots, trust, time, write }: LockListParts): Promise<LockLists> {
  let list: AuthorizationList | undefined;
  let overlay = EMPTY_OVERLAY;

  function keyOf(name: 'scope-key' | 'campus-key'): Uint8Array | undefined {
    const bytes = fromHex(memory.read(name)?.key ?? '');
    return bytes.ok && bytes.value.length === 16 ? bytes.value : undefined;
  }

  const trusted = () => {
    const keyring = trust.keyring();
    const pairing = memory.read('pairing');
    return keyring && pairing ? { keyring, campusId: pairing.campusId, scopeId: pairing.scope } : undefined;
  };

  const inForce = (): TrustState | null => {
    const active = slots.active();
    return active ? { epoch: active.epoch, version: active.version, digest: active.digest } : null;
  };

  async function reload(): Promise<void> {
    list = undefined;
    const kept = memory.read('overlay');
    const read = decodeOverlay(new Uint8Array(Buffer.from(kept ?? '', 'base64')));
    overlay = kept !== undefined && read.ok ? read.value : EMPTY_OVERLAY;
    const bytes = slots.activeBytes();
    const whom = trusted();
    if (!bytes || !whom) return;
    const loaded = await loadList(bytes, whom);
    // Bits changed at rest: no list is better than one of whose making nobody knows.
    if (loaded.ok && loaded.value.headHash === slots.active()?.digest) list = loaded.value;
  }

  async function accept(headFrame: Uint8Array): Promise<Answer<{ head: Head; digest: string; isSame: boolean }>> {
    const whom = trusted();
    if (!whom) return err('not-mine');
    const verified = await verifyHead(headFrame, whom);
    if (!verified.ok) return err(codeOfRule(verified.code), verified.code);
    const { head, digest } = verified.value;
    const accepted = acceptHead(inForce(), head, digest, { root: whom.keyring, instant: time.instant() });
    if (!accepted.ok) return err(codeOfRule(accepted.code), accepted.code);
    return ok({ head, digest, isSame: accepted.value === 'same' });
  }

  /** Not in force, and torn: what was written of it is worth nothing. */
  function refuse(code: LockCode): Answer<never> {
    slots.drop();
    write('list-refused');
    return err(code);
  }

  async function commit(): Promise<Answer<ListMark>> {
    const shadow = slots.shadow();
    if (!shadow || shadow.offset < shadow.mark.total) return err('wrong-offset');
    const whom = trusted();
    const loaded = whom ? await loadList(slots.shadowBytes(), whom) : undefined;
    if (!loaded?.ok || loaded.value.headHash !== shadow.mark.digest) return refuse('forged');
    const { head, headHash } = loaded.value;
    // Asked again: another list may have come into force since the transfer began.
    const accepted = await accept(loaded.value.headFrame);
    if (!accepted.ok) return refuse(accepted.code);
    if (accepted.value.isSame && list) return refuse('not-newer');
    slots.activate();
    list = loaded.value;
    overlay = pruneOverlay(overlay, { epoch: head.epoch, denySeq: head.denySeq });
    memory.write('overlay', Buffer.from(encodeOverlay(overlay)).toString('base64'));
    write('list-activated');
    return ok({ epoch: head.epoch, version: head.version, digest: headHash, total: shadow.mark.total });
  }

  await reload();
  return {
    list: () => list,
    overlay: () => overlay,
    scopeKey: () => {
      const { id } = memory.read('scope-key') ?? {};
      return list && id === list.head.prfKeyId ? keyOf('scope-key') : undefined;
    },
    campusKey: () => keyOf('campus-key'),
    reload,
    async begin(mark, front) {
      const begun = splitFront(front, mark.total);
      if (!begun.ok) return err('malformed');
      const accepted = await accept(begun.value.headFrame);
      if (!accepted.ok) return accepted;
      const { head, digest, isSame } = accepted.value;
      // A slot whose bits changed is written again by the list that it held.
      if (isSame && list) return err('not-newer');
      if (digest !== mark.digest || head.version !== mark.version || head.epoch !== mark.epoch) return err('malformed');
      const { pages, count } = begun.value;
      if (pages !== 2 ** head.pageBits || count !== head.count) return err('malformed');
      const offset = slots.begin(mark);
      if (offset === undefined) return err('too-large');
      return ok(offset < front.length ? slots.write(front.subarray(offset)) : offset);
    },
    commit,
    async delta(from, to, headFrame, deltas) {
      if (!list || list.head.version !== from) return err('wrong-version');
      const accepted = await accept(headFrame);
      if (!accepted.ok) return accepted;
      const { head, digest } = accepted.value;
      if (head.version !== to) return err('malformed');
      const applied = applyDelta(list, deltas, head);
      if (!applied.ok) return err(codeOfRule(applied.code), applied.code);
      const file = encodeListFile({ headFrame, policy: list.policyBytes, ...applied.value });
      slots.drop();
      const mark = { epoch: head.epoch, version: head.version, digest, total: file.length };
      if (slots.begin(mark) === undefined) return err('too-large');
      slots.write(file);
      return commit();
    },
    async deny(frame) {
      const keyring = trust.keyring();
      if (!keyring) return err('not-mine');
      const verified = await verifyFrame(frame, 'LKD1', keyring, 'deny');
      if (!verified.ok) return err(codeOfRule(verified.code));
      const deny = decodeDeny(verified.value.payload);
      if (!deny.ok) return err('malformed');
      const applied = applyDeny(overlay, deny.value, keyring);
      if (!applied.ok) return err(codeOfRule(applied.code));
      const { epoch, denySeq } = list?.head ?? { epoch: 0, denySeq: 0 };
      const next = pruneOverlay(applied.value, { epoch, denySeq });
      if (next.entries.size > MOST_DENIED) return err('too-large');
      memory.write('overlay', Buffer.from(encodeOverlay(next)).toString('base64'));
      overlay = next;
      return ok(next.seq);
    },
  };
}
