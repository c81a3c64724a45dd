// SPDX-License-Identifier: Apache-2.0
// Tells the library what a desk did without it: in the order of time, one by one, exactly once in effect. What the library may
// have already is asked about before it is told; what it refuses is for a person (reference: sip2, quirk 1 and section 9).
import { type Borrower, borrowerOf, type CirculationEntry, dueAt, type Ledger, waiting } from '../core/circulation.ts';
import type { ActAnswer, AskedAct } from '../core/desk-state.ts';
import type { DeskLedger } from './desk-ledger.ts';
import type { DeskLibrary, Finding } from './desk-library.ts';

export interface DeskUpload {
  /** Resolves once nothing waits (`clear`), or the library went away or the disk refused meanwhile. Never rejects. */
  run(): Promise<'clear' | 'interrupted'>;
  lastAtMs(): number | null;
}

export interface DeskUploadParts {
  readonly ledger: DeskLedger;
  readonly library: Pick<DeskLibrary, 'act' | 'find'>;
  /** Lines whose answer somebody at the counter still waits for. */
  readonly isUnderWay: (number: number) => boolean;
  /** What became of a line; `answer`: what the library said to it just now. */
  readonly onResolved: (entry: CirculationEntry, done: boolean, answer?: ActAnswer) => void;
  readonly onChange: () => void;
}

type Step = 'settled' | 'interrupted';

/** By this desk, and what the library did is not known. */
const wasTold = ({ state, mayBeThere }: CirculationEntry): boolean => state !== 'kept' || mayBeThere;

/** A book that was handed in is not lent by another desk within. */
const STILL_HERE_MS = 60_000;

/**
 * Some servers die of no block, or say nothing (reference: sip2, quirk 5). Whoever answers questions and never this many tellings in a
 * row takes nothing that is stored: then a line is told once, and a person decides, lest the desk waits for its upload for ever.
 */
const MOST_UNANSWERED = 3;

const askedOf = ({ number, act, item, patron, ref }: CirculationEntry): AskedAct => ({
  line: String(number),
  act,
  item,
  patron,
  ref,
});

