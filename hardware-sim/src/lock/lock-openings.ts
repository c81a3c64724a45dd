// SPDX-License-Identifier: Apache-2.0
// Tickets at the lock (reference: lock, Opening ticket): each acts once, whatever is sent again, over whatever link and over power
// cuts. That it was accepted is in flash before the motor has its order.
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import { LOG_KINDS, type LogRecord } from '@latchkey/protocols/lock/log-record';
import { LOCK_CODES, type LockCode } from '@latchkey/protocols/lock/messages';
import {
  judgeTicket,
  MIGHT_OVERRIDE,
  TICKET,
  TICKET_ACTIONS,
  type Ticket,
  type TicketRefusal,
} from '@latchkey/protocols/lock/ticket';
import type { Bolt, LockBody } from './lock-body.ts';
import type { WriteLog } from './lock-firmware.ts';
import type { LockMemory, MemoryValue } from './lock-memory.ts';
import type { Say } from './lock-requests.ts';
import type { LockTime } from './lock-time.ts';
import type { LockTrust } from './lock-trust.ts';

export interface LockOpeningParts {
  readonly memory: LockMemory;
  readonly body: LockBody;
  readonly trust: LockTrust;
  readonly time: LockTime;
  readonly write: WriteLog;
  /** What the log says of a command. */
  readonly recordOf: (commandId: string) => LogRecord | undefined;
  readonly lockId: string;
  readonly after: (delayMs: number, action: () => void) => () => void;
  readonly relockSoon: (holdMs?: number) => void;
  readonly reset: () => Promise<void>;
  readonly restart: () => void;
}

export interface LockOpenings {
  open(ticket: Uint8Array, say: Say): Promise<void>;
  /** After power came back: what it cut short gets its record and its result. */
  recover(): void;
  /** Too little battery for a bolt that might then stay drawn. */
  isCritical(): boolean;
}

type Kept = MemoryValue<'tickets'>[number];

const REFUSALS: Readonly<Record<TicketRefusal, LockCode>> = {
  'ticket-malformed': 'malformed',
  'ticket-forged': 'forged',
  'ticket-other-lock': 'not-mine',
  'ticket-life': 'malformed',
  'ticket-expired': 'expired',
  'ticket-from-future': 'clock-unsure',
};
const BATTERY_CRITICAL = 3;
const MOST_TICKETS = 32;
const BOLTS: Readonly<Record<Bolt, number>> = { thrown: 0, drawn: 1, jammed: 2 };
/** Time for the answer to be heard before the link ends with what was asked. */
const ANSWER_HEARD_MS = 500;
const NO_COMMAND = '0'.repeat(16);

