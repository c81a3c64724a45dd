// SPDX-License-Identifier: Apache-2.0
// The desk's own SIP2 client against the made-up library over TCP: it works under every quirk, set up for it where it has to be;
// and whatever goes wrong, a loan is never done twice and never said to be what it is not.
import { createSip2Client, type Sip2Client } from '@latchkey/controller/adapters/sip2-client';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import type { SipOutcome, SipRequest } from '@latchkey/controller/core/desk-sip-requests';
import { libraryWiring } from '@latchkey/controller/core/wiring-library';
import { summaryFlags } from '@latchkey/protocols/sip2/enumerations';
import { fieldOf } from '@latchkey/protocols/sip2/message';
import { afterEach, describe, expect, it } from 'vitest';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { startTestLibrary, type TestLibrary } from './library.test-support.ts';
import { timesOf } from './library-state.ts';
import { LIKENESS_NAMES, LIKENESSES } from './likenesses.ts';
import { QUIRK_NAMES, type Quirk } from './quirks.ts';
import type { LibraryOptions } from './simulated-library.ts';

/** Where an answer is to come, however busy the machine is; and where none will. */
const PATIENT_MS = 20_000;
const HASTY_MS = 800;
const LOGIN = { user: 'desk', password: 'secret' };
const transactionDate = { local: '2026-11-23T10:15:00', zone: '' };

const loan = (item: string, noBlock = false): SipRequest<'11'> => ({
  code: '11',
  fixed: { renewalPolicy: true, noBlock, transactionDate, noBlockDueDate: noBlock ? transactionDate : null },
  fields: { AO: 'LIB', AA: 'P1', AB: item, AC: '', BO: 'Y' },
});
const back = (item: string): SipRequest<'09'> => ({
  code: '09',
  fixed: { noBlock: false, transactionDate, returnDate: transactionDate },
  fields: { AP: 'main', AO: 'LIB', AB: item, AC: '' },
});
const patron: SipRequest<'63'> = {
  code: '63',
  fixed: { language: '019', transactionDate, summary: summaryFlags('charged') },
  fields: { AO: 'LIB', AA: 'P1' },
};
const book = (item: string): SipRequest<'17'> => ({
  code: '17',
  fixed: { transactionDate },
  fields: { AO: 'LIB', AB: item },
});

let library: TestLibrary;
let client: Sip2Client;
afterEach(async () => {
  await client.close();
  await library.close();
});

async function connect(options: LibraryOptions = {}, wiring: object = {}): Promise<void> {
  library = await startTestLibrary({ login: LOGIN, ...options });
  client = createSip2Client({
    wiring: libraryWiring.parse({
      host: '127.0.0.1',
      port: library.port,
      charset: 'utf-8',
      login: LOGIN,
      timeoutMs: PATIENT_MS,
      ...wiring,
    }),
    clock: systemClock,
    random: { unit: () => 0 },
    onState: () => undefined,
    log: () => undefined,
  });
  client.start();
  await isUp();
}
const isUp = () => expect.poll(() => client.state().state, { timeout: 20_000, interval: 5 }).toBe('up');
/** Of an answer; what else became of the question, in words. */
const said = (outcome: SipOutcome) =>
  outcome.ok ? outcome.message.code : outcome.sent ? ('unknown' as const) : ('not sent' as const);

/** What the wiring has to say for a quirk; the others are met as they come. */
const SET_UP: Readonly<Partial<Record<Quirk, object>>> = {
  'checksum-code-units': { checksum: 'code-units' },
  'checksum-short': { checksum: 'ignored' },
  'needs-lf': { terminator: 'crlf' },
  'status-first': { login: { ...LOGIN, order: 'status-first' } },
  'bx-understates': { supports: { feePaid: true, renewAll: true } },
};

describe('under every quirk', { timeout: 30_000 }, () => {
  it.each(QUIRK_NAMES)('%s: lends, tells who has what, takes back', async (quirk) => {
    await connect({ quirks: [quirk] }, SET_UP[quirk]);
    const lent = await client.ask(loan('B1'));
    expect(lent).toMatchObject({ ok: true, message: { code: '12', fixed: { ok: true, renewalOk: false } } });
    expect(lent.ok && fieldOf(lent.message, 'AJ')).toBe('平凡的世界');
    expect(await client.ask(patron)).toMatchObject({ ok: true, message: { code: '64', fields: { AE: ['李华'] } } });
    expect(await client.ask(book('B4'))).toMatchObject({ ok: true, message: { code: '18' } });
    expect(await client.ask(back('B1'))).toMatchObject({ ok: true, message: { code: '10', fixed: { ok: true } } });
    expect(library.transactions.map(({ kind }) => kind)).toEqual(['loan', 'return']);
  });

  it.each(LIKENESS_NAMES)('like %s: lends and takes back', async (name) => {
    const { options } = LIKENESSES[name];
    const checksum = name === 'dp2' ? 'code-units' : 'bytes';
    await connect(options, { charset: options.charset, checksum });
    expect(said(await client.ask(loan('B1')))).toBe('12');
    expect(said(await client.ask(patron))).toBe('64');
    expect(said(await client.ask(back('B1')))).toBe('10');
    expect(library.transactions.map(({ kind }) => kind)).toEqual(['loan', 'return']);
  });

  it('no-block-dies: what was stored is not known to be done, and is not', async () => {
    await connect({ quirks: ['no-block-dies'] });
    expect(said(await client.ask(loan('B1', true)))).toBe('unknown');
    expect(library.transactions).toEqual([]);
    await isUp();
    expect(said(await client.ask(loan('B1')))).toBe('12');
  });

  it('bx-overstates: what is never answered costs this question only', async () => {
    await connect({ quirks: ['bx-overstates'] }, { timeoutMs: HASTY_MS });
    const all: SipRequest<'65'> = { code: '65', fixed: { transactionDate }, fields: { AO: 'LIB', AA: 'P1' } };
    expect(said(await client.ask(all))).toBe('unknown');
    await isUp();
    expect(said(await client.ask(loan('B1')))).toBe('12');
  });

  it('every charset, with its sum', async () => {
    for (const charset of ['gbk', 'utf-8'] as const) {
      await connect({ charset }, { charset });
      const lent = await client.ask(loan('B1'));
      expect(lent.ok && fieldOf(lent.message, 'AJ')).toBe('平凡的世界');
      await client.close();
      await library.close();
    }
    await connect({ charset: 'cp850' }, { charset: 'cp850' });
    expect(said(await client.ask(loan('B1')))).toBe('12');
  });
});

