// SPDX-License-Identifier: Apache-2.0
// Lists to controllers (DESIGN 6): what a controller should have against what it says it has; the difference is offered, its
// needs are served, and one that is stuck is asked again, ever more patiently.
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import type { DeviceId } from '@latchkey/protocols/ids';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { ListDown, listReport, Need } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { Denies } from './denies.ts';
import {
  readOutbox,
  recordActive,
  recordDesired,
  recordHave,
  recordPublished,
  recordRefused,
  recordRetracted,
  scopesOfDevices,
} from './device-plan.ts';
import type { DeviceSession, DeviceSessions } from './device-sessions.ts';
import type { FreshnessStatements } from './freshness-statements.ts';
import { leafMessages, MAX_BODY_BYTES, offerMessage, pageMessages, policyMessages } from './list-messages.ts';
import { type ListShelf, placeOf } from './list-shelf.ts';
import { deltasBetween, type ListPlace } from './list-store.ts';
import { type Log, reasonOf } from './log.ts';
import type { PrfDelivery } from './prf-delivery.ts';
import type { Transfers } from './transfers.ts';

export type ListReport = z.infer<typeof listReport>;

export interface Distribution {
  start(): Promise<void>;
  /** The session has just begun. */
  hello(session: DeviceSession): Promise<void>;
  need(device: DeviceId, need: Need): Promise<void>;
  report(device: DeviceId, report: ListReport): Promise<void>;
  ended(device: DeviceId): void;
  /** A version was signed and stored. */
  published(place: ListPlace): Promise<void>;
  /** Portals came, went or moved: who should have which list may have changed. */
  replan(): Promise<void>;
  close(): void;
}

export interface DistributionOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'batch'>;
  readonly shelf: ListShelf;
  readonly sessions: DeviceSessions;
  readonly denies: Pick<Denies, 'fill' | 'position'>;
  readonly prfs: PrfDelivery;
  readonly campusKeyId: number;
  readonly epoch: number;
  readonly freshness: FreshnessStatements;
  readonly transfers: Transfers;
  /** Frames of the root documents after this version, oldest first. */
  readonly rootsAfter: (version: number) => readonly Uint8Array[];
  /** Sends a `dn/list` payload. */
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** One scope of one controller in this session. */
interface ScopeState {
  reported: Omit<ListPlace, 'scope'> | undefined;
  offered: ListPlace | undefined;
  offeredMs: number;
  /** It asked for parts of the offer, last then. */
  activeMs: number;
  attempts: number;
}

const TICK_MS = 5_000;
const FRESHNESS_MS = 60_000;
/** While parts are asked for so recently, a transfer is under way and a newer version waits for its end. */
const BUSY_MS = 20_000;
const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 600_000;
const NO_BYTES = new Uint8Array(0);
/** Sent in one go before others get their turn. */
const BREATH = 50;

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));
const listDown = (message: ListDown, body?: Uint8Array) => encodeEnvelope(message, body);

