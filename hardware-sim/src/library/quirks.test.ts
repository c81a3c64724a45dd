// SPDX-License-Identifier: Apache-2.0
// Every quirk does on the wire what its line says, and nothing of it without the switch (reference: sip2, 8).
import { checksumOf } from '@latchkey/protocols/sip2/checksum';
import iconv from 'iconv-lite';
import { afterEach, describe, expect, it } from 'vitest';
import {
  DATE,
  isSumRight,
  NO_DATE,
  openRawDesk,
  type RawDesk,
  startTestLibrary,
  type TestLibrary,
  withTail,
} from './library.test-support.ts';
import { QUIRK_NAMES, QUIRKS, type Quirk } from './quirks.ts';
import type { LibraryOptions } from './simulated-library.ts';

const STATUS = '9900802.00';
const loan = (item: string, patron = 'P1', flags = 'YN', nbDue = NO_DATE) =>
  `11${flags}${DATE}${nbDue}AOLIB|AA${patron}|AB${item}|AC|`;
const info = (patron: string, list = ' '.repeat(10)) => `63001${DATE}${list}AOLIB|AA${patron}|`;
const item = (barcode: string) => `17${DATE}AOLIB|AB${barcode}|`;
const stored = loan('B1', 'P1', 'YY', '20261201    235959');

interface Scene {
  readonly library: TestLibrary;
  readonly desk: RawDesk;
  /** A connection more. */
  readonly open: () => Promise<RawDesk>;
}

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function scene(quirk: Quirk | undefined, options: LibraryOptions = {}): Promise<Scene> {
  const library = await startTestLibrary({ ...options, ...(quirk && { quirks: [quirk] }) });
  open.push(library);
  const another = async () => {
    const desk = await openRawDesk(library.port, options.charset);
    open.push(desk);
    return desk;
  };
  return { library, desk: await another(), open: another };
}

const isEnded = (desk: RawDesk) =>
  desk.ended().then(
    () => true,
    () => false,
  );
/** Asks, and says whether an answer came before that of a 99 sent after it. */
async function isAnswered(desk: RawDesk, question: string): Promise<boolean> {
  desk.send(`${question}\r`);
  return !(await desk.ask(STATUS)).startsWith('98');
}

