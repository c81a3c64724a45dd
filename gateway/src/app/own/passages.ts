// SPDX-License-Identifier: Apache-2.0
// A person's own passages, newest first. A card that changed hands brings none of its former holder's along: an event counts
// only from when the card, phone or code was this person's.
import type { Page } from '@latchkey/protocols/api/common';
import type { MyPassage } from '@latchkey/protocols/api/me';
import { LOCK_REASONS } from '@latchkey/protocols/lock/log-record';
import { type JournalEvent, journalEvent } from '@latchkey/protocols/mqtt/events';
import { err, ok } from '@latchkey/protocols/result';
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { ApiResult } from '../../http/services.ts';
import { toInstant } from '../api/forms.ts';
import type { LockEvent } from '../locks/record-holders.ts';

export interface PassageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const DAY_MS = 86_400_000;
/** People see half a year of themselves. */
const SHOWN_MS = 180 * DAY_MS;
/** A controller's clock may be behind the gateway's when a card is used the moment it is issued. */
const CLOCK_SLACK_MS = 60_000;
/** Within this after the grant the door says whether anybody went through. */
const TAKEN_WITHIN_MS = 10 * 60_000;

type Decided = Extract<JournalEvent, { type: 'access-granted' | 'access-denied' }>;

export async function pageOfPassages(
  db: Kysely<Database>,
  person: number,
  { limit, cursor }: PassageQuery,
  nowMs: number,
): Promise<ApiResult<Page<MyPassage>>> {
  const before = readCursor(cursor);
  if (before === undefined) return err('invalid-cursor');
  const rows = await selectPassages(db, person, nowMs - SHOWN_MS, before)
    .limit(limit + 1)
    .execute();
  const kept = rows.slice(0, limit);
  const ends = await endsOf(db, person, kept);
  const items = kept.flatMap((row) => toPassage(row, ends));
  const last = kept.at(-1);
  return ok(rows.length > limit && last !== undefined ? { items, next: `${last.at}.${last.id}` } : { items });
}

interface Position {
  readonly at: number;
  readonly id: number;
}

function readCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return { at: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER };
  const [, at, id] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? [];
  return at === undefined || id === undefined ? undefined : { at: Number(at), id: Number(id) };
}

const selectPassages = (db: Kysely<Database>, person: number, since: number, before: Position) =>
  db
    .selectFrom('event')
    .leftJoin('portal', 'portal.id', 'event.portal_id')
    .leftJoin('phone', 'phone.campus_ref', 'event.credential_ref')
    .select(['event.id', 'event.at', 'event.device_id', 'event.epoch', 'event.body'])
    .select(['portal.name as portal_name', 'portal.name_en as portal_name_en', 'phone.id as phone'])
    .where('event.person_id', '=', person)
    .where('event.type', 'in', ['access-granted', 'access-denied', 'lock-event'])
    .where('event.at', '>=', since)
    .where((eb) =>
      eb.or([eb('event.at', '<', before.at), eb('event.at', '=', before.at).and('event.id', '<', before.id)]),
    )
    .where((eb) => wasTheirs(eb, person))
    .orderBy('event.at', 'desc')
    .orderBy('event.id', 'desc');

type PassageRow = Awaited<ReturnType<ReturnType<typeof selectPassages>['execute']>>[number];

function wasTheirs(eb: ExpressionBuilder<Database, 'event'>, person: number) {
  const until = sql<number>`event.at + ${CLOCK_SLACK_MS}`;
  const card = eb
    .selectFrom('credential')
    .select('credential.id')
    .whereRef('credential.campus_ref', '=', 'event.credential_ref')
    .where('credential.person_id', '=', person)
    .where('credential.issued_at', '<=', until);
  const phone = eb
    .selectFrom('phone')
    .select('phone.id')
    .whereRef('phone.campus_ref', '=', 'event.credential_ref')
    .where('phone.person_id', '=', person)
    .where('phone.enrolled_at', '<=', until);
  const code = eb
    .selectFrom('code_reference')
    .select('code_reference.person_id')
    .whereRef('code_reference.campus_ref', '=', 'event.credential_ref')
    .where('code_reference.person_id', '=', person);
  // Without a credential it is an opening that this person asked for.
  const asked = eb('event.credential_ref', 'is', null);
  return eb.or([asked, eb.exists(card), eb.exists(phone), eb.exists(code)]);
}

/** What became of each admission: taken or not, once the door has said so. */
async function endsOf(
  db: Kysely<Database>,
  person: number,
  rows: readonly PassageRow[],
): Promise<ReadonlyMap<string, 'taken' | 'not-taken'>> {
  const ends = new Map<string, 'taken' | 'not-taken'>();
  const [newest, oldest] = [rows[0], rows.at(-1)];
  if (newest === undefined || oldest === undefined) return ends;
  const found = await db
    .selectFrom('event')
    .select(['device_id', 'epoch', 'body'])
    .where('person_id', '=', person)
    .where('type', 'in', ['access-taken', 'access-not-taken'])
    .where('at', '>=', oldest.at)
    .where('at', '<=', newest.at + TAKEN_WITHIN_MS)
    .execute();
  for (const row of found) {
    const event = eventOf(row.body);
    if (event?.type === 'access-taken') ends.set(admissionOf(row, event.admission), 'taken');
    else if (event?.type === 'access-not-taken') ends.set(admissionOf(row, event.admission), 'not-taken');
  }
  return ends;
}

const admissionOf = ({ device_id, epoch }: { device_id: string; epoch: string }, admission: string) =>
  `${device_id}/${epoch}/${admission}`;

function eventOf(body: string): JournalEvent | undefined {
  const parsed = journalEvent.safeParse(JSON.parse(body));
  return parsed.success ? parsed.data : undefined;
}

function toPassage(row: PassageRow, ends: ReadonlyMap<string, 'taken' | 'not-taken'>): MyPassage[] {
  const event = eventOf(row.body);
  const isPassage = event?.type === 'access-granted' || event?.type === 'access-denied' || event?.type === 'lock-event';
  if (!isPassage) return [];
  const place = {
    at: toInstant(event.at),
    portal: event.portal,
    portalName: row.portal_name ?? event.portal,
    portalNameEn: row.portal_name_en ?? '',
  };
  if (event.type === 'lock-event') return [{ ...place, direction: 'in', ...atLock(event) }];
  const denied = event.type === 'access-denied';
  return [
    {
      ...place,
      direction: event.direction,
      outcome: denied ? 'denied' : (ends.get(admissionOf(row, event.admission)) ?? 'granted'),
      ...(denied ? { reason: event.reason } : {}),
      with: meansOf(event, row.phone !== null),
    },
  ];
}

/** A lock that was told to open and did not let anybody through. */
function atLock({ what, detail }: LockEvent): Pick<MyPassage, 'outcome' | 'reason' | 'with'> {
  if (what === 'command-done') return { outcome: 'granted', with: 'keychain' };
  if (what === 'command-failed') return { outcome: 'not-taken', with: 'keychain' };
  const reason = LOCK_REASONS[detail];
  return what === 'granted'
    ? { outcome: 'granted', with: 'card' }
    : { outcome: 'denied', ...(reason === undefined ? {} : { reason }), with: 'card' };
}

function meansOf({ credential }: Decided, isPhone: boolean): MyPassage['with'] {
  switch (credential.class) {
    case 'uid-only':
    case 'authenticated-card':
      return 'card';
    case 'phone-code':
      return isPhone ? 'phone' : 'code';
    case 'remote-command':
      return 'remote';
  }
}
