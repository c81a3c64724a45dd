// SPDX-License-Identifier: Apache-2.0
// The ledger of a desk: what it keeps, in which order it tells, what a wrong clock does to it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addLines,
  type Began,
  borrowerOf,
  type CirculationLine,
  compacted,
  conflicts,
  dueAt,
  EMPTY_LEDGER,
  happenedAt,
  keptLoans,
  suggestion,
  waiting,
} from './circulation.ts';

const T = 1_790_000_000_000;
const NOW = { ms: T + 60_000, boot: 'b1', monotonicMs: 61_000 };
const began = (number: number, change: Partial<Began> = {}): Began => ({
  kind: 'began',
  number,
  act: 'loan',
  item: `item-${number}`,
  patron: '2026001',
  ref: null,
  at: T + number,
  clock: 'synced',
  boot: 'b1',
  monotonicMs: 1_000 + number,
  ...change,
});
const kept = (number: number, unsure = false): CirculationLine => ({
  kind: 'kept',
  number,
  due: T + 86_400_000,
  unsure,
});
const fold = (...lines: CirculationLine[]) => addLines(EMPTY_LEDGER, lines);
const clash = (number: number): CirculationLine => ({
  kind: 'conflict',
  number,
  at: T,
  detail: 'lent to somebody else',
  holder: 'another-patron',
  holderNumber: null,
  holderSince: null,
  holderDue: null,
});

const done = (number: number): CirculationLine => ({ kind: 'done', number });

describe('who has a book, by the lines of this desk', () => {
  const lent = [began(1, { item: 'b1' }), done(1)];

  it('is whoever borrowed it here last, and since when', () => {
    expect(borrowerOf(fold(...lent), { number: 9, item: 'b1', patron: '2026002' })).toEqual({
      patron: '2026001',
      sinceMs: T + 1,
    });
  });

  it('is nobody known once it came back, or where nothing of it was done here', () => {
    const back = [began(2, { item: 'b1', act: 'return', patron: null }), done(2)];
    expect(borrowerOf(fold(...lent, ...back), { number: 9, item: 'b1', patron: '2026002' })).toBeUndefined();
    expect(borrowerOf(fold(...lent), { number: 9, item: 'b2', patron: '2026002' })).toBeUndefined();
  });

  it('is nobody else where the patron in question has it, and a loan that was refused counts for nothing', () => {
    expect(borrowerOf(fold(...lent), { number: 9, item: 'b1', patron: '2026001' })).toBeUndefined();
    expect(
      borrowerOf(fold(began(1, { item: 'b1' }), { kind: 'refused', number: 1 }), {
        number: 9,
        item: 'b1',
        patron: '2026002',
      }),
    ).toBeUndefined();
  });
});

describe('ledger', () => {
  it('holds what was asked and not answered, over a restart', () => {
    expect(waiting(fold(began(1)))).toMatchObject([{ number: 1, state: 'asked' }]);
    expect(waiting(fold(began(1), { kind: 'done', number: 1 }))).toEqual([]);
  });

  it('lets nothing change what is over', () => {
    const over = fold(began(1), { kind: 'done', number: 1 }, kept(1), { kind: 'sending', number: 1 }, clash(1));
    expect(over.entries.get(1)?.state).toBe('done');
  });

  it('gives no number twice', () => {
    expect(fold(began(1), began(2)).next).toBe(3);
    expect(fold({ kind: 'from', number: 9 }).next).toBe(9);
  });

  it('tells the library in the order in which it happened, whatever a wrong clock said', () => {
    const wrong = began(1, { at: T + 86_400_000, clock: 'free', boot: 'b0' });
    const ledger = fold(wrong, kept(1), began(2, { act: 'return', item: 'item-1', patron: null }), kept(2));
    expect(waiting(ledger).map(({ number }) => number)).toEqual([1, 2]);
    expect(borrowerOf(ledger, { number: 9, item: 'item-1', patron: '2026002' })).toBeUndefined();
  });

  it('sends again what a person decided to send again, and nothing else', () => {
    const decided = (decision: 'upload-again' | 'settled' | 'discard') =>
      fold(began(1), kept(1), clash(1), { kind: 'decided', number: 1, at: T, decision, by: 'Li' });
    expect(conflicts(fold(began(1), kept(1), clash(1)))).toHaveLength(1);
    expect(waiting(decided('upload-again'))).toHaveLength(1);
    expect(waiting(decided('settled'))).toEqual([]);
    expect(decided('discard').entries.get(1)).toMatchObject({ state: 'discarded', decided: { by: 'Li' } });
  });

  it('is done with what somebody imported from a file, and with nothing that was in none', () => {
    const imported = { kind: 'decided', number: 1, at: T, decision: 'settled', by: 'Li' } as const;
    const inFile = { kind: 'exported', number: 1 } as const;
    expect(fold(began(1), kept(1), inFile, imported).entries.get(1)).toMatchObject({
      state: 'settled',
      decided: { by: 'Li' },
    });
    expect(waiting(fold(began(1), kept(1), imported))).toHaveLength(1);
    expect(waiting(fold(began(1), kept(1), inFile, { kind: 'sending', number: 1 }, imported))).toHaveLength(1);
  });

  it('counts books that somebody holds and the library does not know of', () => {
    const ledger = fold(
      began(1),
      kept(1),
      began(2),
      kept(2),
      began(3, { act: 'return', item: 'item-1', patron: null }),
      kept(3),
    );
    expect(keptLoans(ledger, '2026001')).toBe(1);
    expect(keptLoans(ledger, 'somebody-else')).toBe(0);
  });
});