/** What becomes of one loan that the fault hits. */
const AFTER: Readonly<Record<FaultKind, { readonly said: '12' | 'unknown'; readonly done: number }>> = {
  slow: { said: '12', done: 1 },
  'drop-before': { said: 'unknown', done: 0 },
  'drop-after': { said: 'unknown', done: 1 },
  'reset-before': { said: 'unknown', done: 0 },
  'reset-after': { said: 'unknown', done: 1 },
  'silence-before': { said: 'unknown', done: 0 },
  'silence-after': { said: 'unknown', done: 1 },
  'half-answer': { said: 'unknown', done: 1 },
  'byte-by-byte': { said: '12', done: 1 },
  'wrong-checksum': { said: '12', done: 1 },
  'damaged-answer': { said: '12', done: 1 },
  'wrong-sequence': { said: 'unknown', done: 1 },
  'repeat-answer': { said: '12', done: 1 },
  'stale-answer': { said: '12', done: 1 },
  garbage: { said: '12', done: 1 },
  'endless-line': { said: 'unknown', done: 1 },
  'status-instead': { said: '12', done: 1 },
  'resend-wanted': { said: '12', done: 1 },
};

describe('under every fault', { timeout: 30_000 }, () => {
  it.each(FAULT_KINDS)('%s: a loan is done once at most, and said to be done only where it is', async (kind) => {
    await connect({}, { timeoutMs: AFTER[kind].said === 'unknown' ? HASTY_MS : PATIENT_MS });
    library.set({ faults: [{ kind, codes: ['11'], times: 1, afterMs: 20 }] });
    const outcome = await client.ask(loan('B1'));
    expect(said(outcome)).toBe(AFTER[kind].said);
    if (outcome.ok) expect(outcome.message.fixed).toMatchObject({ ok: true, renewalOk: false });
    expect([timesOf(library.transactions, 'loan').get('B1') ?? 0, library.transactions.length]).toEqual([
      AFTER[kind].done,
      AFTER[kind].done,
    ]);
    await isUp();
    expect(said(await client.ask(loan('B2')))).toBe('12');
    expect(library.transactions.filter(({ kind: done }) => done !== 'loan')).toEqual([]);
  });

  it.each(FAULT_KINDS)('%s: a question without effect is asked again, or is not known', async (kind) => {
    await connect({}, { timeoutMs: HASTY_MS });
    library.set({ faults: [{ kind, codes: ['63'], times: 1, afterMs: 20 }] });
    const outcome = await client.ask(patron);
    if (outcome.ok) expect(outcome.message.fields['AE']).toEqual(['李华']);
    await isUp();
    expect(said(await client.ask(patron))).toBe('64');
  });

  it('a library that is slower than anybody waits: nothing is taken for the answer to something else', async () => {
    await connect({}, { timeoutMs: HASTY_MS });
    library.set({ faults: [{ kind: 'slow', codes: ['63'], afterMs: HASTY_MS + 150, times: 2 }] });
    await client.ask(patron);
    await isUp();
    const told = await client.ask(book('B2'));
    expect(told.ok && fieldOf(told.message, 'AB')).toBe('B2');
  });

  it('a pulled plug, and back: what was under way is unknown, what comes later is not sent, then all is well', async () => {
    await connect();
    library.set({ faults: [{ kind: 'slow', beforeMs: 100, codes: ['11'], times: 1 }] });
    const underWay = client.ask(loan('B1'));
    await expect.poll(() => library.received.at(-1)?.message?.code, { interval: 2 }).toBe('11');
    await library.unplug();
    expect(said(await underWay)).toBe('unknown');
    expect(said(await client.ask(loan('B2')))).toBe('not sent');
    await library.plugIn();
    await isUp();
    expect(said(await client.ask(loan('B6')))).toBe('12');
    expect([...timesOf(library.transactions, 'loan').values()].filter((times) => times > 1)).toEqual([]);
  });
});
