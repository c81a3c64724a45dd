// SPDX-License-Identifier: Apache-2.0
// The made-up library over TCP, asked with raw text: every pair of messages, and the standard's rules for servers (p.14, 16).
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import vectors from '../../../fixtures/sip2/messages.json' with { type: 'json' };
import {
  DATE,
  isSumRight,
  NO_DATE,
  NOW_MS,
  openRawDesk,
  type RawDesk,
  startTestLibrary,
  type TestLibrary,
  withTail,
} from './library.test-support.ts';

const DAY_MS = 86_400_000;
/** 30 days on, at the end of the day. */
const DUE = '20261223    235959';

let library: TestLibrary;
let desk: RawDesk;

beforeEach(async () => {
  library = await startTestLibrary();
  desk = await openRawDesk(library.port);
});
afterEach(async () => {
  desk.close();
  await library.close();
});

const loan = (item: string, patron = 'P1', more = '', flags = 'YN', nbDue = NO_DATE) =>
  `11${flags}${DATE}${nbDue}AOLIB|AA${patron}|AB${item}|AC|${more}`;
const back = (item: string, more = '', date = DATE, place = '') =>
  `09N${DATE}${date}AP${place}|AOLIB|AB${item}|AC|${more}`;
const info = (patron: string, list = ' '.repeat(10), more = '') => `63001${DATE}${list}AOLIB|AA${patron}|${more}`;
const kinds = () => library.transactions.map(({ kind, patron, item }) => `${kind} ${patron} ${item}`);