export function createLockOpenings(parts: LockOpeningParts): LockOpenings {
  const { memory, body, trust, time, write, lockId } = parts;
  const isCritical = () => body.battery <= BATTERY_CRITICAL;

  const kept = (): readonly Kept[] => memory.read('tickets') ?? [];

  function keep(ticket: Kept): void {
    // A day may pass between two beats, and many people through a door.
    if (kept().length >= MOST_TICKETS) time.mark();
    // By the mark in flash: a clock set back to it by a power cut must not bring one to life again, nor a beat that sets it back a little
    // further, nor what a ticket may be late by.
    const markS = (memory.read('time')?.ms ?? 0) / 1_000 - 2 * time.uncertainS();
    const others = kept().filter(({ id, expiresS }) => id !== ticket.id && expiresS >= markS);
    memory.write('tickets', [...others, ticket]);
  }

  function repeat({ id, outcome, code }: Kept, say: Say): void {
    say({ kind: 'accepted', commandId: id });
    if (outcome === 'done') say({ kind: 'done', commandId: id, bolt: code });
    else say({ kind: 'failed', commandId: id, code: outcome === 'failed' ? code : LOCK_CODES.interrupted });
  }

  function refusalOf(ticket: Ticket): LockCode | undefined {
    const might = (ticket.rights & MIGHT_OVERRIDE) !== 0;
    if (kept().length >= MOST_TICKETS && time.instant().quality !== 'synced') return 'busy';
    if (ticket.action !== TICKET_ACTIONS.open) return undefined;
    if (isCritical()) return 'battery-critical';
    if (body.isPrivate && !might) return 'privacy';
    return undefined;
  }

  async function carryOut({ action, holdS }: Ticket): Promise<{ bolt: Bolt; failed?: LockCode }> {
    if (action === TICKET_ACTIONS.open) {
      const bolt = await body.move('drawn');
      if (bolt !== 'drawn') return { bolt, failed: 'jammed' };
      parts.relockSoon(holdS > 0 ? holdS * 1_000 : undefined);
    }
    if (action === TICKET_ACTIONS.lock) {
      const bolt = await body.move('thrown');
      if (bolt !== 'thrown') return { bolt, failed: 'jammed' };
    }
    if (action === TICKET_ACTIONS.identify) body.identify();
    return { bolt: body.bolt };
  }

  function afterAnswer(action: number): void {
    if (action === TICKET_ACTIONS['factory-reset'])
      parts.after(ANSWER_HEARD_MS, () => void parts.reset().catch(() => undefined));
    if (action === TICKET_ACTIONS.restart) parts.after(ANSWER_HEARD_MS, parts.restart);
  }

  async function act(ticket: Ticket, digest: string, say: Say): Promise<void> {
    const { commandId, expiresS, action } = ticket;
    const about = { subject: commandId, class: 0, value: action };
    const base = { id: commandId, digest, expiresS, action };
    const refused = refusalOf(ticket);
    if (refused) {
      keep({ ...base, outcome: 'failed', code: LOCK_CODES[refused] });
      write('command-failed', { ...about, detail: LOCK_CODES[refused] });
      return say({ kind: 'failed', commandId, code: LOCK_CODES[refused] });
    }
    keep({ ...base, outcome: 'accepted', code: 0 });
    say({ kind: 'accepted', commandId });
    const { bolt, failed } = await carryOut(ticket);
    const code = failed ? LOCK_CODES[failed] : BOLTS[bolt];
    // The record before the result: a result that nobody heard is asked for again, a record that is not there is lost.
    write(failed ? 'command-failed' : 'command-done', failed ? { ...about, detail: code } : about);
    keep({ ...base, outcome: failed ? 'failed' : 'done', code });
    if (failed) say({ kind: 'failed', commandId, code });
    else say({ kind: 'done', commandId, bolt: code });
    if (!failed) afterAnswer(action);
  }

  /** The bolt may have moved: its record comes late, and once, wherever power fails meanwhile. */
  function recover(one: Kept): void {
    const said = parts.recordOf(one.id);
    if (said?.kind === LOG_KINDS['command-done'])
      return keep({ ...one, outcome: 'done', code: BOLTS[one.action === TICKET_ACTIONS.lock ? 'thrown' : 'drawn'] });
    const code = said?.detail ?? LOCK_CODES.interrupted;
    if (!said) write('command-failed', { subject: one.id, class: 0, value: one.action, detail: code });
    keep({ ...one, outcome: 'failed', code });
  }

  return {
    isCritical,
    recover() {
      for (const one of kept()) if (one.outcome === 'accepted') recover(one);
    },
    async open(bytes, say) {
      const decoded = TICKET.decode(bytes);
      const commandId = decoded.ok ? decoded.value.commandId : NO_COMMAND;
      const digest = sha256Hex(bytes).slice(0, 16);
      const known = kept().find(({ id }) => id === commandId);
      if (known?.digest === digest) return repeat(known, say);
      const fail = (code: LockCode) => say({ kind: 'failed', commandId, code: LOCK_CODES[code] });
      const pairing = memory.read('pairing');
      // Another ticket under a number that has acted: nobody who signs tickets makes one.
      if (!pairing || known) return fail('not-mine');
      if (time.instant().quality === 'degraded') return fail('clock-unsure');
      const { campusId } = pairing;
      const nowS = Math.floor(time.instant().ms / 1_000);
      const judged = judgeTicket(bytes, trust.commandKeys(), { campusId, lockId, nowS, uncertainS: time.uncertainS() });
      if (!judged.ok) return fail(REFUSALS[judged.code]);
      await act(judged.value, digest, say);
    },
  };
}