/** Whether the quirk is there to see. */
const SEEN: Readonly<Record<Quirk, (scene: Scene) => Promise<boolean>>> = {
  async 'executes-again'({ desk }) {
    const question = withTail(loan('B1'), 4);
    await desk.ask(question);
    return (await desk.ask(question)).startsWith('121Y');
  },
  async 'checksum-code-units'({ desk }) {
    const text = `${loan('书')}AY1AZ`;
    const answer = await desk.ask(text + checksumOf(text, 'utf-8', 'code-units'));
    if (answer.startsWith('96')) return false;
    return answer.endsWith(checksumOf(answer.slice(0, -4), 'utf-8', 'code-units')) && !isSumRight(answer);
  },
  async 'checksum-short'({ desk }) {
    const answer = await desk.ask(withTail(STATUS, 4));
    return answer.endsWith(checksumOf(answer.slice(0, answer.indexOf('|AY4AZ')), 'utf-8', 'bytes'));
  },
  'checksum-unchecked': async ({ desk }) => (await desk.ask(`${STATUS}AY1AZ0000`)).startsWith('98'),
  'checksum-none': async ({ desk }) => !(await desk.ask(withTail(STATUS, 1))).includes('AY1AZ'),
  'checksum-lower-case': async ({ desk }) => /AZ(?=.*[a-f])[0-9a-f]{4}$/.test(await desk.ask(withTail(STATUS, 1))),
  'no-delimiter-before-tail': async ({ desk }) => /YAY1AZ.{4}$/.test(await desk.ask(withTail(STATUS, 1))),
  async 'needs-cr'({ desk }) {
    desk.send(`${withTail(STATUS, 1)}\n`);
    // One long line of both, whose sum is wrong.
    return (await desk.ask(withTail(STATUS, 2))) === '96AZFEF6';
  },
  async 'needs-lf'({ desk }) {
    desk.send(`${withTail(STATUS, 1)}\r${withTail(STATUS, 2)}\n`);
    return (await desk.next()) === '96AZFEF6';
  },
  async 'leading-lf'({ desk }) {
    await desk.ask(STATUS);
    return desk.bytes()[0] === 0x0a;
  },
  async 'no-block-ignored'({ desk, library }) {
    const answer = await desk.ask(stored);
    return !answer.includes('AH20261201') && library.transactions[0]?.noBlock === false;
  },
  async 'no-block-unchecked'({ desk, library }) {
    await desk.ask(loan('B1', 'P2'));
    await desk.ask(stored);
    return library.lent.get('B1') === 'P1';
  },
  async 'no-block-dies'({ desk, library }) {
    desk.send(`${stored}\r`);
    const answered = await desk.next().catch(() => undefined);
    return answered === undefined && library.transactions.length === 0;
  },
  'no-block-hidden': async ({ desk }) =>
    (await desk.ask(STATUS))[7] === 'N' && /^121.*AH20261201/.test(await desk.ask(stored)),
  async 'bx-understates'({ desk }) {
    const says = /\|BX.{9}(.).{5}(.)\|/.exec(await desk.ask(STATUS));
    const pays = await isAnswered(desk, `37${DATE}0600CNYBV1|AOLIB|AAP1|`);
    return says?.[1] === 'N' && says[2] === 'N' && pays;
  },
  async 'bx-overstates'({ desk }) {
    const says = (await desk.ask(STATUS)).includes('|BXYYYYYYYYYYYYYYYY|');
    return says && !(await isAnswered(desk, `15+${DATE}AOLIB|AAP1|ABB1|`));
  },
  'due-date-iso': async ({ desk }) => (await desk.ask(loan('B1'))).includes('|AH2026-12-23|'),
  'due-date-chinese': async ({ desk }) => (await desk.ask(loan('B1'))).includes('|AH2026年12月23日|'),
  'due-date-words': async ({ desk }) => !/\|AH[^|]*\d/.test(await desk.ask(loan('B1'))),
  'dates-in-utc': async ({ desk }) => (await desk.ask(STATUS)).includes('20261123   Z021500'),
  'long-values': async ({ desk }) => /\|AF[^|]{256,}\|/.test(await desk.ask(loan('B1'))),
  'bare-delimiter': async ({ desk }) => (await desk.ask(item('B4'))).includes('AJ电影|光盘|'),
  async 'drops-unknown'({ desk }) {
    desk.send('4712\r');
    return desk.ask(STATUS).then(
      () => false,
      () => true,
    );
  },
  async 'no-queue'({ desk }) {
    desk.send(`${item('B1')}\r${item('B2')}\r`);
    await desk.next();
    return (await desk.ask(STATUS)).startsWith('98');
  },
  async 'status-first'({ desk, open: another }) {
    desk.send('9300CNa|COb|\r');
    const isLoginRefused = (await desk.next().catch(() => undefined)) === undefined;
    const other = await another();
    await other.ask(STATUS);
    return isLoginRefused && (await other.ask('9300CNa|COb|')) === '941';
  },
  async 'login-first'({ desk, open: another }) {
    desk.send(`${STATUS}\r`);
    const isStatusRefused = (await desk.next().catch(() => undefined)) === undefined;
    const other = await another();
    await other.ask('9300CNa|COb|');
    return isStatusRefused && (await other.ask(STATUS)).startsWith('98');
  },
  async 'resend-ay0'({ desk }) {
    await desk.ask(withTail(STATUS, 6));
    const again = await desk.ask('97AZFEF5');
    return again.includes('AY0AZ') && isSumRight(again);
  },
  async 'resend-detection-off'({ desk }) {
    await desk.ask(withTail(STATUS, 6));
    await desk.ask('97');
    return !(await desk.ask(withTail(STATUS, 7))).includes('AY');
  },
  'shuffled-fields': async ({ desk }) => /^121.{20}(?!AO).*\|AOLIB\|$/.test(await desk.ask(loan('B1'))),
  'empty-repeats': async ({ desk }) => (await desk.ask(info('P1'))).includes('|AV|AV|'),
  'unknown-fields': async ({ desk }) => /\|XI\d+\|ZY/.test(await desk.ask(loan('B1'))),
  'harmless-denials': async ({ desk }) =>
    /^64 {2}YY {10}/.test(await desk.ask(info('P1'))) && (await desk.ask(loan('B1'))).startsWith('121'),
  'no-valid-patron': async ({ desk }) => !(await desk.ask(info('P1'))).includes('|BL'),
  'blank-counts': async ({ desk }) => (await desk.ask(info('P1'))).slice(37, 61) === ' '.repeat(24),
  async 'no-lists'({ desk }) {
    await desk.ask(loan('B1'));
    const answer = await desk.ask(info('P1', '  Y       '));
    return answer.slice(45, 49) === '0001' && !answer.includes('|AU');
  },
  async 'lists-with-titles'({ desk }) {
    await desk.ask(loan('B1'));
    return (await desk.ask(info('P1', '  Y       '))).includes('|AUB1 平凡的世界|');
  },
  async extensions({ desk }) {
    await desk.ask(`15+${DATE}AOLIB|AAP2|ABB1|`);
    const back = await desk.ask(`09N${DATE}${DATE}AP|AOLIB|ABB1|AC|`);
    return back.includes('|CV01|CYP2|DA王芳|') && (await desk.ask(info('P1'))).includes('|PCStudents|');
  },
};

describe.each(QUIRK_NAMES.map((quirk) => ({ quirk, says: QUIRKS[quirk] })))('$quirk: $says', ({ quirk }) => {
  it('is so with the switch', async () => {
    expect(await SEEN[quirk](await scene(quirk))).toBe(true);
  });
  it('is not so without', async () => {
    expect(await SEEN[quirk](await scene(undefined))).toBe(false);
  });
});

