// SPDX-License-Identifier: Apache-2.0
// Every request of the standard through the desk's own client over TCP, in each agreement that a connection may be under; and what
// a desk does not send.
import { createSip2Client, type Sip2Client } from '@latchkey/controller/adapters/sip2-client';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import type { SipRequest } from '@latchkey/controller/core/desk-sip-requests';
import { libraryWiring } from '@latchkey/controller/core/wiring-library';
import { summaryFlags } from '@latchkey/protocols/sip2/enumerations';
import { MESSAGES, type RequestCode } from '@latchkey/protocols/sip2/message-table';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestLibrary, type TestLibrary } from './library.test-support.ts';
import type { LibraryOptions } from './simulated-library.ts';

const LOGIN = { user: 'desk', password: 'secret' };
const transactionDate = { local: '2026-11-23T10:15:00', zone: '' };
const who = { AO: 'LIB', AA: 'P1', AC: '' };
const what = { ...who, AB: 'B1' };

/** In an order that makes each of them succeed: lent before it is renewed, returned before it is held. */
const REQUESTS: readonly SipRequest[] = [
  { code: '63', fixed: { language: '019', transactionDate, summary: summaryFlags('charged') }, fields: who },
  { code: '23', fixed: { language: '019', transactionDate }, fields: { ...who, AD: '' } },
  { code: '17', fixed: { transactionDate }, fields: { AO: 'LIB', AB: 'B1' } },
  { code: '11', fixed: { renewalPolicy: true, noBlock: false, transactionDate, noBlockDueDate: null }, fields: what },
  {
    code: '29',
    fixed: { thirdPartyAllowed: false, noBlock: false, transactionDate, noBlockDueDate: null },
    fields: what,
  },
  { code: '65', fixed: { transactionDate }, fields: who },
  {
    code: '09',
    fixed: { noBlock: false, transactionDate, returnDate: transactionDate },
    fields: { AO: 'LIB', AB: 'B1', AC: '', AP: 'main' },
  },
  { code: '19', fixed: { transactionDate }, fields: { AO: 'LIB', AB: 'B1', CH: '' } },
  { code: '15', fixed: { holdMode: '+', transactionDate }, fields: what },
  {
    code: '37',
    fixed: { transactionDate, feeType: '01', paymentType: '00', currency: 'CNY' },
    fields: { ...who, BV: '1.00' },
  },
  { code: '01', fixed: { cardRetained: false, transactionDate }, fields: { ...who, AL: 'lost' } },
  { code: '25', fixed: { transactionDate }, fields: who },
  { code: '35', fixed: { transactionDate }, fields: who },
  { code: '99', fixed: { statusCode: '0', maxPrintWidth: 80, protocolVersion: '2.00' }, fields: {} },
  { code: '93', fixed: { userIdAlgorithm: '0', passwordAlgorithm: '0' }, fields: { CN: 'desk', CO: 'secret' } },
];

let library: TestLibrary;
let client: Sip2Client;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

async function connect(options: LibraryOptions, wiring: object = {}): Promise<void> {
  library = await startTestLibrary({ login: LOGIN, ...options });
  open.push(library);
  client = createSip2Client({
    wiring: libraryWiring.parse({
      host: '127.0.0.1',
      port: library.port,
      charset: 'utf-8',
      login: LOGIN,
      timeoutMs: 20_000,
      ...wiring,
    }),
    clock: systemClock,
    random: { unit: () => 0 },
    onState: () => undefined,
    log: () => undefined,
  });
  open.push(client);
  client.start();
  await expect.poll(() => client.state().state, { timeout: 20_000, interval: 5 }).toBe('up');
}
const codesHeard = () => library.received.map(({ message }) => message?.code);
const answerTo = (code: RequestCode): string => MESSAGES[code].answer;

describe('every request', () => {
  it('is one that this test sends', () => {
    const wanted = Object.entries(MESSAGES).flatMap(([code, form]) => ('answer' in form ? [code] : []));
    expect(REQUESTS.map(({ code }) => code).toSorted()).toEqual(wanted.toSorted());
  });

  it.each([
    ['the standard, in UTF-8', {}, {}],
    ['sums over characters', { quirks: ['checksum-code-units'] }, { checksum: 'code-units' }],
    ['no sums at all', { quirks: ['checksum-none'] }, { checksum: 'off' }],
    ['GBK, CR LF both ways', { charset: 'gbk', terminator: 'crlf' }, { charset: 'gbk', terminator: 'crlf' }],
    ['another delimiter, LF', { delimiter: '^', terminator: 'lf' }, { delimiter: '^', terminator: 'lf' }],
    ['the status first', { quirks: ['status-first'] }, { login: { ...LOGIN, order: 'status-first' } }],
    ['the login first', { quirks: ['login-first', 'drops-unknown'] }, {}],
  ] as const)('is answered by its own answer: %s', async (_, options, wiring) => {
    await connect(options, wiring);
    for (const request of REQUESTS) {
      const asked = await client.ask(request);
      expect(asked.ok ? asked.message.code : asked).toBe(answerTo(request.code));
    }
    expect(library.transactions.map(({ kind }) => kind).slice(0, 2)).toEqual(['loan', 'renewal']);
  });

  it('waits its turn, and each gets its own answer, however many ask at once', async () => {
    await connect({ faults: [{ kind: 'slow', afterMs: 2 }] });
    const items = Array.from({ length: 60 }, (_, at) => `B${(at % 6) + 1}`);
    const told = await Promise.all(
      items.map((AB) => client.ask({ code: '17', fixed: { transactionDate }, fields: { AO: 'LIB', AB } })),
    );
    expect(told.map((each) => each.ok && each.message.fields['AB']?.[0])).toEqual(items);
  });

  it('that BX does not claim is not sent, and the connection stays, also where an unknown code would end it', async () => {
    await connect({ quirks: ['drops-unknown'], policies: { supports: ['status', 'login', 'itemInformation'] } });
    for (const request of REQUESTS) {
      const asked = await client.ask(request);
      const isClaimed = ['99', '93', '17'].includes(request.code);
      expect(asked).toMatchObject(isClaimed ? { ok: true } : { ok: false, sent: false, unsupported: true });
    }
    expect(new Set(codesHeard())).toEqual(new Set(['93', '99', '17']));
    expect(new Set(library.received.map(({ connection }) => connection)).size).toBe(1);
  });

  it('waits for nobody while the library says it is off line, which is asked until it is back', async () => {
    await connect({}, { heartbeatMs: 1_000 });
    library.set({ policies: { onLine: false } });
    const [first] = REQUESTS;
    if (!first) throw new Error('no request');
    expect(await client.ask(first)).toEqual({ ok: false, sent: true });
    expect(client.state().state).toBe('offline');
    expect(await client.ask(first)).toEqual({ ok: false, sent: false });
    library.set({ policies: { onLine: true } });
    await expect.poll(() => client.state().state, { timeout: 20_000 }).toBe('up');
    expect(await client.ask(first)).toMatchObject({ ok: true });
    expect(new Set(library.received.map(({ connection }) => connection)).size).toBe(1);
  });
});
