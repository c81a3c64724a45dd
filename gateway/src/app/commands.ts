// SPDX-License-Identifier: Apache-2.0
// Commands to doors (DESIGN 6): signed, numbered a controller, confirmed. A momentary one is for a controller that is there, now
// or not at all; a mode is desired state, sent again at every hello until a newer one takes its place.
import type { CommandState as ApiCommand, ModeBody } from '@latchkey/protocols/api/operations';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { command, MOMENTARY_EXPIRY_MS, type Operation } from '@latchkey/protocols/commands/command';
import { isMomentary } from '@latchkey/protocols/commands/judge-command';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { type DeviceId, deviceId } from '@latchkey/protocols/ids';
import type { TicketAction } from '@latchkey/protocols/lock/ticket';
import type { commandResult } from '@latchkey/protocols/mqtt/messages';
import { err, ok } from '@latchkey/protocols/result';
import type { z } from 'zod';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { ApiResult, CommandService } from '../http/services.ts';
import {
  advanceCommand,
  type CommandRow,
  desiredModes,
  expireMomentary,
  insertCommands,
  isFinal,
  type NewCommand,
} from './command-store.ts';
import type { DeviceSession, DeviceSessions } from './device-sessions.ts';
import { type Log, reasonOf } from './log.ts';
import type { PortalReports } from './portal-reports.ts';

export type CommandResult = z.infer<typeof commandResult>;

export interface Commands extends CommandService {
  start(): Promise<void>;
  /** The session has just begun: it is told the modes its doors should be in. */
  hello(session: DeviceSession): Promise<void>;
  /** Sends a ticket to the controller that serves the lock; does not wait for the bolt. */
  openLock(order: LockOrder): Promise<ApiCommand>;
  /** An `up/res` message. */
  result(device: DeviceId, result: CommandResult): Promise<void>;
  close(): void;
}

export interface LockOrder {
  /** Of the command and of its ticket: the lock answers a second of the same id with the first one's result. */
  readonly id: string;
  readonly device: DeviceId;
  readonly portal: string;
  readonly actor: string;
  /** What the ticket says, for the record. */
  readonly action: TicketAction;
  /** Base64url; `issuedMs` is that of the command. */
  readonly ticket: (issuedMs: number) => string;
}

export interface CommandOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'transaction'>;
  readonly key: SigningKey;
  readonly sessions: Pick<DeviceSessions, 'get'>;
  readonly reports: Pick<PortalReports, 'whole'>;
  /** Sends a `dn/cmd` payload. */
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Log;
  /** How long a call waits for the door. */
  readonly waitMs?: number;
}

const WAIT_MS = 3_000;
/** A mode is signed anew whenever it is sent; a controller that was cut off longer than this gets it at its next hello. */
const MODE_LIFE_MS = 30 * 86_400_000;
const SWEEP_MS = 5_000;
/** An answer may be on its way a little after the command expired. */
const GRACE_MS = 2_000;

interface Target {
  readonly device: string;
  readonly portal: string | null;
}
type Order = Pick<NewCommand, 'operation' | 'mode'>;

