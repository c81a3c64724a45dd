// SPDX-License-Identifier: Apache-2.0
// Rules of a counter session, each by itself: who stands there, what an answer means, what happens without the library.
import type { DeskAction } from '@latchkey/protocols/api/desk';
import { describe, expect, it } from 'vitest';
import { promptedLine } from './desk-actions.ts';
import { stepDesk } from './desk-session.ts';
import {
  type ActAnswer,
  type DeskContext,
  type DeskEvent,
  type DeskPerson,
  type DeskSession,
  type DeskStep,
  type PatronAnswer,
  startDesk,
} from './desk-state.ts';

const LI: DeskPerson = {
  number: '2026001',
  ref: 'aa'.repeat(8),
  terms: { group: 'Undergraduates', limit: 2, days: 30 },
  blocks: [],
};
const WANG: DeskPerson = { ...LI, number: '2026002' };
const FOUND: PatronAnswer = {
  name: 'Li Hua',
  conditions: [],
  charged: { count: 1, limit: 10 },
  overdue: { count: 0, limit: null },
  holds: { count: 0, limit: null },
  fines: 0,
  fees: null,
  holdsWaiting: [],
  message: null,
};
const DAY = 86_400_000;

/** A desk that is told one event after the other. */
function desk(change: Partial<DeskContext> = {}) {
  let context: DeskContext = {
    nowMs: 0,
    library: 'up',
    keptLoans: () => 0,
    isWaiting: () => false,
    idle: { warnMs: 60_000, endMs: 90_000 },
    ...change,
  };
  let state: DeskSession = startDesk('staffed', 0);
  let last: DeskStep = { state, effects: [] };
  const tell = (event: DeskEvent) => {
    last = stepDesk(state, context, event);
    state = last.state;
    return last;
  };
  const press = (action: Extract<DeskEvent, { kind: 'action' }>['action']) => tell({ kind: 'action', action });
  return {
    tell,
    press,
    card: (person: DeskPerson) => tell({ kind: 'identified', person }),
    scan: (item: string) => tell({ kind: 'item', item }),
    answer: (answer: ActAnswer, line = state.lines[0]?.id ?? '') => tell({ kind: 'answered', line, answer }),
    world: (next: Partial<DeskContext>) => {
      context = { ...context, ...next };
    },
    state: () => state,
    session: () => state.patron?.session ?? '',
    top: () => state.lines[0],
    sound: () => state.sound?.sound,
    effects: () => last.effects.filter(({ kind }) => kind !== 'timer'),
  };
}

const withCard = (change: Partial<DeskContext> = {}) => {
  const made = desk(change);
  made.card(LI);
  made.tell({
    kind: 'patron',
    session: made.state().patron?.session ?? '',
    answer: { outcome: 'found', patron: FOUND },
  });
  return made;
};

