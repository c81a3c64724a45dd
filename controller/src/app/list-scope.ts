// SPDX-License-Identifier: Apache-2.0
// One scope's list on this controller: offered, fetched, verified, stored in the other slot, marked, in force, in that order and
// no other (reference: lists and codes, What a controller enforces 1 to 3).
import { type AcceptHeadError, acceptHead, type TrustState } from '@latchkey/protocols/authorization/accept-list';
import { applyDelta } from '@latchkey/protocols/authorization/delta';
import type { Head } from '@latchkey/protocols/authorization/head';
import { encodeListFile, type ListParts } from '@latchkey/protocols/authorization/list-file';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { leavesOf } from '@latchkey/protocols/authorization/merkle';
import type { Instant } from '@latchkey/protocols/authorization/signed-time';
import { verifyHead } from '@latchkey/protocols/authorization/verify-head';
import type { Need } from '@latchkey/protocols/mqtt/messages';
import type { ListSlots } from '../adapters/list-slots.ts';
import type { StagedPage } from '../adapters/list-staging.ts';
import type { Clock } from '../ports/clock.ts';
import { startTransfer, type Transfer, type TransferBase } from './list-transfer.ts';
import type { Log } from './log.ts';
import type { Trust } from './trust.ts';

export interface ScopeParts {
  readonly scope: number;
  readonly campusId: string;
  readonly slots: ListSlots;
  readonly trust: Trust;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  readonly instant: () => Instant;
  readonly mark: () => TrustState | null;
  readonly raiseMark: (mark: TrustState) => Promise<void>;
  readonly ask: (need: Need) => void;
  readonly holdsKey: (id: number) => boolean;
  readonly onActive: (list: AuthorizationList) => void;
  /** The list offered is the one in force. */
  readonly onSame: (list: AuthorizationList) => void;
  readonly onRefused: (refused: TrustState, code: string) => void;
}

export interface Offer {
  readonly headFrame: Uint8Array;
  readonly deltas: Uint8Array;
}

export interface ScopeList {
  inForce(): AuthorizationList | undefined;
  /** A list of this scope is in force, or on its way. */
  isWanted(): boolean;
  /** What was read and verified at start. */
  adopt(list: AuthorizationList): void;
  offer(offer: Offer): Promise<void>;
  takePolicy(version: number, offset: number, total: number, part: Uint8Array): Promise<void>;
  takeLeaves(version: number, first: number, part: Uint8Array): Promise<void>;
  takePages(version: number, first: number, counts: readonly number[], bytes: Uint8Array): Promise<void>;
  /** The link is there: goes on with what is missing. */
  resume(): void;
  pause(): void;
  retract(): Promise<void>;
}

const ASK_AGAIN_MS = 8_000;
const MAX_ASK_AGAIN_MS = 60_000;

