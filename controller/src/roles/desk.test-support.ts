// SPDX-License-Identifier: Apache-2.0
// A library in memory for tests of the desk: one copy of every book, answers that can be held back, lost, or refused.
import type { LibraryState } from '@latchkey/protocols/api/desk-terms';
import type { ActAnswer, AskedAct } from '../core/desk-state.ts';
import type { DeskLibrary, StoredAct } from './desk-library.ts';

export interface TestLibrary extends DeskLibrary {
  /** Item → patron who has it. */
  readonly lent: Map<string, string>;
  /** Everything that reached it. */
  readonly told: {
    readonly act: string;
    readonly item: string;
    readonly patron: string | null;
    readonly stored: StoredAct | undefined;
  }[];
  set(change: {
    readonly state?: LibraryState;
    readonly answers?: boolean;
    readonly refuses?: string | undefined;
  }): void;
}

export function testLibrary(): TestLibrary {
  const lent = new Map<string, string>();
  const told: TestLibrary['told'] = [];
  let state: LibraryState = 'up';
  /** False: it does what it is told, and the answer is lost. */
  let answers = true;
  let refuses: string | undefined;

  function carryOut({ act, item, patron }: AskedAct): ActAnswer {
    if (refuses !== undefined) return { outcome: 'refused', detail: refuses };
    const holder = lent.get(item);
    if (act === 'return') {
      lent.delete(item);
      return { outcome: 'ok', patron: holder ?? null };
    }
    if (holder !== undefined && holder !== patron) return { outcome: 'refused', detail: 'lent to somebody else' };
    lent.set(item, patron ?? '');
    return {
      outcome: 'ok',
      renewed: holder !== undefined,
      title: `Title of ${item}`,
      due: { text: '2026-12-24', at: null },
    };
  }

  return {
    lent,
    told,
    set(change) {
      state = change.state ?? state;
      answers = change.answers ?? answers;
      if ('refuses' in change) refuses = change.refuses;
    },
    state: () => ({ state, name: 'Test library', takesStored: true }),
    async patron(number) {
      if (state !== 'up' || !answers) return { outcome: 'no-answer' };
      const count = [...lent.values()].filter((each) => each === number).length;
      const none = { count: null, limit: null };
      const patron = { name: 'Li Hua', conditions: [], charged: { count, limit: 10 }, overdue: none, holds: none };
      return { outcome: 'found', patron: { ...patron, fines: null, fees: null, holdsWaiting: [], message: null } };
    },
    async act(asked, _feeAccepted, stored) {
      if (state !== 'up') return { outcome: 'not-sent' };
      told.push({ act: asked.act, item: asked.item, patron: asked.patron, stored });
      const answer = carryOut(asked);
      return answers ? answer : { outcome: 'unknown' };
    },
    async find({ act, item, patron }) {
      if (state !== 'up' || !answers) return { outcome: 'no-answer' };
      const holder = lent.get(item);
      const isSo = act === 'return' ? holder === undefined : holder === patron;
      if (isSo) return { outcome: 'as-said' };
      // As over SIP2: a book is lent, and no answer says to whom.
      if (act === 'return') return { outcome: 'not-so', holder: 'unknown', holderDue: null };
      const found = holder === undefined ? 'nobody' : holder === patron ? 'this-patron' : 'another-patron';
      return { outcome: 'not-so', holder: found, holderDue: null };
    },
    renewAll: async () => ({ outcome: 'ok', renewed: [...lent.keys()], unrenewed: [], detail: null }),
    pay: async () => ({ paid: true, detail: null }),
    endSession: () => Promise.resolve(),
  };
}