describe('a card at the desk', () => {
  it('takes up its holder and asks the library', () => {
    const one = desk();
    one.card(LI);
    expect(one.effects()).toMatchObject([{ kind: 'ask-patron', number: '2026001' }]);
    expect(one.sound()).toBe('card');
  });

  it('switches to another holder at any moment, and ends the session before', () => {
    const one = withCard();
    one.scan('b1');
    one.card(WANG);
    expect(one.effects()).toMatchObject([
      { kind: 'end-session', number: '2026001' },
      { kind: 'ask-patron', number: '2026002' },
    ]);
    expect(one.state()).toMatchObject({ lines: [], patron: { person: WANG }, last: { ending: '6001' } });
  });

  it('goes on with the same session when the same card comes again', () => {
    const one = withCard();
    one.scan('b1');
    one.card(LI);
    expect(one.state().lines).toHaveLength(1);
    expect(one.state().patron?.library).toEqual(FOUND);
  });

  it('shows nothing of an earlier holder that comes late', () => {
    const one = desk();
    one.card(LI);
    const before = one.state().patron?.session ?? '';
    one.card(WANG);
    one.tell({ kind: 'patron', session: before, answer: { outcome: 'found', patron: FOUND } });
    expect(one.state().patron?.library).toBeNull();
  });

  it('lets nobody in whom the library does not know', () => {
    const one = desk();
    one.card(LI);
    const session = one.state().patron?.session ?? '';
    one.tell({ kind: 'patron', session, answer: { outcome: 'unknown', message: '证号不存在' } });
    expect(one.state()).toMatchObject({
      patron: null,
      notice: { notice: 'patron-unknown', colour: 'red', detail: '证号不存在' },
    });
    expect(one.sound()).toBe('refusal');
  });

  it('says what was wrong with a card that named nobody', () => {
    const one = desk();
    one.tell({ kind: 'not-identified', notice: 'card-denied' });
    expect(one.state()).toMatchObject({ patron: null, notice: { colour: 'red' } });
  });

  it.each(['card-unknown', 'card-denied', 'code-refused'] as const)(
    'that is refused (%s) leaves nobody on whom the next book would be lent',
    (notice) => {
      const one = withCard();
      one.tell({ kind: 'not-identified', notice });
      expect(one.effects()).toMatchObject([{ kind: 'end-session', number: '2026001' }]);
      expect(one.state()).toMatchObject({ patron: null, lines: [], notice: { notice } });
      one.scan('b1');
      expect(one.effects()).toEqual([]);
      expect(one.top()).toMatchObject({ message: 'no-patron' });
    },
  );

  it('that was not read well is laid down again, and the session goes on', () => {
    const one = withCard();
    one.tell({ kind: 'not-identified', notice: 'card-unreadable' });
    expect(one.state().patron?.person).toEqual(LI);
  });

  it('that comes again while the library is away leaves the counts as they are', () => {
    const one = withCard();
    one.scan('b1');
    one.answer({ outcome: 'ok' });
    one.world({ library: 'offline' });
    one.card(LI);
    expect(one.state().patron?.lentSince).toBe(1);
  });
});