export function createScopeList(parts: ScopeParts): ScopeList {
  const { scope, slots, trust, log } = parts;
  const staging = slots.staging(scope);
  let inForce: AuthorizationList | undefined;
  let transfer: Transfer | undefined;
  let outstanding = 0;
  let patienceMs = ASK_AGAIN_MS;
  let cancel: (() => void) | undefined;

  function refuse(head: Head, digest: string, code: string): void {
    log.warn({ scope, version: head.version, reason: code }, 'list refused');
    parts.onRefused({ epoch: head.epoch, version: head.version, digest }, code);
  }

  function stop(): void {
    cancel?.();
    transfer = undefined;
  }

  /** Asks for what is missing, and again, ever more slowly, while nothing comes. */
  function ask(): void {
    cancel?.();
    const wanted = transfer?.wanted();
    if (!transfer || !wanted) return;
    const { epoch, version } = transfer.head;
    outstanding = wanted.kind === 'pages' ? wanted.ranges.reduce((sum, [, count]) => sum + count, 0) : 1;
    parts.ask({ scope, epoch, version, ...wanted });
    cancel = parts.clock.after(patienceMs, () => {
      patienceMs = Math.min(MAX_ASK_AGAIN_MS, patienceMs * 2);
      ask();
    });
  }

  /** After something fitted: what comes next, or the whole list into force. */
  async function advance(taken: number): Promise<void> {
    if (!transfer) return;
    outstanding -= taken;
    patienceMs = ASK_AGAIN_MS;
    const whole = transfer.whole();
    if (whole) await activate(transfer, whole);
    else if (outstanding <= 0) ask();
  }

  async function activate(finished: Transfer, whole: ListParts): Promise<void> {
    stop();
    const { head, digest } = finished;
    const loaded = await loadList(whole, { keyring: trust.keyring(), campusId: parts.campusId, scopeId: scope });
    if (!loaded.ok) return refuse(head, digest, loaded.code);
    // Time has passed since the offer: what was acceptable then must be so now.
    const judged = judge(head, digest);
    if (judged !== 'newer' && judged !== 'same') return refuse(head, digest, judged);
    await slots.activate(scope, encodeListFile(whole));
    await parts.raiseMark({ epoch: head.epoch, version: head.version, digest });
    await staging.clear();
    inForce = loaded.value;
    log.info({ scope, version: head.version, count: head.count }, 'list in force');
    parts.onActive(inForce);
  }

  /** The list in force, with the deltas of the offer where they fit it. */
  function baseFor(head: Head, deltas: Uint8Array): TransferBase | undefined {
    if (!inForce) return undefined;
    const policy = inForce.policyBytes;
    const applied = deltas.length > 0 ? applyDelta(inForce, deltas, head) : undefined;
    if (applied && !applied.ok) log.info({ scope, reason: applied.code }, 'delta does not fit, fetching pages');
    if (!applied?.ok) return { ...inForce, policy, leaves: inForce.leaves() };
    const { pageCounts, records } = applied.value;
    return { policy, leaves: leavesOf(scope, pageCounts, records), pageCounts, records };
  }

  async function readStaged(into: Transfer): Promise<void> {
    const staged = await staging.read(into.digest);
    if (!staged) return staging.begin(into.digest);
    await staging.begin(into.digest);
    if (staged.policy) into.takePolicy(0, staged.policy.length, staged.policy);
    if (staged.leaves) into.takeLeaves(0, staged.leaves);
    let kept = 0;
    for (const { index, records } of staged.pages) kept += into.takePages(index, [records.length / 16], records).length;
    log.info({ scope, pages: kept }, 'transfer goes on where it broke off');
  }

  async function keepPart(part: 'policy' | 'leaves', bytes: Uint8Array | undefined): Promise<void> {
    if (!bytes) return;
    await staging.put(part, bytes);
    await advance(1);
  }

  function current(version: number): Transfer | undefined {
    if (transfer?.head.version !== version) return undefined;
    if (!transfer.isEndless()) return transfer;
    const { head, digest } = transfer;
    stop();
    refuse(head, digest, 'endless-data');
    return undefined;
  }

  return {
    inForce: () => inForce,
    isWanted: () => inForce !== undefined || transfer !== undefined,
    adopt(given) {
      inForce = given;
    },
    async offer({ headFrame, deltas }) {
      const trusted = { keyring: trust.keyring(), campusId: parts.campusId, scopeId: scope };
      const verified = await verifyHead(headFrame, trusted);
      if (!verified.ok) return parts.onRefused(NO_HEAD, verified.code);
      const { head, digest } = verified.value;
      const judged = judge(head, digest);
      if (judged !== 'newer' && judged !== 'same') return refuse(head, digest, judged);
      if (judged === 'same' && inForce) return parts.onSame(inForce);
      // Without its key it would refuse everybody whom the one in force lets in.
      if (!parts.holdsKey(head.prfKeyId)) return refuse(head, digest, 'key-missing');
      if (transfer?.digest === digest) return ask();
      stop();
      transfer = startTransfer(head, new Uint8Array(headFrame), digest, baseFor(head, deltas));
      await readStaged(transfer);
      outstanding = 0;
      await advance(0);
    },
    async takePolicy(version, offset, total, part) {
      await keepPart('policy', current(version)?.takePolicy(offset, total, part));
    },
    async takeLeaves(version, first, part) {
      await keepPart('leaves', current(version)?.takeLeaves(first, part));
    },
    async takePages(version, first, counts, bytes) {
      const taken: StagedPage[] = current(version)?.takePages(first, counts, bytes) ?? [];
      if (taken.length === 0) return;
      await staging.addPages(taken);
      await advance(taken.length);
    },
    resume: ask,
    pause: () => cancel?.(),
    async retract() {
      stop();
      inForce = undefined;
      await slots.drop(scope);
    },
  };

  function judge(head: Head, digest: string): 'newer' | 'same' | AcceptHeadError {
    const accepted = acceptHead(parts.mark(), head, digest, { root: trust.keyring(), instant: parts.instant() });
    return accepted.ok ? accepted.value : accepted.code;
  }
}

/** What is reported of an offer whose head is not even readable. */
const NO_HEAD: TrustState = { epoch: 0, version: 0, digest: '0'.repeat(64) };
