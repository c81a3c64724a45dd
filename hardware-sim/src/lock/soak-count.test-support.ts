// SPDX-License-Identifier: Apache-2.0
// The journal of a soak, on a disk that stalls now and then, and what is counted in it: what must never happen.
import type { Corridor, CorridorParts } from '@latchkey/controller/roles/corridor';
import { LOCK_CODES } from '@latchkey/protocols/lock/messages';
import type { SimulatedLock } from './simulated-lock.ts';
import type { SoakPeople } from './soak.test-support.ts';
import type { SoakGateway } from './soak-gateway.test-support.ts';

interface Kept {
  readonly lockId: string;
  readonly seq: number;
  readonly what: string;
  readonly detail: number;
  readonly subject: string | undefined;
}

export interface SoakCount {
  readonly asked: number;
  /** How openings ended, by word. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Records that locks wrote. */
  readonly records: number;
  /** In the journal: each number of each lock once. */
  readonly collected: number;
  readonly twice: number;
  readonly gaps: number;
  readonly stalls: number;
  /** Commands that the locks carried out more than once. */
  readonly doubleOpenings: number;
  /** Told as done, with no record of it. */
  readonly wronglyDone: number;
  /** Times a bolt was drawn, and how many of these no record speaks of. */
  readonly drawn: number;
  readonly unrecorded: number;
  /** Strangers, and cards that the lock had said to know as denied. */
  readonly wronglyLetIn: number;
  /** Locks that have not the newest list or deny in the end. */
  readonly behind: number;
}

const STALL_SHARE = 0.005;

export interface SoakJournal extends Pick<CorridorParts, 'keep' | 'marks'> {
  readonly kept: readonly Kept[];
  gaps(): number;
  stalls(): number;
}

export function createSoakJournal(chance: () => number): SoakJournal {
  const kept: Kept[] = [];
  const marks = new Map<string, number>();
  let [gaps, stalls] = [0, 0];
  return {
    kept,
    gaps: () => gaps,
    stalls: () => stalls,
    async keep(event) {
      if (chance() < STALL_SHARE) {
        stalls += 1;
        return false;
      }
      if (event.type === 'lock-log-gap') gaps += 1;
      if (event.type === 'lock-event') {
        const { lockId, seq, what, detail, subject } = event;
        kept.push({ lockId, seq, what, detail, subject });
      }
      return true;
    },
    marks: {
      next: (lockId) => marks.get(lockId) ?? 0,
      raise: async (lockId, next) => void marks.set(lockId, next),
    },
  };
}

/** A record of a bolt that was drawn, or may have been. */
const isOpening = ({ what, detail }: Kept): boolean =>
  what === 'granted' || what === 'command-done' || (what === 'command-failed' && detail === LOCK_CODES.interrupted);

/**
 * How many draws of its bolt the records of one lock speak of, at most: an opening where the bolt was drawn already, as with a door
 * that stands open, is none.
 */
function drawsSpokenOf(records: readonly Kept[]): number {
  let draws = 0;
  let isDrawn = false;
  for (const record of [...records].sort((one, other) => one.seq - other.seq)) {
    if (isOpening(record)) {
      if (!isDrawn) draws += 1;
      isDrawn = record.what !== 'command-failed';
    }
    if (record.what === 'opened-from-inside') isDrawn = true;
    // Power may have failed between the bolt and its record.
    if (record.what === 'relocked' || record.what === 'restarted') isDrawn = false;
  }
  return draws;
}

export function countSoak(parts: {
  readonly locks: readonly SimulatedLock[];
  readonly journal: SoakJournal;
  readonly gateway: SoakGateway;
  readonly corridor: Corridor;
  readonly people: SoakPeople;
}): SoakCount {
  const { locks, journal, gateway, corridor, people } = parts;
  const { kept } = journal;
  const numbers = new Map(kept.map((each) => [`${each.lockId} ${each.seq}`, each]));
  const opened = new Map<string, number>();
  const byLock = new Map<string, Kept[]>();
  for (const each of numbers.values()) {
    const { what, subject, lockId } = each;
    if (what === 'command-done' && subject !== undefined) opened.set(subject, (opened.get(subject) ?? 0) + 1);
    byLock.set(lockId, [...(byLock.get(lockId) ?? []), each]);
  }
  const outcomes: Record<string, number> = {};
  for (const word of people.outcomes.values()) outcomes[word] = (outcomes[word] ?? 0) + 1;
  const sum = (of: (lock: SimulatedLock) => number) => locks.reduce((all, lock) => all + of(lock), 0);
  return {
    asked: people.asked(),
    outcomes,
    records: sum((lock) => lock.records()),
    collected: numbers.size,
    twice: kept.length - numbers.size,
    gaps: journal.gaps(),
    stalls: journal.stalls(),
    doubleOpenings: [...opened.values()].filter((times) => times > 1).length,
    wronglyDone: [...people.outcomes].filter(([id, outcome]) => outcome === 'done' && !opened.has(id)).length,
    drawn: sum(({ body }) => body.drawn),
    unrecorded: sum(({ lockId, body }) => Math.max(0, body.drawn - drawsSpokenOf(byLock.get(lockId) ?? []))),
    wronglyLetIn: people.wronglyLetIn(),
    behind: corridor
      .reports()
      .filter(({ list, deny }) => list?.version !== gateway.version || deny?.seq !== gateway.denySeq).length,
  };
}
