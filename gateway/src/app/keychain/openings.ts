// SPDX-License-Identifier: Apache-2.0
// Openings from the keychain: one command for one confirmation, never a second; decided now, signed for this lock, audited with
// whoever asked and through what. A confirmation that was refused stays refused: confirm anew to try again.
import { KeyObject } from 'node:crypto';
import type { Opening } from '@latchkey/protocols/api/keychain';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { toHex } from '@latchkey/protocols/bytes/hex';
import {
  MIGHT_OVERRIDE,
  signTicket,
  TICKET_ACTIONS,
  TICKET_LIFE_S,
  type TicketAction,
} from '@latchkey/protocols/lock/ticket';
import { err, ok } from '@latchkey/protocols/result';
import type { Selectable } from 'kysely';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { PersonRow } from '../../adapters/database/schema.ts';
import type { LockOpeningTable } from '../../adapters/database/schema-locks.ts';
import type { ApiResult } from '../../http/services.ts';
import { toInstant } from '../api/forms.ts';
import { appendAudit } from '../audit.ts';
import { BOLT_SAYS_WITHIN_MS } from '../command-store.ts';
import type { Commands } from '../commands.ts';
import { type DoorOptions, type DoorRow, doorRows, lookAtLock } from './doors.ts';
import { isHeld, mayOpen } from './may-open.ts';