describe('an item', () => {
  it('is asked of the library, and green once it says so', () => {
    const one = withCard();
    one.scan('b1');
    expect(one.effects()).toMatchObject([
      { kind: 'ask', act: 'loan', item: 'b1', patron: '2026001', feeAccepted: false },
    ]);
    expect(one.top()).toMatchObject({ message: 'waiting', colour: 'amber' });
    one.answer({ outcome: 'ok', title: '红楼梦', due: { text: '2026-12-24', at: null } });
    expect(one.top()).toMatchObject({ message: 'lent', colour: 'green', title: '红楼梦', due: { text: '2026-12-24' } });
    expect(one.sound()).toBe('success');
    expect(one.state().patron?.lentSince).toBe(1);
  });

  it('is red without a card', () => {
    const one = desk();
    one.scan('b1');
    expect(one.top()).toMatchObject({ message: 'no-patron', colour: 'red' });
    expect(one.effects()).toEqual([]);
  });

  it('that the patron had already is amber, and no further book', () => {
    const one = withCard();
    one.scan('b1');
    one.answer({ outcome: 'ok', renewed: true });
    expect(one.top()).toMatchObject({ message: 'lent-was-renewal', colour: 'amber' });
    expect(one.state().patron?.lentSince).toBe(0);
  });

  it('is red with the words of the library where it refuses', () => {
    const one = withCard();
    one.scan('b1');
    one.answer({ outcome: 'refused', detail: '读者已停借' });
    expect(one.top()).toMatchObject({ message: 'refused-by-library', colour: 'red', detail: '读者已停借' });
    expect(one.sound()).toBe('refusal');
  });

  it('is not lent twice by a label read twice', () => {
    const one = withCard();
    one.scan('b1');
    one.scan('b1');
    expect(one.state().lines).toHaveLength(1);
    one.answer({ outcome: 'ok' });
    one.world({ nowMs: 1_000 });
    one.scan('b1');
    expect(one.state().lines).toHaveLength(1);
    one.world({ nowMs: 5_000 });
    one.scan('b1');
    expect(one.effects()).toMatchObject([{ kind: 'ask', item: 'b1' }]);
  });

  it('comes back without a card, newest first', () => {
    const one = desk();
    one.press({ kind: 'taking', taking: 'returns' });
    one.scan('b1');
    one.scan('b2');
    expect(one.state().lines.map(({ item }) => item)).toEqual(['b2', 'b1']);
    expect(one.effects()).toMatchObject([{ kind: 'ask', act: 'return', patron: null }]);
  });

  it('that somebody waits for is amber with a sound of its own', () => {
    const one = desk();
    one.press({ kind: 'taking', taking: 'returns' });
    one.scan('b1');
    one.answer({ outcome: 'ok', alert: 'hold', holdFor: '2026009' });
    expect(one.top()).toMatchObject({ message: 'returned-for-hold', colour: 'amber' });
    expect(one.sound()).toBe('attention');
  });

  it('of the patron that comes back lowers the count, of somebody else not', () => {
    const one = withCard();
    one.press({ kind: 'taking', taking: 'returns' });
    one.scan('b1');
    one.answer({ outcome: 'ok', patron: '2026001' });
    one.scan('b2');
    one.answer({ outcome: 'ok', patron: '2026777' });
    expect(one.state().patron?.lentSince).toBe(-1);
  });

  it('answered after its session is over changes no screen', () => {
    const one = withCard();
    one.scan('b1');
    const line = one.top()?.id ?? '';
    one.card(WANG);
    one.answer({ outcome: 'ok' }, line);
    expect(one.state().lines).toEqual([]);
  });

  it('answered after its session is over is on the receipt of that session, and on no other', () => {
    const one = withCard();
    one.scan('b1');
    const line = one.top()?.id ?? '';
    one.card(WANG);
    one.answer({ outcome: 'ok', title: 'Tea', print: ['Tea was lent to Li Hua'] }, line);
    expect(one.state().printed).toEqual([]);
    expect(one.state().last).toMatchObject({
      ending: '6001',
      lines: [{ title: 'Tea', message: 'lent' }],
      printed: ['Tea was lent to Li Hua'],
    });
  });

  it.each([
    ['refused', 'refused-by-library'],
    ['fee', 'fee-declined'],
  ] as const)('not lent (%s) after its session is over is told to whoever is at the counter', (outcome, message) => {
    const one = withCard();
    one.scan('b1');
    const line = one.top()?.id ?? '';
    one.card(WANG);
    one.answer({ outcome, fee: { amount: '2.00', currency: 'CNY' } }, line);
    expect(one.state().lines).toMatchObject([{ item: 'b1', act: 'loan', colour: 'red', message, patron: null }]);
    expect(one.sound()).toBe('refusal');
    expect(promptedLine(one.state())).toBeUndefined();
  });

  it('of somebody before shows no patron what it was', () => {
    const one = withCard();
    one.press({ kind: 'mode', mode: 'self-service' });
    one.card(LI);
    one.scan('b1');
    const line = one.top()?.id ?? '';
    one.card(WANG);
    one.answer({ outcome: 'refused', title: 'Tea' }, line);
    expect(one.state().lines).toEqual([]);
  });

  it('that somebody waits for is shown though a card came before the answer', () => {
    const one = desk();
    one.press({ kind: 'taking', taking: 'returns' });
    one.scan('b1');
    const line = one.top()?.id ?? '';
    one.card(LI);
    one.answer({ outcome: 'ok', alert: 'hold', holdFor: '6009' }, line);
    expect(one.top()).toMatchObject({ item: 'b1', message: 'returned-for-hold', holdFor: '6009' });
    expect(one.sound()).toBe('attention');
  });

  it('of which the library has still to be told something is kept after that, though it answers', () => {
    const one = withCard({ isWaiting: (item) => item === 'b1' });
    one.scan('b1');
    expect(one.effects()).toMatchObject([{ kind: 'keep', asked: 'no', item: 'b1' }]);
    one.scan('b2');
    expect(one.effects()).toMatchObject([{ kind: 'ask', item: 'b2' }]);
  });
});