export function createDistribution(options: DistributionOptions): Distribution {
  const { database, shelf, sessions, denies, prfs, freshness, transfers, send, nowMs, monotonicMs, log } = options;
  const plans = new Map<DeviceId, Map<number, ScopeState>>();
  let tickTimer: NodeJS.Timeout | undefined;
  let freshnessTimer: NodeJS.Timeout | undefined;

  const newState = (reported?: ScopeState['reported']): ScopeState => ({
    reported,
    offered: undefined,
    offeredMs: Number.NEGATIVE_INFINITY,
    activeMs: Number.NEGATIVE_INFINITY,
    attempts: 0,
  });

  async function sendRoots(device: DeviceId, version: number): Promise<void> {
    for (const frame of options.rootsAfter(version)) await send(device, listDown({ kind: 'root' }, frame));
  }

  async function sendCampusKey(session: DeviceSession): Promise<void> {
    const jwe = await prfs.wrap(options.campusKeyId, session.device);
    if (jwe === undefined) return;
    session.prfKeys.add(options.campusKeyId);
    await send(session.device, listDown({ kind: 'campus-key', prf: { id: options.campusKeyId, jwe } }));
  }

  /** A chain from what it has, where it is short and its start is really that version. */
  async function deltasFor(list: AuthorizationList, from: ScopeState['reported']): Promise<Uint8Array> {
    const place = placeOf(list);
    if (!from || from.epoch !== place.epoch) return NO_BYTES;
    const deltas = await deltasBetween(database.db, place, from.version);
    const bytes = deltas === undefined ? NO_BYTES : concatBytes(deltas);
    return bytes.length <= MAX_BODY_BYTES ? bytes : NO_BYTES;
  }

  async function prfFor(session: DeviceSession, id: number): Promise<{ id: number; jwe: string } | undefined> {
    if (session.prfKeys.has(id)) return undefined;
    const jwe = await prfs.wrap(id, session.device);
    return jwe === undefined ? undefined : { id, jwe };
  }

  async function offer(session: DeviceSession, scope: number, state: ScopeState): Promise<void> {
    const list = await shelf.newest(scope);
    if (!list || sessions.get(session.device) !== session) return;
    const prf = await prfFor(session, list.head.prfKeyId);
    const deltas = await deltasFor(list, state.reported);
    state.offered = placeOf(list);
    state.offeredMs = monotonicMs();
    state.attempts += 1;
    if (await send(session.device, offerMessage(list, prf, deltas))) {
      log.debug({ device: session.device, scope, version: list.head.version, deltas: deltas.length }, 'list offered');
    }
  }

  const isBusy = (device: DeviceId, state: ScopeState): boolean =>
    transfers.isServing(device) || monotonicMs() - state.activeMs < BUSY_MS;

  /** Offers the newest version where it differs from what the controller reports. `true`: it has it. */
  async function reconcile(session: DeviceSession, scope: number, state: ScopeState): Promise<boolean> {
    const newest = await shelf.newest(scope);
    if (!newest) return false;
    if (state.reported?.digest === newest.headHash && session.prfKeys.has(newest.head.prfKeyId)) return true;
    if (state.offered === undefined || !isBusy(session.device, state)) await offer(session, scope, state);
    return false;
  }

  async function sendFreshness({ device }: DeviceSession, scope: number): Promise<void> {
    const newest = await shelf.newest(scope);
    if (newest) await send(device, await freshness.of(placeOf(newest)));
  }

  async function bringUpToDate(session: DeviceSession, scope: number, state: ScopeState): Promise<void> {
    await reconcile(session, scope, state);
    await sendFreshness(session, scope);
  }

  async function retract({ device }: DeviceSession, scope: number): Promise<void> {
    plans.get(device)?.delete(scope);
    await send(device, listDown({ kind: 'retract', scope }));
    await recordRetracted(database, device, scope);
    log.info({ device, scope }, 'list retracted');
  }

  async function desiredPlaces(scopes: Iterable<number>): Promise<ListPlace[]> {
    const places: ListPlace[] = [];
    for (const scope of scopes) {
      const newest = await shelf.newest(scope);
      if (newest) places.push(placeOf(newest));
    }
    return places;
  }

  async function hello(session: DeviceSession): Promise<void> {
    const { device, hello: said } = session;
    const wanted = (await scopesOfDevices(database, [device])).get(device) ?? new Set<number>();
    const have = new Map(said.have.map((each) => [each.scope, each] as const));
    const plan = new Map([...wanted].map((scope) => [scope, newState(have.get(scope))] as const));
    plans.set(device, plan);
    await recordHave(database, device, said.have, await desiredPlaces(wanted), nowMs());
    if (sessions.get(device) !== session) return;
    await sendRoots(device, said.root);
    if (!session.prfKeys.has(options.campusKeyId)) await sendCampusKey(session);
    const { seq } = denies.position();
    const from = said.deny.epoch === options.epoch ? said.deny.seq + 1 : 1;
    if (from <= seq) await denies.fill(device, from);
    for (const scope of have.keys()) if (!wanted.has(scope)) await retract(session, scope);
    for (const [scope, state] of plan) await bringUpToDate(session, scope, state);
  }

  function serveParts(session: DeviceSession, need: Extract<Need, { version: number }>, state: ScopeState): void {
    const { device } = session;
    state.activeMs = monotonicMs();
    transfers.serve(device, async () => {
      const list = await partsOf(need, state);
      state.activeMs = monotonicMs();
      if (!list) {
        await offer(session, need.scope, state);
        return [];
      }
      switch (need.kind) {
        case 'policy':
          return policyMessages(list);
        case 'leaves':
          return leafMessages(list);
        case 'pages':
          return pageMessages(list, need.ranges);
      }
    });
  }

  /** The version that was offered, or the newest: never one that the controller names and nobody offered. */
  async function partsOf(
    { scope, epoch, version }: ListRef,
    state: ScopeState,
  ): Promise<AuthorizationList | undefined> {
    const newest = await shelf.newest(scope);
    if (newest?.head.epoch === epoch && newest.head.version === version) return newest;
    const { offered } = state;
    return offered?.epoch === epoch && offered.version === version ? shelf.get(offered) : undefined;
  }

  async function needInScope(session: DeviceSession, need: Extract<Need, { scope: number }>): Promise<void> {
    const state = plans.get(session.device)?.get(need.scope);
    if (!state) return retract(session, need.scope);
    if (need.kind !== 'offer') return serveParts(session, need, state);
    const newest = await shelf.newest(need.scope);
    const justOffered = newest?.headHash === state.offered?.digest && monotonicMs() - state.offeredMs < TICK_MS;
    if (!justOffered) await offer(session, need.scope, state);
  }

  async function need(device: DeviceId, given: Need): Promise<void> {
    const session = sessions.get(device);
    if (!session) return;
    switch (given.kind) {
      case 'deny':
        return denies.fill(device, given.fromSeq);
      case 'root':
        return sendRoots(device, given.fromVersion);
      case 'campus-key':
        return sendCampusKey(session);
      default:
        return needInScope(session, given);
    }
  }

  async function report(device: DeviceId, { scope, epoch, version, digest, state, code }: ListReport): Promise<void> {
    const session = sessions.get(device);
    const known = plans.get(device)?.get(scope);
    if (!session || !known) return;
    known.activeMs = Number.NEGATIVE_INFINITY;
    if (state === 'refused') {
      const refused = version === 0 ? (known.offered?.version ?? 0) : version;
      log.warn({ device, scope, version: refused, code: code ?? '' }, 'list refused by the controller');
      return recordRefused(database, device, scope, refused, code ?? 'refused');
    }
    known.reported = { epoch, version, digest };
    known.attempts = 0;
    await recordActive(database, device, { scope, epoch, version, digest }, nowMs());
    const newest = await shelf.newest(scope);
    if (newest && known.offered?.digest === newest.headHash) session.prfKeys.add(newest.head.prfKeyId);
    // Another version may have come while this one was on its way.
    await reconcile(session, scope, known);
  }

  async function published(place: ListPlace): Promise<void> {
    shelf.published(place);
    await recordPublished(database, place);
    let sent = 0;
    for (const session of sessions.online()) {
      const state = plans.get(session.device)?.get(place.scope);
      if (!state) continue;
      state.attempts = 0;
      // Not awaited: a controller that reads slowly must not hold the others up.
      void bringUpToDate(session, place.scope, state).catch(fault);
      sent += 1;
      if (sent % BREATH === 0) await breathe();
    }
  }

  async function replan(): Promise<void> {
    const online = sessions.online();
    const wanted = await scopesOfDevices(
      database,
      online.map(({ device }) => device),
    );
    for (const session of online) {
      const plan = plans.get(session.device);
      const scopes = wanted.get(session.device);
      if (!plan || !scopes) continue;
      for (const scope of [...plan.keys()]) if (!scopes.has(scope)) await retract(session, scope);
      for (const scope of scopes) if (!plan.has(scope)) await give(session, plan, scope);
    }
  }

  async function give(session: DeviceSession, plan: Map<number, ScopeState>, scope: number): Promise<void> {
    const state = newState();
    plan.set(scope, state);
    for (const place of await desiredPlaces([scope])) await recordDesired(database, session.device, place);
    await bringUpToDate(session, scope, state);
  }

  /** Controllers that neither took nor refused what they were offered, or refused it for a reason that may have passed. */
  async function tick(): Promise<void> {
    for (const session of sessions.online()) {
      for (const [scope, state] of plans.get(session.device) ?? []) {
        const pause = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, state.attempts - 1));
        if (monotonicMs() - state.offeredMs >= pause) void reconcile(session, scope, state).catch(fault);
      }
    }
  }

  async function tellFreshness(): Promise<void> {
    let sent = 0;
    for (const session of sessions.online()) {
      for (const scope of plans.get(session.device)?.keys() ?? []) {
        void sendFreshness(session, scope).catch(fault);
        sent += 1;
        if (sent % BREATH === 0) await breathe();
      }
    }
  }

  const fault = (error: unknown) => log.error({ reason: reasonOf(error) }, 'distribution failed');

  return {
    async start() {
      for (const place of await readOutbox(database)) {
        const newest = await shelf.newest(place.scope);
        if (newest) await recordPublished(database, placeOf(newest));
      }
      tickTimer = setInterval(() => void tick().catch(fault), TICK_MS);
      freshnessTimer = setInterval(() => void tellFreshness().catch(fault), FRESHNESS_MS);
    },
    hello,
    need,
    report,
    ended(device) {
      plans.delete(device);
      transfers.drop(device);
    },
    published,
    replan,
    close() {
      clearInterval(tickTimer);
      clearInterval(freshnessTimer);
    },
  };
}

type ListRef = { readonly scope: number; readonly epoch: number; readonly version: number };