describe('every request has its answer', () => {
  it('93: whoever logs in is let in where nobody has to', async () => {
    expect(await desk.ask('9300CNdesk|COsecret|CPDESK1|')).toBe('941');
  });

  it('99: on line, what it takes, and its clock', async () => {
    expect(await desk.ask('9900802.00')).toBe(`98YYYYYY050003${DATE}2.00AOLIB|AM示例图书馆|BXYYYYYYYYYYYYYYYY|`);
  });

  it('23: fourteen positions, in the language asked for', async () => {
    expect(await desk.ask(`23001${DATE}AOLIB|AAP1|AC|AD1234|`)).toBe(
      `24${' '.repeat(14)}001${DATE}AOLIB|AAP1|AE李华|BLY|CQY|`,
    );
    expect(await desk.ask(`23001${DATE}AOLIB|AAP1|AC|AD9|`)).toContain('|CQN|');
    const blocked = await desk.ask(`23019${DATE}AOLIB|AAP3|AC|AD|`);
    expect(blocked).toMatch(/^24Y {13}019/);
    expect(blocked).toContain('|AF读者证已停用|');
    expect(await desk.ask(`23001${DATE}AOLIB|AAnobody|AC|AD|`)).toMatch(/^24YYYY {10}.*\|BLN\|AFNo such patron\|$/);
    expect(await desk.ask(`23001${DATE}AOLIB|AAP4|AC|AD|`)).toContain('|BLN|');
  });

  it('63: six counts, limits, and one list in the part asked for', async () => {
    for (const item of ['B1', 'B2', 'B6']) await desk.ask(loan(item));
    expect(await desk.ask(info('P1'))).toBe(
      `64${' '.repeat(14)}001${DATE}000000000003000000000000AOLIB|AAP1|AE李华|BZ0005|CA0002|CB0010|CC20.00|BLY|`,
    );
    expect(await desk.ask(info('P1', '  Y       '))).toContain('|AUB1|AUB2|AUB6|');
    expect(await desk.ask(info('P1', '  Y       ', 'BP2|BQ2|'))).toMatch(/\|BLY\|AUB2\|$/);
    library.clock.nowMs += 31 * DAY_MS;
    expect(await desk.ask(info('P1', ' Y        '))).toMatch(/000000030003.*\|ATB1\|ATB2\|ATB6\|AFPlease return/);
  });

  it('11: lends, renews what the patron has, refuses what another has', async () => {
    expect(await desk.ask(loan('B1'))).toBe(`121NUY${DATE}AOLIB|AAP1|ABB1|AJ平凡的世界|AH${DUE}|CK001|AFLent|`);
    expect(await desk.ask(loan('B1'))).toMatch(/^121YUN/);
    expect(await desk.ask(loan('B1', 'P1', '', 'NN'))).toMatch(/^120N.*AFLent already: please renew\|$/);
    expect(await desk.ask(loan('B1', 'P2'))).toMatch(/^120N.*AFLent to another patron\|$/);
    expect(kinds()).toEqual(['loan P1 B1', 'renewal P1 B1']);
  });

  it.each([
    ['B9', 'P1', 'No such item'],
    ['B1', 'nobody', 'No such patron'],
    ['B1', 'P3', 'Borrowing is blocked: please ask at the desk'],
    ['B1', 'P4', 'This patron is no longer registered'],
    ['B3', 'P1', 'For use in the library only'],
    ['B5', 'P1', 'Not available: please hand it to the staff'],
  ])('11: refuses %s to %s in words', async (item, patron, words) => {
    const answer = await desk.ask(loan(item, patron));
    expect(answer).toMatch(/^120NUN/);
    expect(answer).toContain(`|AF${words}|`);
    expect(library.transactions).toEqual([]);
  });

  it('11: says what a loan costs, and lends once that is accepted', async () => {
    expect(await desk.ask(loan('B4', 'P1', 'BON|'))).toMatch(/^120N.*\|AJ电影&#124;光盘\|AH\|BT06\|BHCNY\|BV2\.50\|/);
    expect(await desk.ask(loan('B4', 'P1', 'BOY|'))).toMatch(/^121N.*\|BV2\.50\|CK006\|/);
    expect(await desk.ask(info('P1', '   Y      '))).toMatch(/\|BHCNY\|BV2\.50\|AV0001 2\.50 B4\|/);
  });

  it('11: keeps to limits of books, of what is overdue and of what is owed', async () => {
    library.set({ policies: { loanLimit: 2, overdueLimit: 0 } });
    await desk.ask(loan('B1'));
    await desk.ask(loan('B2'));
    expect(await desk.ask(loan('B6'))).toContain('AFAs many books as allowed');
    expect(await desk.ask(info('P1'))).toMatch(/^64Y {4}Y/);
    library.clock.nowMs += 40 * DAY_MS;
    library.set({ policies: { loanLimit: 10 } });
    expect(await desk.ask(loan('B6'))).toContain('AFToo many overdue books');
    await desk.ask(back('B1'));
    await desk.ask(back('B2'));
    expect(await desk.ask(info('P1'))).toContain('|BV2.00|');
    library.set({ policies: { feeLimitCents: 100 } });
    expect(await desk.ask(loan('B6'))).toContain('AFFees are due');
  });

  it('11 with no block: takes it whatever the rules say, at the time and with the due date of the desk', async () => {
    const nbDue = '20261201    235959';
    const stored = `11YY20261120    090000${nbDue}AOLIB|AAP3|ABB3|AC|`;
    expect(await desk.ask(stored)).toMatch(/^121NUY.*\|AH20261201 {4}235959\|/);
    expect(library.transactions).toMatchObject([
      {
        kind: 'loan',
        patron: 'P3',
        item: 'B3',
        noBlock: true,
        atMs: NOW_MS,
        transactionDate: { local: '2026-11-20T09:00:00', zone: '' },
        noBlockDueDate: { local: '2026-12-01T23:59:59', zone: '' },
        dueMs: Date.parse('2026-12-01T15:59:59Z'),
      },
    ]);
    expect(library.loans.get('B3')?.sinceMs).toBe(Date.parse('2026-11-20T01:00:00Z'));
    await desk.ask(loan('B1', 'P2'));
    expect(await desk.ask(loan('B1', 'P1', '', 'YY', nbDue))).toMatch(/^120/);
    library.set({ policies: { reissues: true } });
    expect(await desk.ask(loan('B1', 'P1', '', 'YY', nbDue))).toMatch(/^121/);
    expect(library.lent.get('B1')).toBe('P1');
  });

  it('09: takes back, says who had it, and asks for attention where the book belongs elsewhere', async () => {
    await desk.ask(loan('B1'));
    expect(await desk.ask(back('B1', '', DATE, 'branch'))).toBe(
      `101YUY${DATE}AOLIB|ABB1|AQmain|AJ平凡的世界|CL3|AAP1|CK001|AFBelongs to another branch|`,
    );
    expect(await desk.ask(back('B1'))).toMatch(/^101YUN.*AFWas not lent/);
    expect(await desk.ask(back('B9'))).toMatch(/^100NUY.*AFNo such item/);
    expect(kinds()).toEqual(['loan P1 B1', 'return P1 B1']);
  });

  it('09 with no block: counts lateness to the time of the return', async () => {
    await desk.ask(loan('B1'));
    library.clock.nowMs += 60 * DAY_MS;
    await desk.ask(`09Y${DATE}20261220    120000AP|AOLIB|ABB1|AC|`);
    expect(library.debts.get('P1')).toBeUndefined();
    expect(library.transactions.at(-1)).toMatchObject({ noBlock: true, returnDate: { local: '2026-12-20T12:00:00' } });
  });

  it('11 and 09 with BI: undo each other', async () => {
    await desk.ask(loan('B1'));
    expect(await desk.ask(back('B1', 'BIY|'))).toMatch(/^101.*AFUndone/);
    expect(library.lent.has('B1')).toBe(false);
    await desk.ask(loan('B1'));
    await desk.ask(back('B1'));
    expect(await desk.ask(loan('B1', 'P1', 'BIY|'))).toMatch(/^121/);
    expect(library.lent.get('B1')).toBe('P1');
    expect(await desk.ask(loan('B1', 'P1', 'BIY|'))).toMatch(/^120.*AFNothing to undo/);
  });

  it('29: renews so often, not what others wait for, and never what is with somebody else', async () => {
    const renew = `29NN${DATE}${NO_DATE}AOLIB|AAP1|ABB1|`;
    expect(await desk.ask(renew)).toMatch(/^300N.*AFNot lent to this patron/);
    await desk.ask(loan('B1'));
    library.clock.nowMs += DAY_MS;
    expect(await desk.ask(renew)).toMatch(/^301YUN.*\|AH20261224 {4}235959\|/);
    expect(await desk.ask(renew)).toMatch(/^301Y/);
    expect(await desk.ask(renew)).toMatch(/^300N.*AFRenewed as often as allowed/);
    await desk.ask(loan('B2'));
    await desk.ask(`15+${DATE}AOLIB|AAP2|ABB2|`);
    expect(await desk.ask(`29NN${DATE}${NO_DATE}AOLIB|AAP1|ABB2|`)).toContain('AFWanted by another patron');
  });

  it('65: renews what can be renewed and says why the rest cannot', async () => {
    await desk.ask(loan('B1'));
    await desk.ask(loan('B2'));
    await desk.ask(`15+${DATE}AOLIB|AAP2|ABB2|`);
    expect(await desk.ask(`65${DATE}AOLIB|AAP1|`)).toBe(`66100010001${DATE}AOLIB|BMB1|BNB2 Wanted by another patron|`);
    expect(await desk.ask(`65${DATE}AOLIB|AAnobody|`)).toMatch(/^66000000000/);
  });

  it('15: holds wait, are put aside when the book comes back, and let nobody else have it', async () => {
    await desk.ask(loan('B1'));
    expect(await desk.ask(`15+${DATE}BW20261231    235959|BSmain|BY2|AOLIB|AAP2|ABB1|`)).toBe(
      `161N${DATE}AOLIB|AAP2|ABB1|BW20261231    235959|BR1|BSmain|AJ平凡的世界|AFHeld|`,
    );
    expect(await desk.ask(info('P2', '     Y    '))).toContain('|CDB1|');
    expect(await desk.ask(back('B1'))).toMatch(/^101YUY.*AFHeld for a patron/);
    expect(await desk.ask(info('P2', 'Y         '))).toContain('|ASB1|');
    expect(await desk.ask(`17${DATE}AOLIB|ABB1|`)).toMatch(/^1808.*\|CF1\|CM20261231/);
    expect(await desk.ask(loan('B1'))).toContain('AFHeld for another patron');
    expect(await desk.ask(loan('B1', 'P2'))).toMatch(/^121N/);
    expect(await desk.ask(`15-${DATE}AOLIB|AAP2|ABB1|`)).toMatch(/^160.*AFNo such hold/);
    expect(await desk.ask(`15+${DATE}AOLIB|AAP2|ABB2|`)).toMatch(/^161Y/);
    expect(await desk.ask(`15*${DATE}BSwest|AOLIB|AAP2|ABB2|`)).toContain('|BSwest|');
    expect(await desk.ask(`15-${DATE}AOLIB|AAP2|ABB2|`)).toMatch(/^161N.*AFHold cancelled/);
  });

  it('17: says where a book stands', async () => {
    expect(await desk.ask(`17${DATE}AOLIB|ABB1|`)).toBe(`18030201${DATE}ABB1|AJ平凡的世界|CK001|AQmain|APmain|`);
    await desk.ask(loan('B1'));
    expect(await desk.ask(`17${DATE}AOLIB|ABB1|`)).toMatch(new RegExp(`^1804.*\\|AH${DUE}\\|`));
    expect(await desk.ask(`17${DATE}AOLIB|ABB5|`)).toMatch(/^1802/);
    expect(await desk.ask(`17${DATE}AOLIB|ABB9|`)).toMatch(/^1801.*\|AJ\|AFNo such item/);
  });

  it('19: keeps properties of a book', async () => {
    expect(await desk.ask(`19${DATE}AOLIB|ABB1|CHtorn cover|`)).toBe(`201${DATE}ABB1|AJ平凡的世界|CHtorn cover|`);
    expect(await desk.ask(`17${DATE}AOLIB|ABB1|`)).toContain('|CHtorn cover|');
    expect(await desk.ask(`19${DATE}AOLIB|ABB9|CHx|`)).toMatch(/^200/);
  });

  it('37: takes what is owed, not more, and nothing that is no sum', async () => {
    await desk.ask(loan('B4', 'P1', 'BOY|'));
    const pay = (sum: string, more = '') => desk.ask(`37${DATE}0600CNYBV${sum}|AOLIB|AAP1|${more}`);
    expect(await pay('9.99')).toMatch(/^38N.*AFMore than is owed/);
    expect(await pay('much')).toMatch(/^38N.*AFThe amount/);
    expect(await pay('1.50', 'BKt-7|')).toBe(`38Y${DATE}AOLIB|AAP1|BKt-7|AFPaid|AGPaid 1.50|`);
    expect(await pay('1', 'CG0001|')).toMatch(/^38Y/);
    expect(await desk.ask(info('P1'))).not.toContain('|BV');
    expect(library.transactions.map(({ cents }) => cents)).toEqual([null, 150, 100]);
  });

  it('35: ends the session', async () => {
    expect(await desk.ask(`35${DATE}AOLIB|AAP1|`)).toBe(`36Y${DATE}AOLIB|AAP1|AFThank you, goodbye|`);
  });

  it('01 and 25: block a card and let it again', async () => {
    expect(await desk.ask(`01Y${DATE}AOLIB|ALfound on the floor|AAP1|AC|`)).toMatch(/^24YYYYY {9}/);
    expect(await desk.ask(loan('B1'))).toMatch(/^120/);
    expect(await desk.ask(`25${DATE}AOLIB|AAP1|`)).toBe(`26${' '.repeat(14)}000${DATE}AOLIB|AAP1|AE李华|BLY|`);
    expect(await desk.ask(loan('B1'))).toMatch(/^121/);
  });
});

describe('error detection', () => {
  it('answers as it was asked: with AY and a sum over bytes, or without either', async () => {
    const answer = await desk.ask(withTail('9900802.00', 7));
    expect(answer).toMatch(/AY7AZ[0-9A-F]{4}$/);
    expect(isSumRight(answer)).toBe(true);
    expect(await desk.ask('9900802.00')).not.toContain('AY');
  });

  it.each(vectors.vectors.filter(({ wire }) => /^(?:99|93|23|35)/.test(wire)))('takes $name', async ({ wire }) => {
    const answer = await desk.ask(wire);
    expect(answer.slice(0, 2)).toBe({ 99: '98', 93: '94', 23: '24', 35: '36' }[wire.slice(0, 2)]);
    expect(answer).toContain(/AY\d/.exec(wire)?.[0]);
    expect(isSumRight(answer)).toBe(true);
  });

  it('answers the login of the vectors letter by letter', async () => {
    expect(await desk.ask('9300CNscclient|COclientpwd|CPDESK1|AY1AZF22D')).toBe('941AY1AZFDFC');
    expect(await desk.ask('9900802.00AY1AZfca0')).toMatch(/^98/);
  });

  it('asks again for what came broken, with the constant 96, and carries none of it out', async () => {
    expect(await desk.ask(`${loan('B1')}AY1AZ0000`)).toBe('96AZFEF6');
    expect(await desk.ask('4712 AY1AZ0000')).toBe('96AZFEF6');
    expect(await desk.ask('11YAY1AZ0000')).toBe('96AZFEF6');
    expect(library.transactions).toEqual([]);
    expect(await desk.ask(withTail(loan('B1'), 1))).toMatch(/^121N/);
  });

  it('97: says the last answer again, letter by letter, also a 96; before any, 96', async () => {
    expect(await desk.ask('97AZFEF5')).toBe('96AZFEF6');
    const answer = await desk.ask(withTail(loan('B1'), 3));
    expect(await desk.ask('97AZFEF5')).toBe(answer);
    expect(await desk.ask('97AZFEF5')).toBe(answer);
    await desk.ask('99AZ0000');
    expect(await desk.ask('97AZFEF5')).toBe('96AZFEF6');
    expect(library.transactions).toHaveLength(1);
  });

  it('the same AY and AZ again: the last answer again, nothing done twice', async () => {
    const question = withTail(loan('B1'), 4);
    const answer = await desk.ask(question);
    expect(await desk.ask(question)).toBe(answer);
    expect(library.transactions).toHaveLength(1);
    expect(await desk.ask(withTail(loan('B1'), 5))).toMatch(/^121Y/);
  });

  it('without error detection nothing tells a repeat from a new question', async () => {
    await desk.ask(loan('B1'));
    expect(await desk.ask(loan('B1'))).toMatch(/^121Y/);
  });
});