export interface OpeningOptions extends DoorOptions {
  readonly database: GatewayDatabase;
  readonly commands: Pick<Commands, 'openLock'>;
  readonly signer: TicketSigner;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Base64url of the 92 bytes. */
export type TicketSigner = (order: { lockId: string; id: string; action: TicketAction; issuedMs: number }) => string;

export function createTicketSigner(campusId: string, { key }: SigningKey): TicketSigner {
  const signing = KeyObject.from(key);
  return ({ lockId, id, action, issuedMs }) => {
    const issuedS = Math.floor(issuedMs / 1_000);
    const ticket = { lockId, commandId: id, issuedS, expiresS: issuedS + TICKET_LIFE_S, holdS: 0 };
    const rights = action === 'factory-reset' ? MIGHT_OVERRIDE : 0;
    return toBase64url(signTicket(campusId, { ...ticket, action: TICKET_ACTIONS[action], rights }, signing));
  };
}

export interface Tap {
  readonly portal: string;
  readonly confirm: string;
  /** `pass`, or the id of a campus app. */
  readonly via: string;
}

type Row = Selectable<LockOpeningTable>;

export async function openDoor(options: OpeningOptions, person: PersonRow, tap: Tap): Promise<ApiResult<Opening>> {
  const { database } = options;
  const row = await doorRows(database.db).where('portal.id', '=', tap.portal).executeTakeFirst();
  if (row === undefined) return err('not-found');
  const first = await database.db
    .selectFrom('lock_opening')
    .select('id')
    .where('person_id', '=', person.id)
    .where('confirm', '=', tap.confirm)
    .executeTakeFirst();
  if (first !== undefined) return readOpening(options, person.id, first.id);
  const judged = await judge(options, person, row);
  if (judged.refused === 'none') return err('not-found');
  const made = await record(options, person, tap, judged.refused);
  if (made.fresh && judged.refused === null && judged.server !== undefined && row.lock_id !== null)
    await give(options, made.row, row.lock_id, judged.server, person.number);
  return readOpening(options, person.id, made.row.id);
}

type Judged = { readonly refused: string | null; readonly server?: Parameters<Commands['openLock']>[0]['device'] };

async function judge(options: OpeningOptions, person: PersonRow, row: DoorRow): Promise<Judged> {
  const asked = { person: person.id, number: person.number, portal: row.id, scope: row.scope_id };
  const right = await mayOpen(options, asked, await isHeld(options, person.id));
  if (right.outcome === 'none') return { refused: 'none' };
  if (right.outcome === 'denied') return { refused: right.why };
  // A lock last heard a while ago may still hear us: only where nobody serves it is there nothing to try.
  const { server, notNow } = await lookAtLock(options, row);
  return server === undefined ? { refused: notNow } : { refused: null, server };
}

/** The unique confirmation decides who was first, whatever arrives at once. */
function record(
  { database, randomBytes, nowMs }: OpeningOptions,
  person: PersonRow,
  { portal, confirm, via }: Tap,
  refused: string | null,
): Promise<{ row: Row; fresh: boolean }> {
  const asked_at = nowMs();
  const fresh: Row = {
    id: toHex(randomBytes(8)),
    person_id: person.id,
    confirm,
    portal_id: portal,
    via,
    refused,
    asked_at,
  };
  return database.transaction(async ({ trx }) => {
    const inserted = await trx
      .insertInto('lock_opening')
      .values(fresh)
      .onConflict((conflict) => conflict.columns(['person_id', 'confirm']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted !== undefined) {
      const detail = { opening: fresh.id, via, refused: refused ?? '' };
      await appendAudit(trx, asked_at, person.number, [
        { action: 'keychain-open', subject: `portal ${portal}`, detail },
      ]);
      return { row: fresh, fresh: true };
    }
    const row = await trx
      .selectFrom('lock_opening')
      .selectAll()
      .where('person_id', '=', person.id)
      .where('confirm', '=', confirm)
      .executeTakeFirstOrThrow();
    return { row, fresh: false };
  });
}

async function give(
  { commands, signer }: OpeningOptions,
  { id, portal_id: portal, via }: Row,
  lockId: string,
  device: NonNullable<Judged['server']>,
  number: string,
): Promise<void> {
  const actor = via === 'pass' ? number : `${number} via ${via}`;
  const ticket = (issuedMs: number) => signer({ lockId, id, action: 'open', issuedMs });
  await commands.openLock({ id, device, portal, actor, action: 'open', ticket });
}

export async function readOpening(
  { database: { db }, nowMs }: Pick<OpeningOptions, 'database' | 'nowMs'>,
  person: number,
  id: string,
): Promise<ApiResult<Opening>> {
  const row = await db
    .selectFrom('lock_opening')
    .leftJoin('command', 'command.id', 'lock_opening.id')
    .select(['lock_opening.id', 'lock_opening.portal_id', 'refused', 'asked_at'])
    .select(['command.state', 'command.code', 'command.elapsed_ms', 'command.expires_at'])
    .where('lock_opening.id', '=', id)
    .where('person_id', '=', person)
    .executeTakeFirst();
  if (row === undefined) return err('not-found');
  const { state, reason } = stateOf(row, nowMs());
  const { portal_id: portal, asked_at, elapsed_ms } = row;
  return ok({ id, portal, state, reason, askedAt: toInstant(asked_at), elapsedMs: elapsed_ms });
}

interface CommandView {
  readonly refused: string | null;
  readonly state: string | null;
  readonly code: string | null;
  readonly expires_at: number | null;
  readonly asked_at: number;
}

/** The bolt may start at the ticket's last moment; its answer takes its time, and a little more on the way. */
const GRACE_MS = BOLT_SAYS_WITHIN_MS + 2_000;
const NOT_REACHED: ReadonlySet<string> = new Set(['not-reached', 'unreachable', 'link-lost', 'busy']);

/** The lock was told, and what it did nobody heard, or power cut it short. */
const UNKNOWN: ReadonlySet<string> = new Set(['outcome-unknown', 'interrupted']);

function stateOf(
  { refused, state, code, expires_at, asked_at }: CommandView,
  nowMs: number,
): Pick<Opening, 'state' | 'reason'> {
  if (refused !== null) return { state: 'refused', reason: refused };
  if (state === 'done') return { state: 'opened', reason: null };
  if (state === 'refused' && code === 'jammed') return { state: 'jammed', reason: null };
  if (state === 'refused' && NOT_REACHED.has(code ?? '')) return { state: 'not-reached', reason: code };
  if (state === 'refused' && UNKNOWN.has(code ?? '')) return { state: 'unknown', reason: code };
  // Corridor and lock take nothing that late.
  if (state === 'refused') return code === 'expired' ? { state: code, reason: null } : { state, reason: code };
  // Nobody knows what became of it: the word is that it never came back, not that it did not open.
  const isOver = state === 'expired' || (expires_at ?? asked_at + TICKET_LIFE_S * 1_000) + GRACE_MS < nowMs;
  if (isOver) return { state: 'unknown', reason: null };
  return { state: state === 'received' ? 'opening' : 'waiting', reason: null };
}
