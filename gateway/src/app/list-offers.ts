// SPDX-License-Identifier: Apache-2.0
// One scope's list to one controller: offered where it differs from what the controller reports, served part by part as the
// controller asks, and vouched for by a freshness statement.
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { Need } from '@latchkey/protocols/mqtt/messages';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { DeviceSession, DeviceSessions } from './device-sessions.ts';
import type { FreshnessStatements } from './freshness-statements.ts';
import { leafMessages, MAX_BODY_BYTES, offerMessage, pageMessages, policyMessages } from './list-messages.ts';
import { type ListShelf, placeOf } from './list-shelf.ts';
import { deltasBetween, type ListPlace } from './list-store.ts';
import type { Log } from './log.ts';
import type { PrfDelivery } from './prf-delivery.ts';
import type { Transfers } from './transfers.ts';

/** One scope of one controller in this session. */
export interface ScopeState {
  /** What the controller says is in force. */
  reported: Omit<ListPlace, 'scope'> | undefined;
  offered: ListPlace | undefined;
  offeredMs: number;
  /** It asked for parts of the offer, last then. */
  activeMs: number;
  attempts: number;
}

export interface Offers {
  /** Offers the newest version where it is not the one reported, unless a transfer is under way. */
  reconcile(session: DeviceSession, scope: number, state: ScopeState): Promise<void>;
  /** The same after a pause that grows with the attempts. */
  retry(session: DeviceSession, scope: number, state: ScopeState): Promise<void>;
  sendFreshness(session: DeviceSession, scope: number): Promise<void>;
  /** A need for this scope. */
  need(session: DeviceSession, need: ScopedNeed, state: ScopeState): Promise<void>;
  /** The controller reported that this version is in force. */
  took(session: DeviceSession, place: ListPlace, state: ScopeState): Promise<void>;
}

export type ScopedNeed = Extract<Need, { scope: number }>;

export interface OfferOptions {
  readonly database: Pick<GatewayDatabase, 'db'>;
  readonly shelf: ListShelf;
  readonly sessions: Pick<DeviceSessions, 'get'>;
  readonly prfs: PrfDelivery;
  readonly freshness: FreshnessStatements;
  readonly transfers: Transfers;
  /** Sends a `dn/list` payload. */
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** While parts are asked for so recently, a transfer is under way and a newer version waits for its end. */
const BUSY_MS = 20_000;
/** An offer is not repeated within this time, however often it is asked for. */
const SETTLE_MS = 5_000;
const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 600_000;
const NO_BYTES = new Uint8Array(0);

export const newScopeState = (reported?: ScopeState['reported']): ScopeState => ({
  reported,
  offered: undefined,
  offeredMs: Number.NEGATIVE_INFINITY,
  activeMs: Number.NEGATIVE_INFINITY,
  attempts: 0,
});

export function createOffers(options: OfferOptions): Offers {
  const { shelf, sessions, transfers, send, monotonicMs, log } = options;

  async function offer(session: DeviceSession, scope: number, state: ScopeState): Promise<void> {
    const list = await shelf.newest(scope);
    if (!list || sessions.get(session.device) !== session) return;
    const prf = await prfFor(options, session, scope, list.head.prfKeyId);
    const deltas = await deltasFor(options, list, state.reported);
    state.offered = placeOf(list);
    state.offeredMs = monotonicMs();
    state.attempts += 1;
    if (await send(session.device, offerMessage(list, prf, deltas))) {
      log.debug({ device: session.device, scope, version: list.head.version, deltas: deltas.length }, 'list offered');
    }
  }

  const isBusy = (device: DeviceId, state: ScopeState): boolean =>
    transfers.isServing(device) || monotonicMs() - state.activeMs < BUSY_MS;

  async function reconcile(session: DeviceSession, scope: number, state: ScopeState): Promise<void> {
    const newest = await shelf.newest(scope);
    if (!newest) return;
    if (state.reported?.digest === newest.headHash && session.prfKeys.has(newest.head.prfKeyId)) return;
    if (state.offered === undefined || !isBusy(session.device, state)) await offer(session, scope, state);
  }

  function serveParts(session: DeviceSession, need: Exclude<ScopedNeed, { kind: 'offer' }>, state: ScopeState): void {
    state.activeMs = monotonicMs();
    transfers.serve(session.device, need.scope, async () => {
      const list = await partsOf(shelf, need, state);
      state.activeMs = monotonicMs();
      if (list) return messagesFor(list, need);
      await offer(session, need.scope, state);
      return [];
    });
  }

  return {
    reconcile,
    async retry(session, scope, state) {
      const pause = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, state.attempts - 1));
      if (monotonicMs() - state.offeredMs >= pause) await reconcile(session, scope, state);
    },
    async sendFreshness({ device, retracted }, scope) {
      const newest = await shelf.newest(scope);
      if (newest) await send(device, await options.freshness.of(placeOf(newest), retracted.get(scope)));
    },
    async need(session, need, state) {
      if (need.kind !== 'offer') return serveParts(session, need, state);
      const newest = await shelf.newest(need.scope);
      const settled = monotonicMs() - state.offeredMs >= SETTLE_MS;
      if (settled || newest?.headHash !== state.offered?.digest) await offer(session, need.scope, state);
    },
    async took(session, place, state) {
      state.reported = place;
      state.attempts = 0;
      state.activeMs = Number.NEGATIVE_INFINITY;
      const newest = await shelf.newest(place.scope);
      if (newest && state.offered?.digest === newest.headHash) session.prfKeys.add(newest.head.prfKeyId);
      // Another version may have come while this one was on its way.
      await reconcile(session, place.scope, state);
    },
  };
}

/** A chain from what it has, where that is short. What it makes of them is checked against the head, like everything. */
async function deltasFor(
  { database }: OfferOptions,
  list: AuthorizationList,
  from: ScopeState['reported'],
): Promise<Uint8Array> {
  const place = placeOf(list);
  if (!from || from.epoch !== place.epoch) return NO_BYTES;
  const deltas = await deltasBetween(database.db, place, from.version);
  const bytes = deltas === undefined ? NO_BYTES : concatBytes(deltas);
  return bytes.length <= MAX_BODY_BYTES ? bytes : NO_BYTES;
}

async function prfFor(
  { prfs }: OfferOptions,
  session: DeviceSession,
  scope: number,
  id: number,
): Promise<{ id: number; jwe: string } | undefined> {
  if (session.prfKeys.has(id)) return undefined;
  const jwe = await prfs.wrap(id, session.device, scope);
  return jwe === undefined ? undefined : { id, jwe };
}

/** The version that was offered, or the newest: never one that the controller names and nobody offered. */
async function partsOf(
  shelf: ListShelf,
  { scope, epoch, version }: Exclude<ScopedNeed, { kind: 'offer' }>,
  { offered }: ScopeState,
): Promise<AuthorizationList | undefined> {
  const newest = await shelf.newest(scope);
  if (newest?.head.epoch === epoch && newest.head.version === version) return newest;
  return offered?.epoch === epoch && offered.version === version ? shelf.get(offered) : undefined;
}

function messagesFor(list: AuthorizationList, need: Exclude<ScopedNeed, { kind: 'offer' }>): Iterable<Uint8Array> {
  switch (need.kind) {
    case 'policy':
      return policyMessages(list);
    case 'leaves':
      return leafMessages(list);
    case 'pages':
      return pageMessages(list, need.ranges);
  }
}