describe('a fee', () => {
  const asked = () => {
    const one = withCard();
    one.scan('b1');
    one.answer({ outcome: 'fee', fee: { amount: '1.00', currency: 'CNY' } });
    return one;
  };

  it('waits for a yes, and is then asked again with it', () => {
    const one = asked();
    const line = one.top()?.id ?? '';
    expect(promptedLine(one.state())?.id).toBe(line);
    one.press({ kind: 'answer-fee', line, accept: true });
    expect(one.effects()).toMatchObject([{ kind: 'ask', feeAccepted: true, line }]);
    one.answer({ outcome: 'ok' });
    expect(one.top()).toMatchObject({ message: 'lent' });
  });

  it('that is not accepted leaves the book here', () => {
    const one = asked();
    one.press({ kind: 'answer-fee', line: one.top()?.id ?? '', accept: false });
    expect(one.top()).toMatchObject({ message: 'fee-declined', colour: 'red' });
    expect(one.press({ kind: 'answer-fee', line: '1', accept: true }).refused).toBe('no-prompt');
  });

  it('is not called unpaid where no answer came, and is never told in silence', () => {
    const one = withCard();
    const session = one.state().patron?.session ?? '';
    one.tell({ kind: 'fee-answered', session, paid: null, detail: null });
    expect(one.state().notice).toMatchObject({ notice: 'fee-unclear', colour: 'amber' });
    expect(one.sound()).toBe('attention');
    expect(one.effects()).toMatchObject([{ kind: 'ask-patron' }]);
    one.world({ library: 'offline' });
    one.tell({ kind: 'fee-answered', session, paid: null, detail: null });
    expect(one.effects()).toEqual([]);
    one.card(WANG);
    one.tell({ kind: 'fee-answered', session, paid: false, detail: 'no such fee' });
    expect(one.state().notice).toMatchObject({ notice: 'fee-not-paid' });
    expect(one.effects()).toEqual([]);
  });

  it('is paid at a staffed desk only', () => {
    const one = withCard();
    const pay: DeskAction = { kind: 'pay-fee', session: one.session(), amount: '2.00', payment: 'cash' };
    expect(one.press(pay).effects).toContainEqual(expect.objectContaining({ kind: 'pay', amount: '2.00' }));
    one.press({ kind: 'mode', mode: 'self-service' });
    expect(one.press(pay).refused).toBe('not-in-self-service');
  });
});

describe('without the library', () => {
  const away = (person: DeskPerson = LI, keptLoans = 0) => {
    const one = desk({ library: 'offline', keptLoans: () => keptLoans });
    one.card(person);
    one.scan('b1');
    return one;
  };

  it('a book is lent by the list, green once it is durable, with a due date', () => {
    const one = away();
    expect(one.effects()).toMatchObject([{ kind: 'keep', asked: 'no', due: 30 * DAY }]);
    expect(one.top()?.colour).toBe('amber');
    one.tell({ kind: 'kept', line: one.top()?.id ?? '' });
    expect(one.top()).toMatchObject({ message: 'lent-offline', colour: 'green', pending: true, due: { at: 30 * DAY } });
  });

  it('a disk that does not write is red', () => {
    const one = away();
    one.tell({ kind: 'not-written', line: one.top()?.id ?? '' });
    expect(one.top()).toMatchObject({ message: 'not-written', colour: 'red' });
  });

  it.each([
    ['patron-not-listed', { ...LI, terms: null }, 0],
    ['patron-blocked', { ...LI, terms: { group: 'g', limit: 2, days: 30, blocked: true } }, 0],
    ['patron-blocked', { ...LI, blocks: ['not-a-borrower'] }, 0],
    ['list-expired', { ...LI, blocks: ['list-expired'] }, 0],
    ['limit-reached', LI, 2],
  ] as const)('says %s', (message, person, kept) => {
    const one = away(person, kept);
    expect(one.top()).toMatchObject({ message, colour: 'red' });
    expect(one.effects()).toEqual([]);
  });

  it('books come back whoever brings them', () => {
    const one = desk({ library: 'offline' });
    one.press({ kind: 'taking', taking: 'returns' });
    one.scan('b1');
    expect(one.effects()).toMatchObject([{ kind: 'keep', act: 'return', due: null }]);
  });

  it('a question that never left is kept instead', () => {
    const one = withCard();
    one.scan('b1');
    one.answer({ outcome: 'not-sent' });
    expect(one.effects()).toMatchObject([{ kind: 'keep', asked: 'not-sent' }]);
  });

  it('a question without an answer is kept, and asked about before it is told again', () => {
    const one = withCard();
    one.scan('b1');
    one.answer({ outcome: 'unknown' });
    expect(one.effects()).toMatchObject([{ kind: 'keep', asked: 'unknown' }]);
  });

  it('whoever may not borrow offline waits for what the library did', () => {
    const one = desk();
    one.card({ ...LI, terms: null });
    one.scan('b1');
    const line = one.top()?.id ?? '';
    one.answer({ outcome: 'unknown' });
    expect(one.top()).toMatchObject({ message: 'asking-again', colour: 'amber' });
    one.tell({ kind: 'resolved', line, item: 'b1', act: 'loan', done: false });
    expect(one.top()).toMatchObject({ message: 'not-done', colour: 'red' });
  });

  it('a question that never left, of somebody who may not borrow offline, is dropped', () => {
    const one = desk();
    one.card({ ...LI, terms: null });
    one.scan('b1');
    one.answer({ outcome: 'not-sent' });
    expect(one.effects()).toMatchObject([{ kind: 'drop' }]);
    expect(one.top()).toMatchObject({ message: 'patron-not-listed' });
  });

  it('a line kept becomes one of the library once it has it', () => {
    const one = away();
    const line = one.top()?.id ?? '';
    one.tell({ kind: 'kept', line });
    const answer = { outcome: 'ok', title: 'Tea', due: null } as const;
    one.tell({ kind: 'resolved', line, item: 'b1', act: 'loan', done: true, answer });
    expect(one.top()).toMatchObject({ message: 'lent', title: 'Tea', pending: false });
  });

  it('a book that came back while the library was away, and that somebody waits for, is shown whoever stands there', () => {
    const one = desk();
    one.card(LI);
    const answer = { outcome: 'ok', title: 'Tea', alert: 'hold', holdFor: '0007' } as const;
    one.tell({ kind: 'resolved', line: undefined, item: 'b7', act: 'return', done: true, answer });
    expect(one.top()).toMatchObject({ item: 'b7', message: 'returned-for-hold', title: 'Tea', holdFor: '0007' });
    one.tell({ kind: 'resolved', line: undefined, item: 'b8', act: 'return', done: true, answer: { outcome: 'ok' } });
    expect(one.top()).toMatchObject({ item: 'b7' });
  });

  it('neither renews all nor takes money', () => {
    const one = away();
    expect(one.press({ kind: 'renew-all', session: one.session() }).refused).toBe('not-possible-offline');
    expect(one.press({ kind: 'pay-fee', session: one.session(), amount: '1', payment: 'cash' }).refused).toBe(
      'not-possible-offline',
    );
  });
});

