// SPDX-License-Identifier: Apache-2.0
// The ledger of a desk with its file: a line is in the file before it counts, and events for the gateway follow what is final.
// What was lent stays with the library: an event names the line's number, never the book.
import type { CirculationFile } from '../adapters/circulation-file.ts';
import {
  addLines,
  ageOf,
  type CirculationEntry,
  type CirculationLine,
  compacted,
  EMPTY_LEDGER,
  happenedAt,
  type Ledger,
  type Now,
} from '../core/circulation.ts';
import type { AskedAct } from '../core/desk-state.ts';
import type { EventBody } from '../core/event-body.ts';
import type { TrustedInstant } from '../core/trusted-time.ts';
import type { Clock } from '../ports/clock.ts';

type CirculationEvent = Extract<EventBody, { type: 'circulation' }>;

export interface DeskLedger {
  ledger(): Ledger;
  now(): Now;
  at(entry: CirculationEntry): number;
  /** How long ago it happened; undefined where clocks leave it open. */
  ageMs(entry: CirculationEntry): number | undefined;
  /** Written when it returns; `durable` says when power may go. Throws where the disk takes nothing. */
  begin(
    asked: AskedAct,
    more?: (number: number) => readonly CirculationLine[],
  ): { readonly number: number; readonly durable: Promise<void> };
  /** All of them or none. Resolves once durable; rejects where the disk takes nothing. */
  add(...lines: readonly CirculationLine[]): Promise<void>;
  close(): Promise<void>;
}

export interface DeskLedgerParts {
  readonly file: CirculationFile;
  readonly portal: CirculationEvent['portal'];
  readonly boot: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly instant: () => TrustedInstant;
  /** Never rejects. */
  readonly record: (event: EventBody) => Promise<unknown>;
}

/** Of entries that are over, for the export and for people who look. */
const KEEP_FINAL = 500;
/** Lines after which the file starts anew with what is still of use. */
const MOST_LINES = 20_000;

export const compactLines = (lines: readonly CirculationLine[]): readonly CirculationLine[] =>
  compacted(addLines(EMPTY_LEDGER, lines), KEEP_FINAL);

const EVENT_STATES = {
  kept: 'kept',
  done: 'done',
  conflict: 'conflict',
  settled: 'settled',
  discarded: 'discarded',
} as const;

export function createDeskLedger({ file, portal, boot, clock, instant, record }: DeskLedgerParts): DeskLedger {
  let ledger = addLines(EMPTY_LEDGER, file.lines);
  const now = (): Now => ({ ms: instant().ms, boot, monotonicMs: clock.monotonic() });
  const at = (entry: CirculationEntry): number => happenedAt(entry, now());

  let written = 0;
  /** Every line folds into a copy of what is kept: that is to stay small. */
  function tidy(lines: number): void {
    written += lines;
    if (ledger.entries.size < 2 * KEEP_FINAL && written < MOST_LINES) return;
    const kept = compacted(ledger, KEEP_FINAL);
    ledger = addLines(EMPTY_LEDGER, kept);
    if (written >= MOST_LINES && file.startAnew(kept)) written = 0;
  }

  async function add(lines: readonly CirculationLine[]): Promise<void> {
    tidy(lines.length);
    const durable = file.append(lines);
    const before = ledger.entries;
    ledger = addLines(ledger, lines);
    const isNews = (line: CirculationLine) => before.get(line.number)?.state !== ledger.entries.get(line.number)?.state;
    // A grant's record does not wait for the gateway, and neither does a loan's.
    await Promise.all([durable, ...lines.filter(isNews).map(tell)]);
  }

  function tell(line: CirculationLine): Promise<unknown> | undefined {
    const entry = ledger.entries.get(line.number);
    const state = entry && EVENT_STATES[entry.state as keyof typeof EVENT_STATES];
    if (!entry || state === undefined || line.kind === 'began' || line.kind === 'from') return undefined;
    const { number, act, ref, decided } = entry;
    const event: CirculationEvent = { type: 'circulation', portal, number, act, state, happenedAt: at(entry) };
    return record({ ...event, ...(ref === null ? {} : { ref }), ...(decided ? { by: decided.by } : {}) });
  }

  return {
    ledger: () => ledger,
    now,
    at,
    ageMs: (entry) => ageOf(entry, now(), instant().quality === 'synced'),
    begin({ act, item, patron, ref }, more = () => []) {
      const number = ledger.next;
      const { ms, quality } = instant();
      const began: CirculationLine = {
        kind: 'began',
        number,
        act,
        item,
        patron,
        ref,
        at: Math.max(0, ms),
        clock: quality,
        boot,
        monotonicMs: clock.monotonic(),
      };
      return { number, durable: add([began, ...more(number)]) };
    },
    add: (...lines) => add(lines),
    close: () => file.close(),
  };
}
