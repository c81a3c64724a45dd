// SPDX-License-Identifier: Apache-2.0
// Loans and returns of a desk as a ledger: lines that are only ever added, folded into entries. An entry is there before the
// library is asked, so that whatever ends this process in between leaves a question to ask, never a loan unknown to anybody
// (reference: sip2, quirk 1: there is no duplicate key, so idempotency is the client's job).
import {
  CONFLICT_DECISIONS,
  CONFLICT_HOLDERS,
  type ConflictDecision,
  type ConflictHolder,
  DESK_ACTS,
  type DeskAct,
} from '@latchkey/protocols/api/desk-terms';
import { clockQuality } from '@latchkey/protocols/mqtt/events';
import { z } from 'zod';

const number = z.int().min(1);
const millis = z.int().min(0);
const text = z.string().max(2_000);

export const circulationLine = z.discriminatedUnion('kind', [
  /** Written before anybody acts on it: before the library is asked, or before the screen turns green without it. */
  z.object({
    kind: z.literal('began'),
    number,
    act: z.enum(DESK_ACTS),
    item: z.string().min(1).max(255),
    /** Of the library; null for a return. */
    patron: z.string().max(255).nullable(),
    ref: z.string().max(32).nullable(),
    at: millis,
    clock: clockQuality,
    boot: z.string().max(32),
    monotonicMs: z.number(),
  }),
  /** It stays here until the library answers. `unsure`: the library was asked, and may have carried it out. */
  z.object({ kind: z.literal('kept'), number, due: millis.nullable(), unsure: z.boolean() }),
  /** The library has it. */
  z.object({ kind: z.literal('done'), number }),
  /** It did not happen. */
  z.object({ kind: z.literal('refused'), number }),
  /** About to be told to the library: from here on only after asking what it has. */
  z.object({ kind: z.literal('sending'), number }),
  /** Written into a file for the library's own tools: it may have it from there. */
  z.object({ kind: z.literal('exported'), number }),
  z.object({
    kind: z.literal('conflict'),
    number,
    at: millis,
    detail: text.nullable(),
    holder: z.enum(CONFLICT_HOLDERS),
    holderNumber: z.string().max(255).nullable(),
    holderSince: millis.nullable().default(null),
    holderDue: z.string().max(255).nullable(),
  }),
  z.object({
    kind: z.literal('decided'),
    number,
    at: millis,
    decision: z.enum(CONFLICT_DECISIONS),
    by: z.string().min(1).max(40),
  }),
  /** After old entries were left out: numbers go on from here. */
  z.object({ kind: z.literal('from'), number }),
]);
export type CirculationLine = z.infer<typeof circulationLine>;
type LineOf<K extends CirculationLine['kind']> = Extract<CirculationLine, { kind: K }>;
export type Began = LineOf<'began'>;

/**
 * - `asked`: sent to the library, or about to be; what came of it is not written.
 * - `kept`: waits for the library. `sending`: the library may have it already.
 * - `conflict`: a person decides. `done`, `refused`, `settled`, `discarded` are final.
 */
export type EntryState = 'asked' | 'kept' | 'sending' | 'conflict' | 'done' | 'refused' | 'settled' | 'discarded';

export interface CirculationEntry extends Omit<Began, 'kind'> {
  readonly state: EntryState;
  readonly due: number | null;
  /** The library may have it already, from this desk: it is asked before it is told. */
  readonly mayBeThere: boolean;
  /** It may have it from a file that somebody imported: it is asked before it is told. */
  readonly exported: boolean;
  readonly conflict: Omit<LineOf<'conflict'>, 'kind' | 'number'> | null;
  readonly decided: Omit<LineOf<'decided'>, 'kind' | 'number'> | null;
}

export interface Ledger {
  readonly entries: ReadonlyMap<number, CirculationEntry>;
  readonly next: number;
}

export const EMPTY_LEDGER: Ledger = { entries: new Map(), next: 1 };

const isFinal = ({ state }: CirculationEntry): boolean =>
  state === 'done' || state === 'refused' || state === 'settled' || state === 'discarded';

