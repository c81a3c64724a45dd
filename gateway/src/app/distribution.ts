// SPDX-License-Identifier: Apache-2.0
// Who gets what (DESIGN 6): what a controller should have against what it says it has. The difference is sent at hello, when a
// version is published and when portals move; one that is stuck is asked again, ever more patiently.
import { CAMPUS_SCOPE } from '@latchkey/protocols/authorization/prf-key';
import type { DeviceId } from '@latchkey/protocols/ids';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { ListDown, listReport, Need } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { Denies } from './denies.ts';
import {
  readOutbox,
  recordActive,
  recordHave,
  recordPlan,
  recordPublished,
  recordRefused,
  recordRetracted,
  scopesOfDevices,
} from './device-plan.ts';
import type { DeviceSession, DeviceSessions } from './device-sessions.ts';
import { createOffers, newScopeState, type OfferOptions, type ScopeState } from './list-offers.ts';
import { placeOf } from './list-shelf.ts';
import type { ListPlace } from './list-store.ts';
import { reasonOf } from './log.ts';
import type { Retractions } from './retractions.ts';

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

export interface DistributionOptions extends OfferOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'batch'>;
  readonly sessions: DeviceSessions;
  readonly denies: Pick<Denies, 'fill' | 'position'>;
  readonly campusKeyId: number;
  readonly retractions: Retractions;
  /** Version of the root document in force: keys signed under an earlier one are sent anew. */
  readonly rootVersion: number;
  readonly epoch: number;
  /** Frames of the root documents after this version, oldest first. */
  readonly rootsAfter: (version: number) => readonly Uint8Array[];
  readonly nowMs: () => number;
}

type Plan = Map<number, ScopeState>;

const TICK_MS = 5_000;
const FRESHNESS_MS = 60_000;
/** Controllers told in one go before others get their turn. */
const BREATH = 50;

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));
const listDown = (message: ListDown, body?: Uint8Array) => encodeEnvelope(message, body);

