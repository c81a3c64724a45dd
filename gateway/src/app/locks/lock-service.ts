// SPDX-License-Identifier: Apache-2.0
// Smart locks for the API: the registry's changes, what is read, and commands that staff give.
import type { Grant } from '@latchkey/protocols/api/locks';
import type { CommandState } from '@latchkey/protocols/api/operations';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { TICKET_LIFE_S, type TicketAction } from '@latchkey/protocols/lock/ticket';
import { err, ok } from '@latchkey/protocols/result';
import type { LockService } from '../../http/keychain-service.ts';
import type { ApiResult } from '../../http/services.ts';
import { toInstant, toInstantOrNull } from '../api/forms.ts';
import { type LockReadOptions, listLocks, rolloutsOf } from '../api/locks.ts';
import { BOLT_SAYS_WITHIN_MS } from '../command-store.ts';
import type { Commands } from '../commands.ts';
import type { TicketSigner } from '../keychain/openings.ts';
import { addLock, endLockOf, type LockContext, lockOf, replaceLock, setCorridors } from '../registry/locks.ts';
import { addGrant, withdrawGrant } from '../registry/room-grants.ts';

export interface LockServiceOptions extends LockReadOptions, LockContext {
  readonly commands: Pick<Commands, 'openLock' | 'get'>;
  readonly signer: TicketSigner;
}

/** How long a call waits for the lock: until its ticket and its bolt's last word are over. */
const WAIT_MS = TICKET_LIFE_S * 1_000 + BOLT_SAYS_WITHIN_MS + 2_000;
const LOOK_MS = 100;
const LAST: ReadonlySet<CommandState['state']> = new Set(['done', 'refused', 'expired']);

export function createLockService(options: LockServiceOptions): LockService {
  const { context, db, commands } = options;

  async function order(portal: string, action: TicketAction, actor: string): Promise<ApiResult<CommandState>> {
    const lock = await lockOf(db, portal);
    if (lock === undefined) return err('not-found');
    if (lock.state !== 'paired') return err('wrong-state', 'the lock is not paired yet');
    const device = options.serverOf(lock.id);
    if (device === undefined) return err('device-offline', 'no controller that may serve the lock is connected');
    const id = toHex(options.randomBytes(8));
    const ticket = (issuedMs: number) => options.signer({ lockId: lock.id, id, action, issuedMs });
    const given = await commands.openLock({ id, device, portal, actor, action, ticket });
    return ok(await awaited(given));
  }

  async function awaited(given: CommandState): Promise<CommandState> {
    let now = given;
    for (let waited = 0; waited < WAIT_MS && !LAST.has(now.state); waited += LOOK_MS) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      now = (await commands.get(given.id)) ?? now;
    }
    return now;
  }

  /** Its keys are gone, by an order whose answer was lost or by its inside button: nobody can order anything of it any more. */
  async function hasForgotten(portal: string): Promise<boolean> {
    const [lock] = await listLocks(options, portal);
    return lock?.reports.some(({ state }) => state === 'unpaired') === true;
  }

  async function grants(id?: number): Promise<Grant[]> {
    let query = db
      .selectFrom('room_grant')
      .leftJoin('person', 'person.id', 'room_grant.person_id')
      .selectAll('room_grant')
      .select('person.number')
      .orderBy('room_grant.id', 'desc')
      .limit(1_000);
    if (id !== undefined) query = query.where('room_grant.id', '=', id);
    return (await query.execute()).map((row) => ({
      id: String(row.id),
      person: row.number,
      group: row.group_id,
      building: row.building,
      room: row.room,
      floor: row.floor,
      from: toInstant(row.valid_from),
      until: toInstant(row.valid_until),
      reason: row.reason,
      by: row.actor,
      withdrawnAt: toInstantOrNull(row.withdrawn_at),
    }));
  }

  return {
    list: () => listLocks(options),
    get: async (portal) => (await listLocks(options, portal))[0],
    async rollouts(reach) {
      const all = await listLocks(options);
      return rolloutsOf(reach === 'all' ? all : all.filter(({ building }) => reach.has(building)));
    },
    add: (body, actor) => addLock(options, body, actor),
    replace: (portal, body, actor) => replaceLock(options, portal, body, actor),
    corridors: (portal, devices, actor) => setCorridors(options, portal, devices, actor),
    retire: (portal, actor) => endLockOf(options, portal, 'replaced', actor),
    async reset(portal, actor) {
      const done = await order(portal, 'factory-reset', actor);
      if (!done.ok || (done.value.state !== 'done' && !(await hasForgotten(portal)))) return done;
      const ended = await endLockOf(options, portal, 'reset', actor);
      return ended.ok ? ok({ ...done.value, state: 'done', code: null }) : ended;
    },
    order,
    grants: () => grants(),
    async grant(body, actor) {
      const made = await addGrant(context, body, actor);
      if (!made.ok) return made;
      const [grant] = await grants(made.value.id);
      return grant === undefined ? err('internal') : ok(grant);
    },
    withdraw: (id, actor) => withdrawGrant(context, Number(id), actor),
  };
}
