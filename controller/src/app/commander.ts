// SPDX-License-Identifier: Apache-2.0
// Carries out signed commands: judged first, received is said at once, done only once the door took it. A momentary command
// never fires late; a mode that was set survives a restart (DESIGN 1.5, 6; reference: door).
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { type Command, command } from '@latchkey/protocols/commands/command';
import { isMomentary, judgeCommand } from '@latchkey/protocols/commands/judge-command';
import { openJson } from '@latchkey/protocols/commands/seal';
import type { DeviceId, PortalId } from '@latchkey/protocols/ids';
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import type { PortalReport } from '@latchkey/protocols/mqtt/messages';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { SettingsFile } from '../adapters/settings-file.ts';
import { type ClaimedMode, mayClaim } from '../core/mode-arbiter.ts';
import type { Link } from '../ports/link.ts';
import type { Doors } from '../roles/doors.ts';
import { type CommandResults, createCommandResults, type OpeningUnderWay } from './command-results.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings-schema.ts';

type CommandState = 'received' | 'done' | 'refused' | 'expired';
type CommandEvent = Omit<Extract<JournalEvent, { type: 'command' }>, 'at' | 'clock'>;

interface Outcome {
  readonly state: CommandState;
  readonly code?: string;
  readonly portal?: PortalReport;
}

export interface Commander {
  /** A `dn/cmd` payload. Never rejects. */
  onCommand(payload: Uint8Array): Promise<void>;
  /** Puts the doors back into the modes that were set before a restart. */
  restore(): Promise<void>;
  /** The gateway is there (again). */
  onUp(): void;
}

export interface CommanderParts {
  readonly link: Pick<Link, 'publish'>;
  readonly doors: Doors;
  /** Smart locks: resolves with the lock's own word. */
  readonly openLock: (portal: string, ticket: string, expiresMs: number) => Promise<Result<null>>;
  readonly settings: SettingsFile<Settings>;
  readonly device: DeviceId;
  readonly boot: string;
  readonly keyring: () => Keyring;
  /** Trusted time. */
  readonly now: () => number;
  readonly record: (event: CommandEvent) => void;
  readonly log: Log;
}

/** Commands remembered, so that one sent twice is answered twice and carried out once. */
const REMEMBERED = 500;

type Write = { readonly writer: 'operator' | 'lockdown'; readonly mode: ClaimedMode | null };

const actorOf = ({ actor }: Command, writer: string): string => `${writer}:${actor}`.slice(0, 80);

/** What a mode command wants of which writer. */
function writeOf({ operation, mode }: Command): Write | undefined {
  switch (operation) {
    case 'unlock-momentary':
    case 'open-lock':
      return undefined;
    case 'set-mode':
      return { writer: 'operator', mode: mode ?? null };
    case 'release-mode':
      return { writer: 'operator', mode: null };
    case 'lockdown':
      return { writer: 'lockdown', mode: 'LockedDown' };
    case 'release-lockdown':
      return { writer: 'lockdown', mode: null };
  }
}

