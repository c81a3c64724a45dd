// SPDX-License-Identifier: Apache-2.0
// Reads events for the API. Order is that of arrival, which is stable while controllers that were away catch up. Looking at a
// person's movements is itself recorded in the audit chain (DESIGN 8).
import type { ApiEvent, EventFilter, EventStreamQuery } from '@latchkey/protocols/api/history';
import { journalEvent } from '@latchkey/protocols/mqtt/events';
import { ok } from '@latchkey/protocols/result';
import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import { EVERY_EVENT, type EventReach, type Reach } from '../../http/principal.ts';
import type { Actor, EventService } from '../../http/services.ts';
import { fromInstant, namesOf, readCursor, toInstant, toPage } from './forms.ts';

export interface EventReaderOptions {
  readonly db: Kysely<Database>;
  /** Records that `actor` looked at events of this filter. */
  readonly recordLook: (actor: Actor, subject: string, filter: object) => Promise<void>;
  readonly wake: EventWake;
}

/** Wakes followers after a commit. A hint: they also look by themselves. */
export interface EventWake {
  /** Resolves at the next commit, at the signal, or after `ms`. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const CHUNK = 500;
const EVERYONE = 'everyone';
const POLL_MS = 1_000;

export function createEventReader({ db, recordLook, wake }: EventReaderOptions): EventService {
  return {
    async page({ limit, cursor, ...filter }, actor, reach = EVERY_EVENT) {
      const before = readCursor(cursor);
      if (!before.ok) return before;
      // One look a series of pages.
      if (before.value === undefined) await recordLook(actor, filter.person ?? EVERYONE, filter);
      let query = select(db, filter, reach)
        .orderBy('event.id', 'desc')
        .limit(limit + 1);
      if (before.value !== undefined) query = query.where('event.id', '<', before.value);
      return ok(toPage(await query.execute(), limit, (row) => row.id, toEvent));
    },
    async *export(filter, actor, reach = EVERY_EVENT) {
      await recordLook(actor, filter.person ?? EVERYONE, filter);
      for (let after = 0; ; ) {
        const rows = await following(db, filter, after, reach);
        for (const row of rows) yield toEvent(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < CHUNK) return;
        after = last.id;
      }
    },
    async *follow(filter, afterId, signal, actor, reach = EVERY_EVENT) {
      // Whoever was cut off and comes back goes on with the look that was recorded.
      if (afterId === undefined) await recordLook(actor, EVERYONE, filter);
      yield* follow(db, wake, { filter, afterId, reach }, signal);
    },
  };
}

async function* follow(
  db: Kysely<Database>,
  wake: EventWake,
  { filter, afterId, reach }: { filter: EventStreamQuery; afterId: string | undefined; reach: EventReach },
  signal: AbortSignal,
): AsyncGenerator<ApiEvent> {
  const resumed = readCursor(afterId);
  let after = (resumed.ok ? resumed.value : undefined) ?? (await newestId(db));
  while (!signal.aborted) {
    const rows = await following(db, filter, after, reach);
    for (const row of rows) {
      after = row.id;
      yield toEvent(row);
    }
    if (rows.length < CHUNK) await wake.wait(POLL_MS, signal);
  }
}

const following = (db: Kysely<Database>, filter: EventFilter, after: number, reach: EventReach) =>
  select(db, filter, reach).where('event.id', '>', after).orderBy('event.id').limit(CHUNK).execute();

async function newestId(db: Kysely<Database>): Promise<number> {
  const row = await db
    .selectFrom('event')
    .select((expression) => expression.fn.max('id').as('id'))
    .executeTakeFirst();
  return row?.id ?? 0;
}

function select(db: Kysely<Database>, filter: EventFilter, reach: EventReach) {
  let query = db
    .selectFrom('event')
    .leftJoin('person', 'person.id', 'event.person_id')
    .select([
      'event.id as id',
      'event.device_id as device',
      'event.epoch as epoch',
      'event.seq as seq',
      'event.received_at as received',
      'event.body as body',
      'person.number as person',
    ]);
  if (reach.all !== 'all') query = query.where((eb) => within(eb, reach));
  if (filter.from !== undefined) query = query.where('event.at', '>=', fromInstant(filter.from));
  if (filter.until !== undefined) query = query.where('event.at', '<', fromInstant(filter.until));
  if (filter.portal !== undefined) query = query.where('event.portal_id', '=', filter.portal);
  if (filter.device !== undefined) query = query.where('event.device_id', '=', filter.device);
  if (filter.person !== undefined) query = query.where('person.number', '=', filter.person);
  if (filter.type !== undefined) query = query.where('event.type', '=', filter.type);
  return query;
}

/** What doors and controllers report of themselves, naming nobody. */
const ALARMS = ['alarm', 'door-alarm'] as const;

function within(eb: ExpressionBuilder<Database, 'event'>, { all, alarms }: EventReach) {
  const alarm = eb('event.type', 'in', [...ALARMS]);
  return eb.or([
    atPortals(eb, all),
    eb.and([alarm, atPortals(eb, alarms)]),
    eb.and([alarm, eb('event.portal_id', 'is', null), ofControllers(eb, alarms)]),
  ]);
}

function atPortals(eb: ExpressionBuilder<Database, 'event'>, reach: Reach) {
  if (reach === 'all') return eb.lit(true);
  const names = namesOf(reach);
  if (names.length === 0) return eb.lit(false);
  return eb('event.portal_id', 'in', eb.selectFrom('portal').select('portal.id').where('portal.building', 'in', names));
}

/** A controller is seen by whoever's reach holds all of its doors. */
function ofControllers(eb: ExpressionBuilder<Database, 'event'>, reach: Reach) {
  if (reach === 'all') return eb.lit(true);
  const names = namesOf(reach);
  if (names.length === 0) return eb.lit(false);
  const driven = eb
    .selectFrom('portal')
    .select('portal.device_id')
    .where('portal.device_id', 'is not', null)
    .$narrowType<{ device_id: string }>();
  return eb.and([
    eb('event.device_id', 'in', driven.where('portal.building', 'in', names)),
    eb('event.device_id', 'not in', driven.where('portal.building', 'not in', names)),
  ]);
}

type EventRow = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

const toEvent = (row: EventRow): ApiEvent => ({
  id: String(row.id),
  device: row.device,
  epoch: row.epoch,
  seq: row.seq,
  receivedAt: toInstant(row.received),
  person: row.person,
  event: journalEvent.parse(JSON.parse(row.body)),
});