export function createCommands(options: CommandOptions): Commands {
  const { database, sessions, nowMs, log, waitMs = WAIT_MS } = options;
  const waiting = new Map<string, (row: CommandRow) => void>();
  let sweeper: NodeJS.Timeout | undefined;

  async function targetOf(portal: string): Promise<ApiResult<Target & { device: string }>> {
    const row = await database.db.selectFrom('portal').select('device_id').where('id', '=', portal).executeTakeFirst();
    if (row === undefined) return err('not-found', `there is no portal ${portal}`);
    if (row.device_id === null) return err('not-allowed-here', `no controller drives the portal ${portal}`);
    return ok({ device: row.device_id, portal });
  }

  /** Signs and sends; the row says `sent` only once the connection has it. */
  async function dispatch(row: CommandRow, ticket?: string): Promise<CommandRow> {
    const device = deviceId.parse(row.device_id);
    const sent = await options.send(device, await seal(options, row, ticket));
    if (!sent) return row;
    const change = { state: 'sent', code: null, atMs: nowMs() } as const;
    return (await advanceCommand(database.db, row.device_id, row.id, change)) ?? row;
  }

  function awaitResult(row: CommandRow): Promise<CommandRow> {
    return new Promise((resolve) => {
      const finish = (ended: CommandRow) => {
        clearTimeout(timer);
        waiting.delete(row.id);
        resolve(ended);
      };
      const timer = setTimeout(() => {
        waiting.delete(row.id);
        readRow(row.id).then(
          (now) => resolve(now ?? row),
          () => resolve(row),
        );
      }, waitMs);
      waiting.set(row.id, finish);
    });
  }

  const readRow = (id: string) => database.db.selectFrom('command').selectAll().where('id', '=', id).executeTakeFirst();

  async function give(targets: readonly Target[], order: Order, actor: string): Promise<ApiCommand[]> {
    const issuedMs = nowMs();
    const life = isMomentary(order.operation) ? MOMENTARY_EXPIRY_MS : MODE_LIFE_MS;
    const made = targets.map(
      ({ device, portal }): NewCommand => ({
        id: toHex(options.randomBytes(8)),
        device,
        portal,
        ...order,
        actor: actor.slice(0, 80),
        boot: sessionOf(device)?.boot ?? null,
        issuedMs,
        expiresMs: issuedMs + life,
      }),
    );
    const rows = await insertCommands(database, made, issuedMs);
    return Promise.all(rows.map(carryOut));
  }

  async function openLock({ id, device, portal, actor, action, ticket }: LockOrder): Promise<ApiCommand> {
    const issuedMs = nowMs();
    const made: NewCommand = {
      id,
      device,
      portal,
      operation: 'open-lock',
      mode: null,
      action,
      issuedMs,
      actor: actor.slice(0, 80),
      boot: sessionOf(device)?.boot ?? null,
      expiresMs: issuedMs + MOMENTARY_EXPIRY_MS,
    };
    const [row] = await insertCommands(database, [made], issuedMs);
    if (row === undefined) throw new Error('a command was not stored');
    return toApi(await dispatch(row, ticket(issuedMs)));
  }

  async function carryOut(row: CommandRow): Promise<ApiCommand> {
    // Listening before sending: the door may be quicker than this thread.
    const result = awaitResult(row);
    const sent = await dispatch(row);
    if (sent.state === 'queued') {
      waiting.get(row.id)?.(sent);
      return toApi(sent);
    }
    return toApi(await result);
  }

  const sessionOf = (device: string) => {
    const id = deviceId.safeParse(device);
    return id.success ? sessions.get(id.data) : undefined;
  };

  async function one(portal: string, order: Order, actor: string): Promise<ApiResult<ApiCommand>> {
    const target = await targetOf(portal);
    if (!target.ok) return target;
    if (order.operation === 'unlock-momentary' && !sessionOf(target.value.device)) {
      return err('device-offline', `the controller of ${portal} is not connected: the door stays as it is`);
    }
    const [done] = await give([target.value], order, actor);
    return done === undefined ? err('internal') : ok(done);
  }

  async function lockdown(
    on: boolean,
    portals: readonly string[] | undefined,
    actor: string,
  ): Promise<ApiResult<ApiCommand[]>> {
    const order: Order = { operation: on ? 'lockdown' : 'release-lockdown', mode: null };
    if (portals === undefined) {
      const rows = await database.db
        .selectFrom('portal')
        .select('device_id')
        .distinct()
        .where('device_id', 'is not', null)
        .orderBy('device_id')
        .execute();
      return ok(await give(rows.flatMap(wholeDevice), order, actor));
    }
    const targets: Target[] = [];
    for (const portal of new Set(portals)) {
      const target = await targetOf(portal);
      if (!target.ok) return target.code === 'not-found' ? err('unknown-reference', target.detail) : target;
      targets.push(target.value);
    }
    return ok(await give(targets, order, actor));
  }

  /** A controller took a newer number before this one reached it: what is still wanted is wanted under a new number. */
  async function reissue(row: CommandRow): Promise<void> {
    const wanted = await desiredModes(database.db, row.device_id);
    if (!wanted.some(({ id }) => id === row.id)) return;
    log.info({ device: row.device_id, command: row.id }, 'mode given again under a new number');
    const order = { operation: row.operation as Operation, mode: row.mode as Order['mode'] };
    await give([{ device: row.device_id, portal: row.portal_id }], order, row.actor);
  }

  async function result(device: DeviceId, { id, state, code, atMs, portal }: CommandResult): Promise<void> {
    const before = await readRow(id);
    const row = await advanceCommand(database.db, device, id, { state, code: code ?? null, atMs: nowMs() });
    if (row === undefined) return;
    if (portal !== undefined && state === 'done') await options.reports.whole(device, [portal], atMs);
    if (isFinal(row.state)) waiting.get(id)?.(row);
    const lost = before !== undefined && !isFinal(before.state) && state === 'refused' && code === 'superseded';
    // Not awaited: it waits for the very controller whose message this is.
    if (lost)
      void reissue(row).catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'mode not given again'));
  }

  async function sweep(): Promise<void> {
    const atMs = nowMs();
    await expireMomentary(database.db, atMs - GRACE_MS, atMs);
  }

  return {
    unlock: (portal, actor) => one(portal, { operation: 'unlock-momentary', mode: null }, actor),
    setMode: (portal, mode: ModeBody['mode'], actor) => one(portal, { operation: 'set-mode', mode }, actor),
    releaseMode: (portal, actor) => one(portal, { operation: 'release-mode', mode: null }, actor),
    lockdown,
    openLock,
    async get(id) {
      const row = await readRow(id);
      return row && toApi(row);
    },
    async start() {
      await sweep();
      const fault = (error: unknown) => log.error({ reason: reasonOf(error) }, 'commands not swept');
      sweeper = setInterval(() => void sweep().catch(fault), SWEEP_MS);
    },
    async hello({ device }) {
      for (const row of await desiredModes(database.db, device)) {
        const { state } = await dispatch(row);
        if (state === 'queued') return;
      }
    },
    result,
    close: () => clearInterval(sweeper),
  };
}

const wholeDevice = ({ device_id }: { device_id: string | null }): Target[] =>
  device_id === null ? [] : [{ device: device_id, portal: null }];

function seal(
  { key, nowMs }: Pick<CommandOptions, 'key' | 'nowMs'>,
  row: CommandRow,
  ticket: string | undefined,
): Promise<Uint8Array> {
  const momentary = isMomentary(row.operation as Operation);
  return sealJson(
    'LKC1',
    command,
    command.parse({
      id: row.id,
      device: row.device_id,
      operation: row.operation,
      issuedMs: row.issued_at,
      expiresMs: momentary ? row.expires_at : nowMs() + MODE_LIFE_MS,
      actor: row.actor,
      order: row.ord,
      ...(row.portal_id === null ? {} : { portal: row.portal_id }),
      ...(row.mode === null ? {} : { mode: row.mode }),
      ...(ticket === undefined ? {} : { ticket }),
      ...(momentary && row.boot !== null ? { boot: row.boot } : {}),
    }),
    key,
  );
}

const toApi = (row: CommandRow): ApiCommand => ({
  id: row.id,
  device: row.device_id,
  portal: row.portal_id,
  operation: row.operation,
  state: row.state,
  code: row.code,
  elapsedMs: row.elapsed_ms,
});