describe('time of an entry', () => {
  it('is corrected once a wrong clock was put right in the same run', () => {
    const wrong = began(1, { at: 1_000, clock: 'free', monotonicMs: 1_000 });
    expect(happenedAt(wrong, NOW)).toBe(T);
    expect(happenedAt(wrong, { ...NOW, boot: 'b2' })).toBe(1_000);
    expect(happenedAt(began(1), NOW)).toBe(T + 1);
  });

  it('is never later than now', () => {
    const ahead = began(1, { at: NOW.ms + 86_400_000, clock: 'free', boot: 'b0' });
    expect(happenedAt(ahead, NOW)).toBe(NOW.ms);
  });

  it('takes the due date with it', () => {
    expect(dueAt({ at: 1_000, due: 5_000 }, 11_000)).toBe(15_000);
    expect(dueAt({ at: 1_000, due: null }, 11_000)).toBeNull();
  });
});

describe('suggestion', () => {
  it('never lends again what another has, nor what this patron has already', () => {
    expect(suggestion('loan', 'another-patron')).toBe('discard');
    expect(suggestion('loan', 'this-patron')).toBe('settled');
    expect(suggestion('loan', 'nobody')).toBe('upload-again');
    expect(suggestion('return', 'nobody')).toBe('settled');
  });

  it('never ends the loan of whoever borrowed a book since', () => {
    for (const holder of ['another-patron', 'unknown'] as const) expect(suggestion('return', holder)).toBe('settled');
  });
});

const someLine = fc.nat(2).chain((index) => {
  const number = index + 1;
  return fc.constantFrom<CirculationLine>(
    began(number),
    kept(number),
    kept(number, true),
    { kind: 'sending', number },
    { kind: 'done', number },
    { kind: 'refused', number },
    clash(number),
    { kind: 'decided', number, at: T, decision: 'upload-again', by: 'Li' },
    { kind: 'decided', number, at: T, decision: 'discard', by: 'Li' },
    { kind: 'decided', number, at: T, decision: 'settled', by: 'Li' },
    { kind: 'exported', number },
  );
});

describe('a conflict', () => {
  it('is over when a person decides, and by nothing that comes late', () => {
    const before = [began(1), kept(1), clash(1)];
    const late: readonly CirculationLine[] = [kept(1), { kind: 'sending', number: 1 }, { kind: 'done', number: 1 }];
    expect(conflicts(addLines(EMPTY_LEDGER, [...before, ...late]))).toHaveLength(1);
  });

  it('that comes again is decided again', () => {
    const decided = { kind: 'decided', number: 1, at: T, decision: 'upload-again', by: 'Li' } as const;
    const ledger = addLines(EMPTY_LEDGER, [began(1), kept(1), clash(1), decided, clash(1)]);
    expect(conflicts(addLines(EMPTY_LEDGER, compacted(ledger, 0)))).toHaveLength(1);
  });
});

describe('compacting', () => {
  it('keeps everything that is not over, as it is', () => {
    fc.assert(
      fc.property(fc.array(someLine, { maxLength: 40 }), (lines) => {
        const ledger = addLines(EMPTY_LEDGER, lines);
        const again = addLines(EMPTY_LEDGER, compacted(ledger, 0));
        expect(again.next).toBe(ledger.next);
        const open = [...ledger.entries.values()].filter(({ state }) =>
          ['asked', 'kept', 'sending', 'conflict'].includes(state),
        );
        expect([...again.entries.values()]).toEqual(open.sort((one, other) => one.number - other.number));
      }),
      { numRuns: 500 },
    );
  });
});
