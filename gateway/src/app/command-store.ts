// SPDX-License-Identifier: Apache-2.0
// Commands in the database: numbered a controller in the order given, and what became of each.
import { type Command, OPERATIONS, type Operation } from '@latchkey/protocols/commands/command';
import { isMomentary } from '@latchkey/protocols/commands/judge-command';
import type { TicketAction } from '@latchkey/protocols/lock/ticket';
import type { Kysely, Selectable } from 'kysely';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { CommandTable, Database } from '../adapters/database/schema.ts';
import { appendAudit } from './audit.ts';

export type CommandRow = Selectable<CommandTable>;
export type CommandState = CommandTable['state'];

export interface NewCommand {
  readonly id: string;
  readonly device: string;
  readonly portal: string | null;
  readonly operation: Operation;
  readonly mode: Command['mode'] | null;
  /** Of a lock's ticket. */
  readonly action?: TicketAction;
  readonly actor: string;
  readonly boot: string | null;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

const MOMENTARY: readonly Operation[] = OPERATIONS.filter(isMomentary);
const FINAL: readonly CommandState[] = ['done', 'refused', 'expired'];
export const isFinal = (state: CommandState): boolean => FINAL.includes(state);

/** Writes them and their audit entries in one transaction; each gets its controller's next number. */
export function insertCommands(
  database: Pick<GatewayDatabase, 'transaction'>,
  commands: readonly NewCommand[],
  atMs: number,
): Promise<CommandRow[]> {
  return database.transaction(async ({ trx }) => {
    const rows: CommandRow[] = [];
    for (const each of commands) {
      const { command_order } = await trx
        .updateTable('device')
        .set((eb) => ({ command_order: eb('command_order', '+', 1) }))
        .where('id', '=', each.device)
        .returning('command_order')
        .executeTakeFirstOrThrow();
      rows.push(rowOf(each, command_order, atMs));
    }
    for (const row of rows) await trx.insertInto('command').values(row).execute();
    const [first] = rows;
    if (first) await appendAudit(trx, atMs, first.actor, commands.map(noteOf));
    return rows;
  });
}

const rowOf = (given: NewCommand, order: number, atMs: number): CommandRow => ({
  id: given.id,
  device_id: given.device,
  portal_id: given.portal,
  operation: given.operation,
  mode: given.mode ?? null,
  actor: given.actor,
  state: 'queued',
  code: null,
  ord: order,
  boot: given.boot,
  issued_at: given.issuedMs,
  expires_at: given.expiresMs,
  updated_at: atMs,
  elapsed_ms: null,
});

const noteOf = ({ operation, portal, device, id, mode, action }: NewCommand) => ({
  action: `command-${action === undefined ? operation : `${action}-lock`}`,
  subject: portal === null ? `device ${device}` : `portal ${portal}`,
  detail: { command: id, mode: mode ?? undefined },
});

/**
 * What has ended stays as it ended, but for what nobody had answered in time: what the door says later is what happened. The row as it is afterwards;
 * `undefined` for a command of nobody or of another device.
 */
export async function advanceCommand(
  db: Kysely<Database>,
  device: string,
  id: string,
  change: { readonly state: CommandState; readonly code: string | null; readonly atMs: number },
): Promise<CommandRow | undefined> {
  const { state, code, atMs } = change;
  await db
    .updateTable('command')
    .set((eb) => ({
      state,
      code,
      updated_at: atMs,
      elapsed_ms: isFinal(state) ? eb(eb.val(atMs), '-', eb.ref('issued_at')) : null,
    }))
    .where('id', '=', id)
    .where('device_id', '=', device)
    .where((eb) => {
      const isOpen = eb('state', 'not in', state === 'sent' ? [...FINAL, 'received'] : FINAL);
      const isUnanswered = eb.and([eb('state', '=', 'expired'), eb('code', 'is', null)]);
      return state === 'done' || state === 'refused' ? eb.or([isOpen, isUnanswered]) : isOpen;
    })
    .execute();
  return db.selectFrom('command').selectAll().where('id', '=', id).where('device_id', '=', device).executeTakeFirst();
}

/** The newest mode change of each portal and writer of a controller, oldest first: what it should be in. */
export async function desiredModes(db: Kysely<Database>, device: string): Promise<CommandRow[]> {
  const rows = await db
    .selectFrom('command')
    .selectAll()
    .where('device_id', '=', device)
    .where('operation', 'not in', MOMENTARY)
    .orderBy('ord', 'desc')
    .limit(2_000)
    .execute();
  const newest = new Map<string, CommandRow>();
  for (const row of rows) {
    const writer = row.operation.endsWith('lockdown') ? 'lockdown' : 'operator';
    const whole = newest.get(`${writer} `);
    const key = `${writer} ${row.portal_id ?? ''}`;
    // One for the whole controller covers every portal's earlier ones.
    if (whole === undefined && !newest.has(key)) newest.set(key, row);
  }
  return [...newest.values()].sort((one, other) => one.ord - other.ord);
}

/** A bolt may start at the last moment of its ticket, and the corridor waits this much longer for what it says (lock-openings). */
export const BOLT_SAYS_WITHIN_MS = 4_000;

/** Momentary commands nobody answered in time. */
export async function expireMomentary(db: Kysely<Database>, beforeMs: number, atMs: number): Promise<void> {
  await db
    .updateTable('command')
    .set({ state: 'expired', updated_at: atMs })
    .where('operation', 'in', MOMENTARY)
    .where('state', 'in', ['queued', 'sent', 'received'])
    .where((eb) =>
      eb.or([
        eb('expires_at', '<', beforeMs - BOLT_SAYS_WITHIN_MS),
        eb.and([eb('operation', '<>', 'open-lock'), eb('expires_at', '<', beforeMs)]),
      ]),
    )
    .execute();
}