export function createDistribution(options: DistributionOptions): Distribution {
  const { database, shelf, sessions, denies, prfs, transfers, send, nowMs, log } = options;
  const plans = new Map<DeviceId, Plan>();
  const offers = createOffers(options);
  let tickTimer: NodeJS.Timeout | undefined;
  let freshnessTimer: NodeJS.Timeout | undefined;
  const fault = (error: unknown) => log.error({ reason: reasonOf(error) }, 'distribution failed');

  async function sendRoots(device: DeviceId, version: number): Promise<void> {
    for (const frame of options.rootsAfter(version)) await send(device, listDown({ kind: 'root' }, frame));
  }

  async function sendCampusKey(session: DeviceSession): Promise<void> {
    const jwe = await prfs.wrap(options.campusKeyId, session.device, CAMPUS_SCOPE);
    if (jwe === undefined) return;
    session.prfKeys.add(options.campusKeyId);
    await send(session.device, listDown({ kind: 'campus-key', prf: { id: options.campusKeyId, jwe } }));
  }

  async function bringUpToDate(session: DeviceSession, scope: number, state: ScopeState): Promise<void> {
    await offers.reconcile(session, scope, state);
    await offers.sendFreshness(session, scope);
  }

  async function retract(session: DeviceSession, scope: number): Promise<void> {
    const { device } = session;
    const reported = plans.get(device)?.get(scope)?.reported?.version ?? 0;
    plans.get(device)?.delete(scope);
    const newest = await shelf.newest(scope);
    const said = session.hello.have.find((each) => each.scope === scope)?.version ?? 0;
    const version = Math.max(newest?.head.version ?? 0, reported, said);
    await send(device, await options.retractions.of(session, scope, version));
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
    const plan: Plan = new Map([...wanted].map((scope) => [scope, newScopeState(have.get(scope))]));
    plans.set(device, plan);
    await recordHave(database, device, said.have, await desiredPlaces(wanted), nowMs());
    if (sessions.get(device) !== session) return;
    if (said.root !== options.rootVersion) session.prfKeys.clear();
    await sendRoots(device, said.root);
    if (!session.prfKeys.has(options.campusKeyId)) await sendCampusKey(session);
    const fromSeq = said.deny.epoch === options.epoch ? said.deny.seq + 1 : 1;
    if (fromSeq <= denies.position().seq) await denies.fill(device, fromSeq);
    for (const scope of have.keys()) if (!wanted.has(scope)) await retract(session, scope);
    for (const [scope, state] of plan) await bringUpToDate(session, scope, state);
  }

  async function need(device: DeviceId, given: Need): Promise<void> {
    const session = sessions.get(device);
    if (!session) return;
    if (given.kind === 'deny') return denies.fill(device, given.fromSeq);
    if (given.kind === 'root') return sendRoots(device, given.fromVersion);
    if (given.kind === 'campus-key') return sendCampusKey(session);
    const state = plans.get(device)?.get(given.scope);
    return state ? offers.need(session, given, state) : retract(session, given.scope);
  }

  async function report(device: DeviceId, { state, code, ...place }: ListReport): Promise<void> {
    const session = sessions.get(device);
    const known = plans.get(device)?.get(place.scope);
    if (!session || !known) return;
    if (state === 'active') {
      await recordActive(database, device, place, nowMs());
      return offers.took(session, place, known);
    }
    known.activeMs = Number.NEGATIVE_INFINITY;
    // A head that could not even be read has no version: it is the one that was offered.
    const version = place.version === 0 ? (known.offered?.version ?? 0) : place.version;
    log.warn({ device, scope: place.scope, version, reason: code ?? '' }, 'list refused by the controller');
    await recordRefused(database, device, place.scope, version, code ?? 'refused');
  }

  /** Not awaited one by one: a controller that reads slowly must not hold the others up. */
  async function forEachOnline(work: (session: DeviceSession, plan: Plan) => Promise<void>): Promise<void> {
    let told = 0;
    for (const session of sessions.online()) {
      const plan = plans.get(session.device);
      if (!plan) continue;
      work(session, plan).catch(fault);
      told += 1;
      if (told % BREATH === 0) await breathe();
    }
  }

  async function published(place: ListPlace): Promise<void> {
    shelf.published(place);
    await recordPublished(database, place);
    await forEachOnline(async (session, plan) => {
      const state = plan.get(place.scope);
      if (!state) return;
      state.attempts = 0;
      await bringUpToDate(session, place.scope, state);
    });
  }

  async function replan(): Promise<void> {
    await recordPlan(database, options.epoch);
    const devices = sessions.online().map(({ device }) => device);
    const wanted = await scopesOfDevices(database, devices);
    await forEachOnline(async (session, plan) => {
      const scopes = wanted.get(session.device);
      if (!scopes) return;
      for (const scope of plan.keys()) if (!scopes.has(scope)) await retract(session, scope);
      for (const scope of scopes) if (!plan.has(scope)) await give(session, plan, scope);
    });
  }

  async function give(session: DeviceSession, plan: Plan, scope: number): Promise<void> {
    const state = newScopeState();
    plan.set(scope, state);
    await bringUpToDate(session, scope, state);
  }

  return {
    async start() {
      await recordPlan(database, options.epoch);
      for (const place of await readOutbox(database)) {
        const newest = await shelf.newest(place.scope);
        if (newest) await recordPublished(database, placeOf(newest));
      }
      /** Who neither took nor refused what was offered, or refused it for a reason that may have passed. */
      const retryAll = () =>
        forEachOnline(async (session, plan) => {
          for (const [scope, state] of plan) await offers.retry(session, scope, state);
        });
      const freshAll = () =>
        forEachOnline(async (session, plan) => {
          for (const scope of plan.keys()) await offers.sendFreshness(session, scope);
        });
      tickTimer = setInterval(() => void retryAll().catch(fault), TICK_MS);
      freshnessTimer = setInterval(() => void freshAll().catch(fault), FRESHNESS_MS);
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