const AFTER_DECISION: Readonly<Record<ConflictDecision, EntryState>> = {
  'upload-again': 'kept',
  settled: 'settled',
  discard: 'discarded',
};

/** In a file that somebody may say to have imported: the library has it then. */
export const isImportable = ({ state, exported }: CirculationEntry): boolean => state === 'kept' && exported;

/** A line about an entry that is not there, or is over, changes nothing. */
export function addLines(ledger: Ledger, lines: readonly CirculationLine[]): Ledger {
  const entries = new Map(ledger.entries);
  let { next } = ledger;
  for (const line of lines) {
    next = Math.max(next, line.kind === 'from' ? line.number : line.number + 1);
    if (line.kind === 'from') continue;
    const entry = entries.get(line.number);
    if (line.kind === 'began') entries.set(line.number, entry ?? begin(line));
    else if (entry !== undefined && !isFinal(entry)) entries.set(line.number, changed(entry, line));
  }
  return { entries, next };
}

function begin({ kind: _, ...began }: Began): CirculationEntry {
  return { ...began, state: 'asked', due: null, mayBeThere: false, exported: false, conflict: null, decided: null };
}

function changed(
  entry: CirculationEntry,
  line: Exclude<CirculationLine, { kind: 'began' } | { kind: 'from' }>,
): CirculationEntry {
  // A person has the last word on it, whatever comes late.
  if (entry.state === 'conflict' && line.kind !== 'conflict' && line.kind !== 'decided') return entry;
  switch (line.kind) {
    case 'kept':
      return { ...entry, state: 'kept', due: line.due, mayBeThere: entry.mayBeThere || line.unsure };
    case 'done':
    case 'refused':
      return { ...entry, state: line.kind };
    case 'sending':
      return { ...entry, state: 'sending', mayBeThere: true };
    case 'exported':
      return { ...entry, exported: true };
    case 'conflict': {
      const { kind: _, number: __, ...conflict } = line;
      return { ...entry, state: 'conflict', conflict, decided: null };
    }
    case 'decided': {
      const { kind: _, number: __, ...decided } = line;
      // Told once more without asking first: a person has looked.
      if (entry.state === 'conflict')
        return { ...entry, state: AFTER_DECISION[line.decision], mayBeThere: false, exported: false, decided };
      return isImportable(entry) && line.decision === 'settled' ? { ...entry, state: 'settled', decided } : entry;
    }
  }
}

export interface Now {
  readonly ms: number;
  readonly boot: string;
  readonly monotonicMs: number;
}

/**
 * When it happened, by what is known of the time now: a clock that was wrong then and has been put right since the same start
 * is corrected by the monotonic one. What an earlier run wrote with a wrong clock stays as it was written, but for what cannot be:
 * nothing happened later than now.
 */
export function happenedAt(entry: Pick<Began, 'at' | 'clock' | 'boot' | 'monotonicMs'>, now: Now): number {
  if (entry.clock === 'synced') return entry.at;
  if (entry.boot !== now.boot) return Math.min(entry.at, now.ms);
  return Math.max(0, Math.round(now.ms - (now.monotonicMs - entry.monotonicMs)));
}

/** How long ago; undefined where a clock that may have been wrong leaves it open. */
export function ageOf(
  entry: Pick<Began, 'at' | 'clock' | 'boot' | 'monotonicMs'>,
  now: Now,
  isSynced: boolean,
): number | undefined {
  if (entry.boot === now.boot) return now.monotonicMs - entry.monotonicMs;
  return entry.clock === 'synced' && isSynced && entry.at <= now.ms ? now.ms - entry.at : undefined;
}

/** A due date keeps its distance from the loan. */
export const dueAt = (entry: Pick<CirculationEntry, 'at' | 'due'>, happenedMs: number): number | null =>
  entry.due === null ? null : entry.due + (happenedMs - entry.at);