export function createCommander(parts: CommanderParts): Commander {
  const { doors, settings, log } = parts;
  const told: CommandResults = createCommandResults(parts);
  const outcomes = new Map<string, Outcome>();
  let queue: Promise<void> = Promise.resolve();

  function remember(id: string, outcome: Outcome): void {
    outcomes.set(id, outcome);
    for (const oldest of outcomes.keys()) {
      if (outcomes.size <= REMEMBERED) return;
      outcomes.delete(oldest);
    }
  }

  function tell({ id, portal }: OpeningUnderWay, outcome: Outcome): void {
    remember(id, outcome);
    const report =
      outcome.state === 'done' && portal !== undefined && doors.portals().includes(portal)
        ? { portal: doors.report(portal) }
        : {};
    told.tell(id, { id, ...outcome, ...report, atMs: parts.now() }, outcome.state !== 'received');
  }

  function finish(given: OpeningUnderWay, outcome: Outcome): void {
    tell(given, outcome);
    const { id, operation, actor, portal } = given;
    const { state, code } = outcome;
    if (state === 'received') return;
    parts.record({
      type: 'command',
      command: id,
      operation,
      actor,
      state,
      ...(portal === undefined ? {} : { portal }),
      ...(code === undefined ? {} : { code }),
    });
    log.info({ command: id, operation, state }, 'command ended');
  }

  function targets({ portal }: Command): Result<readonly PortalId[]> {
    if (portal === undefined) return ok(doors.portals());
    return doors.portals().includes(portal) ? ok([portal]) : err('unknown-portal', 'no such portal here');
  }

  /** Before the door moves: what holds until released must hold after a power cut as well. */
  async function keep(given: Command, portals: readonly PortalId[], { writer, mode }: Write): Promise<void> {
    await settings.update((data) => {
      const kept = { ...data.portals };
      for (const portal of portals) {
        kept[portal] = { ...kept[portal], [writer]: { mode, order: given.order, by: actorOf(given, writer) } };
      }
      return { ...data, commandOrder: given.order, portals: kept };
    });
  }

  async function carryOut(given: Command): Promise<Result<unknown>> {
    const { portal, ticket } = given;
    if (ticket !== undefined && portal !== undefined) {
      told.begin(given);
      return parts.openLock(portal, ticket, given.expiresMs);
    }
    const portals = targets(given);
    if (!portals.ok) return portals;
    const write = writeOf(given);
    const results = write
      ? await writeModes(given, portals.value, write)
      : await Promise.all(portals.value.map((portal) => doors.release(portal, actorOf(given, 'operator'))));
    return results.find((result) => !result.ok) ?? ok(null);
  }

  /** What a door refuses is not kept either: it would come true with the next restart, or with the end of the lockdown. */
  async function writeModes(given: Command, portals: readonly PortalId[], write: Write): Promise<Result<unknown>[]> {
    const { writer, mode } = write;
    const judged = portals.map((portal) => ({
      portal,
      refusal: mode === null ? undefined : mayClaim(doors.report(portal).mode, writer, mode),
    }));
    const taking = judged.filter(({ refusal }) => refusal === undefined).map(({ portal }) => portal);
    await keep(given, taking, write).catch(() => log.error({}, 'mode not kept on disk'));
    const by = actorOf(given, writer);
    const set = await Promise.all(taking.map((portal) => doors.setMode(portal, writer, mode, by)));
    return [...set, ...judged.flatMap(({ refusal }) => refusal ?? [])];
  }

  /** The very change carried out last may come again when its result was lost: it is carried out again, which changes nothing. */
  function lastOrderFor({ order }: Command): number {
    const { commandOrder } = settings.current();
    return order === commandOrder ? order - 1 : commandOrder;
  }

  async function handle(given: Command): Promise<void> {
    const earlier = outcomes.get(given.id);
    if (earlier) return tell(given, earlier);
    const judged = judgeCommand(given, {
      device: parts.device,
      boot: parts.boot,
      nowMs: parts.now(),
      lastOrder: lastOrderFor(given),
      recentIds: new Set(outcomes.keys()),
    });
    if (!judged.ok) {
      return finish(given, { state: judged.code === 'expired' ? 'expired' : 'refused', code: judged.code });
    }
    tell(given, { state: 'received' });
    const result = await carryOut(given);
    finish(given, result.ok ? { state: 'done' } : { state: 'refused', code: result.code });
    told.end(given.id);
  }

  async function restoreOne(portal: PortalId): Promise<void> {
    const kept = settings.current().portals[portal];
    for (const writer of ['operator', 'lockdown'] as const) {
      const write = kept?.[writer];
      if (write?.mode) await doors.setMode(portal, writer, write.mode, write.by);
    }
  }

  return {
    async onCommand(payload) {
      const opened = await openJson(payload, 'LKC1', command, parts.keyring(), 'command');
      if (!opened.ok) return log.warn({ code: opened.code }, 'command refused');
      const given = opened.value;
      // Modes in their order, one after the other; a momentary release waits for none of them.
      if (isMomentary(given.operation)) return handle(given);
      queue = queue
        .then(() => handle(given))
        .catch((error: unknown) => log.error({ error: String(error) }, 'command failed'));
      await queue;
    },
    onUp: told.onUp,
    async restore() {
      // Whether they opened, the locks' logs will say.
      for (const opening of told.left()) {
        finish(opening, { state: 'refused', code: 'outcome-unknown' });
        told.end(opening.id);
      }
      await Promise.all(doors.portals().map(restoreOne));
    },
  };
}
