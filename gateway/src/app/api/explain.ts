// SPDX-License-Identifier: Apache-2.0
// "Why can't X open Y?": the function that decides at the door, run over the newest signed list and the denies since, with
// what may differ at the door said apart (DESIGN 5).
import type { ExplainBody, Explanation } from '@latchkey/protocols/api/operations';
import { cardId, type Prf } from '@latchkey/protocols/authorization/credential-id';
import { explain } from '@latchkey/protocols/authorization/decide';
import type { DenyOverlay } from '@latchkey/protocols/authorization/deny-overlay';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { fromHex, toHex } from '@latchkey/protocols/bytes/hex';
import { CREDENTIAL_CLASSES } from '@latchkey/protocols/ids';
import { err, ok } from '@latchkey/protocols/result';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { ApiResult } from '../../http/services.ts';
import { findCard, readNumber } from './card-numbers.ts';
import { fromInstant, toClass, toInstant } from './forms.ts';

export interface ExplainerOptions {
  readonly db: Kysely<Database>;
  readonly nowMs: () => number;
  /** Newest signed list of the scope, with the key its head names. */
  readonly listOf: (scope: number) => Promise<{ list: AuthorizationList; scopePrf: Prf } | undefined>;
  /** Denies that a list of this position does not cover yet. */
  readonly deniesSince: (list: AuthorizationList | undefined) => Promise<DenyOverlay>;
  readonly campusPrf: () => Prf;
}

interface Candidate {
  readonly card: string | null;
  readonly phone?: string;
  readonly ending: string;
  readonly id: Uint8Array;
  readonly class: number;
}

export function createExplainer(options: ExplainerOptions): (body: ExplainBody) => Promise<ApiResult<Explanation>> {
  return async (body) => {
    const { db } = options;
    const portal = await db.selectFrom('portal').selectAll().where('id', '=', body.portal).executeTakeFirst();
    if (portal === undefined) return err('unknown-reference', `portal: there is no ${body.portal}`);
    const candidates = await candidatesOf(db, body);
    if (!candidates.ok) return candidates;
    const signed = await options.listOf(portal.scope_id);
    const overlay = await options.deniesSince(signed?.list);
    const ms = body.at === undefined ? options.nowMs() : fromInstant(body.at);
    const cards = candidates.value.map((candidate) => judge(candidate, body, ms, signed, overlay, options.campusPrf()));
    const head = signed?.list.head;
    return ok({
      portal: body.portal,
      direction: body.direction,
      at: toInstant(ms),
      list:
        head === undefined
          ? null
          : { scope: portal.scope_id, version: head.version, issuedAt: toInstant(head.issuedAtMs) },
      cards,
      notes: [
        ...(cards.length === 0 ? ['this person has no card or phone in use'] : []),
        ...(cards.some(({ phone }) => phone !== undefined) ? [CODE_NOTE] : []),
        ...(await doorNotes(db, body.portal, portal.device_id, portal.scope_id, head?.version)),
      ],
    });
  };
}

const CODE_NOTE =
  'the codes of a phone are also held to their zone and time and to one use, which only the gate can tell';

function judge(
  candidate: Candidate,
  { portal, direction }: ExplainBody,
  ms: number,
  signed: { list: AuthorizationList; scopePrf: Prf } | undefined,
  overlay: DenyOverlay,
  campusPrf: Prf,
): Explanation['cards'][number] {
  const credential = { id: candidate.id, class: toClass(candidate.class) };
  const instant = { ms, quality: 'synced' as const };
  const { decision, steps } = explain({
    list: signed?.list,
    overlay,
    credential,
    portal,
    direction,
    instant,
    scopePrf: signed?.scopePrf,
    campusPrf,
  });
  return {
    card: candidate.card,
    ...(candidate.phone === undefined ? {} : { phone: candidate.phone }),
    ending: candidate.ending,
    class: credential.class,
    outcome: decision.outcome,
    reason: decision.reason ?? null,
    steps: steps.map(({ rule }) => rule),
  };
}

/** Cards of the person, lost ones too: those are what people ask about. And the phones in use. */
async function candidatesOf(db: Kysely<Database>, body: ExplainBody): Promise<ApiResult<Candidate[]>> {
  const select = db
    .selectFrom('credential')
    .innerJoin('person', 'person.id', 'credential.person_id')
    .select(['credential.id', 'credential.credential_id', 'credential.tail', 'credential.class'])
    .where('credential.state', '<>', 'withdrawn')
    .orderBy('credential.id');
  if (body.number === undefined) {
    const number = body.person ?? '';
    const known = await db.selectFrom('person').select('id').where('number', '=', number).executeTakeFirst();
    if (known === undefined) return err('unknown-reference', 'person: there is nobody of this number');
    const cards = await select.where('person.number', '=', number).execute();
    return ok([...cards.map(toCandidate), ...(await phonesOf(db, known.id))]);
  }
  const found = await findCard(db, body.number, body.form);
  if (found.ok) return ok((await select.where('credential.id', '=', found.value.id).execute()).map(toCandidate));
  if (found.code !== 'not-found') return found;
  const uid = readNumber(body.number, body.form);
  if (!uid.ok) return uid;
  return ok([{ card: null, ending: toHex(uid.value).slice(-4), id: cardId(uid.value), class: 0 }]);
}

async function phonesOf(db: Kysely<Database>, person: number): Promise<Candidate[]> {
  const rows = await db
    .selectFrom('phone')
    .select(['id', 'credential_id'])
    .where('person_id', '=', person)
    .where('state', '=', 'active')
    .orderBy('id')
    .execute();
  return rows.map(({ id, credential_id }) => ({
    card: null,
    phone: String(id),
    ending: '',
    id: bytesOf(credential_id),
    class: CREDENTIAL_CLASSES['phone-code'],
  }));
}

const toCandidate = (row: { id: number; credential_id: string; tail: string; class: number }): Candidate => ({
  card: String(row.id),
  ending: row.tail,
  id: bytesOf(row.credential_id),
  class: row.class,
});

function bytesOf(credentialId: string): Uint8Array {
  const id = fromHex(credentialId);
  if (!id.ok) throw new Error('a credential id in the database is not hex');
  return id.value;
}

/** What the door may know differently: promise 5 forbids to pass the gateway's view off as the door's. */
async function doorNotes(
  db: Kysely<Database>,
  portal: string,
  device: string | null,
  scope: number,
  version: number | undefined,
): Promise<string[]> {
  if (device === null) return ['no controller drives this portal'];
  const notes: string[] = [];
  const held = await db
    .selectFrom('device_scope')
    .select('reported_version')
    .where('device_id', '=', device)
    .where('scope_id', '=', scope)
    .executeTakeFirst();
  const reported = held?.reported_version ?? null;
  if (version !== undefined && reported !== version) {
    notes.push(`controller ${device} reports list version ${reported ?? 'none'}, the newest is ${version}`);
  }
  const state = await db.selectFrom('portal_report').select('mode').where('portal_id', '=', portal).executeTakeFirst();
  if (state !== undefined && !['Locked', 'Accessed'].includes(state.mode)) {
    notes.push(`the door last reported mode ${state.mode}, which decides before any card`);
  }
  return notes;
}