/** What the library has still to be told, in the order in which it happened: of numbers, for a clock may be wrong over a restart. */
export const waiting = ({ entries }: Ledger): readonly CirculationEntry[] =>
  [...entries.values()]
    .filter(({ state }) => state === 'asked' || state === 'kept' || state === 'sending')
    .sort((one, other) => one.number - other.number);

export const conflicts = ({ entries }: Ledger): readonly CirculationEntry[] =>
  [...entries.values()].filter(({ state }) => state === 'conflict').sort((one, other) => one.number - other.number);

/** Books lent to somebody that the library does not know of yet, less what came back since. */
export function keptLoans({ entries }: Ledger, patron: string): number {
  const held = new Set<string>();
  for (const entry of [...entries.values()].sort((one, other) => one.number - other.number)) {
    if (entry.state !== 'kept' && entry.state !== 'sending' && entry.state !== 'asked') continue;
    if (entry.act === 'return') held.delete(entry.item);
    else if (entry.act === 'loan' && entry.patron === patron) held.add(entry.item);
    else if (entry.act === 'loan') held.delete(entry.item);
  }
  return held.size;
}

export interface Borrower {
  readonly patron: string;
  readonly sinceMs: number;
}

/**
 * Who has a book by this desk's own lines, other than whom the line in question names: the protocol tells neither the holder of an item nor since when
 * (reference: sip2, 4). Undefined where it came back, or where another desk lent it.
 */
export function borrowerOf(
  { entries }: Ledger,
  { number, item, patron: claimed }: Pick<CirculationEntry, 'number' | 'item' | 'patron'>,
): Borrower | undefined {
  let borrower: Borrower | undefined;
  const lines = [...entries.values()].filter((line) => line.item === item && line.number !== number && happened(line));
  for (const { act, patron, at } of lines.sort((one, other) => one.number - other.number)) {
    if (act === 'return') borrower = undefined;
    else if (act === 'loan' && patron !== null) borrower = { patron, sinceMs: at };
  }
  return borrower?.patron === claimed ? undefined : borrower;
}

/** By what is known here: kept or carried out, and not in question. */
const happened = ({ state }: CirculationEntry): boolean =>
  state === 'kept' || state === 'sending' || state === 'done' || state === 'settled';

/** Lines that make the same ledger, the oldest of what is over left out. */
export function compacted(ledger: Ledger, keepFinal: number): readonly CirculationLine[] {
  const all = [...ledger.entries.values()].sort((one, other) => one.number - other.number);
  const over = all.filter(isFinal);
  const dropped = new Set(over.slice(0, Math.max(0, over.length - keepFinal)));
  return [{ kind: 'from', number: ledger.next }, ...all.filter((entry) => !dropped.has(entry)).flatMap(linesOf)];
}

function linesOf(entry: CirculationEntry): CirculationLine[] {
  const { state, due, mayBeThere, exported, conflict, decided, ...began } = entry;
  const { number } = entry;
  const lines: CirculationLine[] = [{ kind: 'began', ...began }];
  if (state !== 'asked') lines.push({ kind: 'kept', number, due, unsure: mayBeThere });
  if (exported) lines.push({ kind: 'exported', number });
  if (conflict) lines.push({ kind: 'conflict', number, ...conflict });
  if (decided) lines.push({ kind: 'decided', number, ...decided });
  // A decision says that the library has not been told since, by this desk or by a file.
  if (decided && state === 'kept' && mayBeThere) lines.push({ kind: 'kept', number, due, unsure: true });
  if (decided && exported) lines.push({ kind: 'exported', number });
  if (state === 'sending' || state === 'done' || state === 'refused') lines.push({ kind: state, number });
  return lines;
}

/** What to do about a line that the library refuses (`suggested` of the contract). */
export function suggestion(act: DeskAct, holder: ConflictHolder): ConflictDecision {
  // It is back already; or somebody may have borrowed it since, whose loan a return told again would end: whoever looks at the
  // library's system sees which, and puts it right there.
  if (act === 'return') return 'settled';
  if (holder === 'this-patron') return 'settled';
  // Lent on from another desk meanwhile, so that it must have come back before.
  return holder === 'another-patron' ? 'discard' : 'upload-again';
}