describe('the library back again', () => {
  it('is asked anew of whoever stands there', () => {
    const one = withCard({ library: 'offline' });
    one.world({ library: 'up' });
    one.tell({ kind: 'library-up' });
    expect(one.effects()).toMatchObject([{ kind: 'ask-patron', number: '2026001' }]);
  });

  it('is asked of nobody where nobody stands there', () => {
    const one = desk();
    one.tell({ kind: 'library-up' });
    expect(one.effects()).toEqual([]);
  });
});

describe('renewing', () => {
  it('needs somebody who stands there', () => {
    const one = desk();
    expect(one.press({ kind: 'renew', session: one.session(), item: 'b1' }).refused).toBe('no-session');
    expect(one.press({ kind: 'renew-all', session: one.session() }).refused).toBe('no-session');
  });

  it('and whatever else was pressed for somebody is not done for whoever stands there by now', () => {
    const one = withCard();
    const session = one.session();
    one.card(WANG);
    for (const action of [
      { kind: 'renew', session, item: 'b1' },
      { kind: 'renew-all', session },
      { kind: 'pay-fee', session, amount: '1', payment: 'cash' },
      { kind: 'end', session },
      { kind: 'end', session: null },
    ] as const)
      expect(one.press(action).refused).toBe('other-session');
    expect(one.state().patron?.person.number).toBe(WANG.number);
  });

  it('one item is asked as a renewal', () => {
    const one = withCard();
    one.press({ kind: 'renew', session: one.session(), item: 'b1' });
    expect(one.effects()).toMatchObject([{ kind: 'ask', act: 'renewal' }]);
    one.answer({ outcome: 'ok', due: { text: '2027-01-01', at: null } });
    expect(one.top()).toMatchObject({ message: 'renewed', colour: 'green' });
    one.world({ nowMs: 5_000 });
    one.press({ kind: 'renew', session: one.session(), item: 'b1' });
    expect(one.effects()).toMatchObject([{ kind: 'ask', act: 'renewal' }]);
  });

  it('is done once at a second press, before the answer and just after it', () => {
    const one = withCard();
    one.press({ kind: 'renew', session: one.session(), item: 'b1' });
    expect(one.press({ kind: 'renew', session: one.session(), item: 'b1' }).refused).toBeUndefined();
    expect(one.effects()).toEqual([]);
    one.answer({ outcome: 'ok' });
    one.press({ kind: 'renew', session: one.session(), item: 'b1' });
    expect(one.effects()).toEqual([]);
    one.press({ kind: 'renew', session: one.session(), item: 'b2' });
    expect(one.effects()).toHaveLength(1);
  });

  it('all shows which were and which were not, and the counts anew', () => {
    const one = withCard();
    one.press({ kind: 'renew-all', session: one.session() });
    const session = one.state().patron?.session ?? '';
    const answer = { outcome: 'ok', renewed: ['a', 'b'], unrenewed: ['c'], detail: null } as const;
    one.tell({ kind: 'renewed-all', session, ...answer });
    expect(one.state().lines.map(({ item, colour }) => [item, colour])).toEqual([
      ['b', 'green'],
      ['a', 'green'],
      ['c', 'red'],
    ]);
    expect(one.effects()).toMatchObject([{ kind: 'ask-patron' }]);
  });
});