export function createDeskUpload(parts: DeskUploadParts): DeskUpload {
  const { ledger, library, isUnderWay, onResolved, onChange } = parts;
  let running: Promise<'clear' | 'interrupted'> | undefined;
  let lastAtMs: number | null = null;
  /** Told and not answered: of each line, and of all in a row. */
  const tries = new Map<number, number>();
  let unanswered = 0;

  const next = (all: Ledger) => waiting(all).find(({ number }) => !isUnderWay(number));

  async function conclude(entry: CirculationEntry, kind: 'done' | 'refused', answer?: ActAnswer): Promise<Step> {
    await ledger.add({ kind, number: entry.number });
    lastAtMs = ledger.now().ms;
    onResolved(entry, kind === 'done', answer);
    return 'settled';
  }

  async function clash(entry: CirculationEntry, found: Finding, detail: string | null): Promise<Step> {
    const { holder, holderDue } = found.outcome === 'not-so' ? found : UNKNOWN_HOLDER;
    const { number } = entry;
    const at = ledger.now().ms;
    const other = holder === 'another-patron' ? await otherHolder(entry) : undefined;
    const holderNumber = other?.patron ?? null;
    const holderSince = other?.sinceMs ?? null;
    await ledger.add({ kind: 'conflict', number, at, detail, holder, holderNumber, holderSince, holderDue });
    return 'settled';
  }

  /** This desk's own guess, told only where the library lists the book with that patron. */
  async function otherHolder(entry: CirculationEntry): Promise<Borrower | undefined> {
    const guess = borrowerOf(ledger.ledger(), entry);
    if (!guess) return undefined;
    const found = await library.find({ ...askedOf(entry), act: 'loan', patron: guess.patron });
    return found.outcome === 'as-said' ? guess : undefined;
  }

  /**
   * A return told again ends the loan of whoever borrowed the book since, and no answer of the protocol names them. It is told again
   * only where nobody can have: the book was here a moment ago, or the library has it with whom this desk lent it to.
   */
  async function askOfReturn(entry: CirculationEntry, found: Finding): Promise<Step | 'tell'> {
    if ((ledger.ageMs(entry) ?? Number.POSITIVE_INFINITY) <= STILL_HERE_MS) return 'tell';
    const before = borrowerOf(ledger.ledger(), entry);
    if (!before) return clash(entry, found, null);
    const theirs = await library.find({ ...askedOf(entry), act: 'loan', patron: before.patron });
    if (theirs.outcome === 'no-answer') return 'interrupted';
    return theirs.outcome === 'as-said' ? 'tell' : clash(entry, theirs, null);
  }

  /** What the library may have done already. */
  async function ask(entry: CirculationEntry): Promise<Step | 'tell'> {
    const found = await library.find(askedOf(entry));
    if (found.outcome === 'no-answer') return 'interrupted';
    // Whether a book that is with its patron was renewed cannot be asked: renewing twice would be one renewal too many.
    if (entry.act === 'renewal') {
      if (entry.state === 'asked') return conclude(entry, 'refused');
      return clash(entry, { outcome: 'not-so', holder: 'this-patron', holderDue: null }, null);
    }
    if (found.outcome === 'as-said') return conclude(entry, 'done');
    // Of a file that is known to have been imported nothing is left to ask about: this one was not, or not yet.
    if (entry.act === 'return') return wasTold(entry) ? askOfReturn(entry, found) : 'tell';
    if (found.holder === 'unknown') return clash(entry, found, null);
    // Nobody was told that it is lent.
    return entry.state === 'asked' ? conclude(entry, 'refused') : 'tell';
  }

  function noteUnanswered({ number }: CirculationEntry): Step {
    tries.set(number, (tries.get(number) ?? 0) + 1);
    unanswered += 1;
    return 'interrupted';
  }

  /** It answered a question about this line just now. */
  function isNeverAnswered({ number }: CirculationEntry): boolean {
    const own = tries.get(number) ?? 0;
    return own >= MOST_UNANSWERED || (own > 0 && unanswered >= MOST_UNANSWERED);
  }

  async function giveUp(entry: CirculationEntry): Promise<Step> {
    const found = await library.find(askedOf(entry));
    if (found.outcome === 'no-answer') return 'interrupted';
    tries.delete(entry.number);
    return found.outcome === 'as-said' ? conclude(entry, 'done') : clash(entry, found, null);
  }

  async function settle(entry: CirculationEntry): Promise<Step> {
    if (wasTold(entry) || entry.exported) {
      const asked = await ask(entry);
      if (asked !== 'tell') return asked;
      if (isNeverAnswered(entry)) return giveUp(entry);
    }
    await ledger.add({ kind: 'sending', number: entry.number });
    const atMs = ledger.at(entry);
    const answer = await library.act(askedOf(entry), true, { atMs, dueMs: dueAt(entry, atMs) });
    if (answer.outcome === 'not-sent') return 'interrupted';
    if (answer.outcome === 'unknown') return noteUnanswered(entry);
    unanswered = 0;
    if (answer.outcome === 'ok') return conclude(entry, 'done', answer);
    const found = await library.find(askedOf(entry));
    if (found.outcome === 'no-answer') return 'interrupted';
    const isThere = found.outcome === 'as-said' && entry.act !== 'renewal';
    return isThere ? conclude(entry, 'done') : clash(entry, found, answer.detail ?? null);
  }

  async function drain(): Promise<'clear' | 'interrupted'> {
    try {
      for (let entry = next(ledger.ledger()); entry; entry = next(ledger.ledger())) {
        const step = await settle(entry);
        onChange();
        if (step === 'interrupted') return 'interrupted';
      }
      return 'clear';
    } catch {
      // The disk takes nothing: what was not written is asked about again.
      return 'interrupted';
    }
  }

  return {
    run() {
      running ??= drain().finally(() => {
        running = undefined;
      });
      return running;
    },
    lastAtMs: () => lastAtMs,
  };
}

const UNKNOWN_HOLDER = { holder: 'unknown', holderDue: null } as const;
