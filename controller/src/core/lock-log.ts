// SPDX-License-Identifier: Apache-2.0
// Brings a lock's log home (reference: lock, Log): every record is durable in the journal before the lock may forget it, each
// number once however often a link breaks, and what the ring overwrote is told as a gap.
import { CREDENTIAL_CLASSES, type CredentialClass } from '@latchkey/protocols/ids';
import { type LogRecord, logKindOf } from '@latchkey/protocols/lock/log-record';
import { readLogRecords } from '@latchkey/protocols/lock/messages';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { EventBody } from './event-body.ts';
import { ask, type PushFault } from './lock-push.ts';
import type { LockSession } from './lock-session.ts';

export interface LockLogParts {
  readonly portal: Extract<EventBody, { type: 'lock-event' }>['portal'];
  readonly lockId: string;
  /** The first number that the journal does not have. */
  readonly next: () => number;
  /** Resolves true once the event is durable. */
  readonly keep: (event: EventBody) => Promise<boolean>;
  /** Everything before `next` is in the journal; durable on return. */
  readonly raise: (next: number) => Promise<void>;
  readonly onRecord?: (record: LogRecord) => void;
}

const MOST = 40;
const EMPTY_SUBJECT = '0'.repeat(16);
const CLOCKS = ['synced', 'free', 'degraded'] as const;
const CLASSES = new Map<number, CredentialClass>(
  Object.entries(CREDENTIAL_CLASSES).map(([name, wire]) => [wire, name as CredentialClass]),
);

/** Kinds whose record names whom it is about. */
const NAMED: ReadonlySet<string> = new Set(['granted', 'denied', 'command-done', 'command-failed']);

export function lockEventOf(
  record: LogRecord,
  { portal, lockId }: Pick<LockLogParts, 'portal' | 'lockId'>,
): Extract<EventBody, { type: 'lock-event' }> {
  const what = logKindOf(record.kind) ?? 'unknown';
  const credential = NAMED.has(what) ? CLASSES.get(record.class) : undefined;
  return {
    type: 'lock-event',
    portal,
    lockId,
    seq: record.seq,
    what,
    kind: record.kind,
    detail: record.detail,
    ...(credential === undefined ? {} : { class: credential }),
    ...(record.subject === EMPTY_SUBJECT ? {} : { subject: record.subject }),
    value: record.value,
    lockMs: record.atS * 1_000,
    lockClock: CLOCKS[record.clock] ?? 'unknown',
  };
}

/** How many records came. A record that the disk does not take stays in the lock. */
export async function collectLog(
  session: LockSession,
  parts: LockLogParts,
): Promise<Result<number, PushFault | 'journal-failed'>> {
  let taken = 0;
  for (;;) {
    const from = parts.next();
    const log = await ask(session, { kind: 'log-get', from, most: MOST }, 'log');
    if (!log.ok) return log;
    const records = readLogRecords(log.value.tail);
    if (!records.ok) return err('protocol-broken', records.detail);
    const kept = await keepAll(records.value, log.value, from, parts);
    if (!kept.ok) return kept;
    taken += kept.value;
    const next = parts.next();
    // Also what an earlier session had brought and could not acknowledge any more.
    if (next > log.value.first) {
      const freed = await ask(session, { kind: 'log-ack', upTo: next - 1 }, 'log-freed');
      if (!freed.ok) return freed;
    }
    if (records.value.length === 0 || next >= log.value.next) return ok(taken);
    // It says the same records again and again: others wait for the radio.
    if (next === from) return err('protocol-broken', 'the log does not go on');
  }
}

async function keepAll(
  records: readonly LogRecord[],
  { first, next: end, lost }: { readonly first: number; readonly next: number; readonly lost: number },
  from: number,
  parts: LockLogParts,
): Promise<Result<number, 'journal-failed'>> {
  const { portal, lockId } = parts;
  // Its numbers begin anew: its memory was replaced. What it has is news, whatever the numbers.
  // What another corridor brought home is not missing either, only what the ring overwrote before anybody did.
  let next = end < from ? first : Math.max(from, first - lost);
  let taken = 0;
  let isStalled = false;
  for (const record of records) {
    if (record.seq < next) continue;
    const gap = { type: 'lock-log-gap', portal, lockId, fromSeq: next, count: record.seq - next } as const;
    isStalled = record.seq > next && !(await parts.keep(gap));
    // The gap is told: it is not to be told again with the record that the disk did not take.
    if (!isStalled) next = record.seq;
    isStalled ||= !(await parts.keep(lockEventOf(record, parts)));
    if (isStalled) break;
    parts.onRecord?.(record);
    next = record.seq + 1;
    taken += 1;
  }
  // Also where the disk stalled half way: what it took is not to come again.
  if (next !== from) await parts.raise(next);
  return isStalled ? err('journal-failed') : ok(taken);
}