describe('the end of a session', () => {
  it('comes with a key', () => {
    const one = withCard();
    one.press({ kind: 'end', session: one.session() });
    expect(one.effects()).toMatchObject([{ kind: 'end-session', number: '2026001' }]);
    expect(one.state()).toMatchObject({ patron: null, lines: [] });
  });

  it('comes by itself, after a warning, unless somebody is there', () => {
    const one = withCard();
    one.world({ nowMs: 60_000 });
    one.tell({ kind: 'timer' });
    expect(one.state().warned).toBe(true);
    one.press({ kind: 'still-here' });
    expect(one.state().warned).toBe(false);
    one.world({ nowMs: 110_000 });
    one.tell({ kind: 'timer' });
    expect(one.state()).toMatchObject({ warned: false, patron: { person: LI } });
    one.world({ nowMs: 150_000 });
    one.tell({ kind: 'timer' });
    expect(one.state()).toMatchObject({ patron: null, notice: { notice: 'idle-ended' } });
  });

  it('leaves what a receipt needs', () => {
    const one = withCard();
    one.scan('b1');
    one.answer({ outcome: 'ok' });
    one.press({ kind: 'end', session: one.session() });
    expect(one.state().last).toMatchObject({ ending: '6001', lines: [{ item: 'b1' }] });
  });
});

describe('self-service', () => {
  it('is left only by opening the station anew', () => {
    const one = desk();
    one.press({ kind: 'mode', mode: 'self-service' });
    expect(one.press({ kind: 'mode', mode: 'staffed' }).refused).toBe('not-in-self-service');
    one.tell({ kind: 'opened', mode: 'staffed' });
    expect(one.state().mode).toBe('staffed');
  });

  it('begins with loans for the next patron, whatever the last one did', () => {
    const one = desk();
    one.press({ kind: 'mode', mode: 'self-service' });
    one.card(LI);
    one.press({ kind: 'taking', taking: 'returns' });
    one.card(WANG);
    expect(one.state().taking).toBe('loans');
    one.press({ kind: 'taking', taking: 'returns' });
    one.press({ kind: 'end', session: one.session() });
    expect(one.state().taking).toBe('loans');
  });

  it('goes on with returns for whoever chose them before laying down the card', () => {
    const one = desk();
    one.press({ kind: 'mode', mode: 'self-service' });
    one.press({ kind: 'taking', taking: 'returns' });
    one.card(LI);
    expect(one.state().taking).toBe('returns');
  });

  it('shows nobody what somebody without a card gave back and left', () => {
    const one = desk();
    one.press({ kind: 'mode', mode: 'self-service' });
    one.press({ kind: 'taking', taking: 'returns' });
    one.scan('b1');
    one.world({ nowMs: 60_000 });
    one.tell({ kind: 'timer' });
    expect(one.state().warned).toBe(true);
    one.world({ nowMs: 90_000 });
    one.tell({ kind: 'timer' });
    expect(one.state()).toMatchObject({ lines: [], taking: 'loans', notice: { notice: 'idle-ended' } });
  });
});
