// SPDX-License-Identifier: Apache-2.0
// Whom a lock's record is about. A lock knows credentials only by their key under its list's own PRF key, and openings by the id
// of their command: here both become what other events are found by, before the record is stored.
import { createPrf, ID_BYTES, KEY_BYTES, type Prf } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import type { RecordHolder } from '../../adapters/database/insert-events.ts';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import { readPrfKey, type Sealer } from '../registry/prf-keys.ts';
import { roomMembers } from '../room-rights.ts';

export type LockEvent = Extract<JournalEvent, { type: 'lock-event' }>;

export interface RecordHolders {
  of(event: LockEvent): Promise<RecordHolder>;
}

export interface RecordHolderOptions {
  readonly database: Pick<GatewayDatabase, 'db'>;
  readonly sealer: Sealer;
  readonly nowMs: () => number;
}

const NOBODY: RecordHolder = { reference: null, person: null };
const MOST_KNOWN = 20_000;
/** A card that nobody holds may be issued a moment later. */
const UNKNOWN_FOR_MS = 60_000;

interface Known {
  readonly reference: string | null;
  readonly untilMs: number;
}
interface ScopeKey {
  readonly scope: number;
  readonly id: number;
  readonly prf: Prf;
}
interface Card {
  readonly credential_id: string;
  readonly campus_ref: string;
}

export function createRecordHolders({ database: { db }, sealer, nowMs }: RecordHolderOptions): RecordHolders {
  const known = new Map<string, Known>();
  const prfs = new Map<number, Prf>();

  async function keyOf(portal: string): Promise<ScopeKey | undefined> {
    const row = await db
      .selectFrom('portal')
      .innerJoin('scope', 'scope.id', 'portal.scope_id')
      .select(['scope.id', 'scope.prf_key_id'])
      .where('portal.id', '=', portal)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const prf = prfs.get(row.prf_key_id) ?? createPrf((await readPrfKey(db, sealer, row.prf_key_id)).key16);
    prfs.set(row.prf_key_id, prf);
    return { scope: row.id, id: row.prf_key_id, prf };
  }

  const cards = () => db.selectFrom('credential').select(['credential_id', 'campus_ref']).orderBy('id', 'desc');

  /** Those who may open it first: they are few, and nearly always it was one of them. */
  async function search({ scope, prf }: ScopeKey, subject: string): Promise<string | null> {
    const members = db.selectFrom(roomMembers({ db }, scope, nowMs()).as('member')).select('person_id');
    const near = await cards().where('person_id', 'in', members).execute();
    return find(near, prf, subject) ?? find(await cards().execute(), prf, subject) ?? null;
  }

  async function referenceOf(portal: string, subject: string): Promise<string | null> {
    const key = await keyOf(portal);
    if (key === undefined) return null;
    const name = `${key.id} ${subject}`;
    const before = known.get(name);
    if (before && before.untilMs > nowMs()) return before.reference;
    const reference = await search(key, subject);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(name, { reference, untilMs: reference === null ? nowMs() + UNKNOWN_FOR_MS : Number.POSITIVE_INFINITY });
    return reference;
  }

  async function askedBy(command: string): Promise<number | null> {
    const row = await db.selectFrom('lock_opening').select('person_id').where('id', '=', command).executeTakeFirst();
    return row?.person_id ?? null;
  }

  return {
    async of({ what, portal, subject }) {
      if (subject === undefined) return NOBODY;
      if (what === 'command-done' || what === 'command-failed')
        return { reference: null, person: await askedBy(subject) };
      if (what !== 'granted' && what !== 'denied') return NOBODY;
      return { reference: await referenceOf(portal, subject), person: null };
    },
  };
}

function find(cards: readonly Card[], prf: Prf, subject: string): string | undefined {
  const ids = new Uint8Array(cards.length * ID_BYTES);
  for (const [index, { credential_id }] of cards.entries())
    ids.set(Buffer.from(credential_id, 'hex'), index * ID_BYTES);
  const keys = prf.keys(ids);
  return cards.find((_, index) => toHex(keys.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES)) === subject)
    ?.campus_ref;
}