describe('agreed on for a connection', () => {
  it.each(['utf-8', 'gbk'] as const)('%s: titles, and a sum over their bytes', async (charset) => {
    const { desk } = await scene(undefined, { charset });
    const answer = await desk.ask(withTail(item('B1'), 2, charset));
    expect(answer).toContain('|AJ平凡的世界|');
    expect(isSumRight(answer, charset)).toBe(true);
  });

  it('GBK whose second byte is the delimiter splits nowhere', async () => {
    const title = '聕書';
    expect(iconv.encode(title, 'gbk').includes(0x7c)).toBe(true);
    const { desk } = await scene(undefined, { charset: 'gbk', items: [{ barcode: 'B1', title }] });
    expect(await desk.ask(item('B1'))).toContain(`|AJ${title}|`);
  });

  it('CP850 has no Chinese: question marks, but every field in its place', async () => {
    const { desk } = await scene(undefined, { charset: 'cp850' });
    expect(await desk.ask(item('B1'))).toContain('|AJ?????|');
  });

  it.each([
    ['crlf', '\r\n'],
    ['lf', '\n'],
  ] as const)('ends with %s', async (terminator, end) => {
    const { desk } = await scene(undefined, { terminator });
    desk.send(`${STATUS}\n`);
    await expect.poll(() => desk.bytes().toString().endsWith(`|${end}`), { interval: 2 }).toBe(true);
  });

  it('another delimiter', async () => {
    const { desk } = await scene(undefined, { delimiter: '^' });
    expect(await desk.ask(item('B1').replaceAll('|', '^'))).toContain('^AJ平凡的世界^');
  });

  it('several quirks at once, set while it runs', async () => {
    const { desk, library } = await scene(undefined);
    await desk.ask(loan('B1'));
    library.set({ quirks: ['due-date-iso', 'shuffled-fields'] });
    expect(await desk.ask(loan('B2'))).toMatch(/\|AH2026-12-23\|.*\|AOLIB\|$/);
    library.set({ quirks: [] });
    expect(await desk.ask(loan('B6'))).toMatch(/AOLIB.*\|AH20261223 {4}235959\|/);
  });
});

describe('what a server may demand', () => {
  const login = { user: 'desk', password: 'secret' };

  it('a login before anything else but 99', async () => {
    const { desk, open: another } = await scene(undefined, { login });
    expect(await desk.ask(STATUS)).toMatch(/^98/);
    desk.send(`${loan('B1')}\r`);
    expect(await isEnded(desk)).toBe(true);
    const other = await another();
    expect(await other.ask('9300CNdesk|COsecret|')).toBe('941');
    expect(await other.ask(loan('B1'))).toMatch(/^121/);
  });

  it('three wrong logins end the connection', async () => {
    const { desk } = await scene(undefined, { login });
    for (let attempt = 1; attempt <= 3; attempt += 1)
      expect(await desk.ask(`9300CNdesk|COwrong${attempt}|`)).toBe('940');
    expect(await isEnded(desk)).toBe(true);
  });

  it("a patron's password", async () => {
    const { desk, library } = await scene(undefined);
    expect(await desk.ask(`${loan('B1')}AD9|`)).toContain('AFWrong password');
    expect(await desk.ask(`${loan('B1')}AD1234|`)).toMatch(/^121/);
    library.set({ policies: { needsPin: true } });
    expect(await desk.ask(loan('B2'))).toContain('AFWrong password');
  });

  it('off line, everything is answered with 98, and nothing carried out', async () => {
    const { desk, library } = await scene(undefined);
    library.set({ policies: { onLine: false } });
    expect(await desk.ask(loan('B1'))).toMatch(/^98NNNNNY000003.*AFClosed/);
    expect(library.transactions).toEqual([]);
    library.set({ policies: { onLine: true } });
    expect(await desk.ask(loan('B1'))).toMatch(/^121/);
  });

  it('what BX does not have is not answered', async () => {
    const { desk } = await scene(undefined, { policies: { supports: ['status', 'checkout'] } });
    expect(await desk.ask(STATUS)).toContain('|BXNYNNYNNNNNNNNNNN|');
    expect(await isAnswered(desk, item('B1'))).toBe(false);
  });

  it('patrons and books that nobody entered, where it takes anything', async () => {
    const { desk, library } = await scene(undefined, { policies: { takesAnything: true } });
    expect(await desk.ask(loan('anything', 'anybody'))).toMatch(/^121N/);
    expect([...library.lent]).toEqual([['anything', 'anybody']]);
  });

  it('silence for too long ends the connection', async () => {
    const { desk } = await scene(undefined, { policies: { idleMs: 30 } });
    expect(await isEnded(desk)).toBe(true);
  });
});
