// SPDX-License-Identifier: Apache-2.0
// The library of a desk over real TCP: asked, away, slow and back. A server that only answers by a table stands in for it.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../adapters/system-clock.ts';
import { deskWiring } from '../core/wiring-desk.ts';
import { type OpenedDeskLibrary, openDeskLibrary } from './desk-library.ts';
import { SILENT } from './log.ts';

const NOW = '20261122    120000';
const STATUS = `98YYYYYN600003${NOW}2.00AOLIB|AM市图书馆|BXYYYYYYYYYYYYYYYY|`;
const LOAN = { line: '1', act: 'loan', item: 'b1', patron: '2026001', ref: null } as const;
const LENT = `121NUY${NOW}AOLIB|AA2026001|ABb1|AJTitle|AH2026-12-24|`;

let server: Server;
let library: OpenedDeskLibrary;
let heard: string[];
let refusals: number;
const sockets = new Set<Socket>();

/** Answers by the code of the question; nothing where the table has nothing. */
async function start(answers: Readonly<Record<string, string | readonly string[]>>, change: object = {}) {
  heard = [];
  refusals = 0;
  const turns = new Map<string, number>();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => {
      const text = chunk.toString('utf8').trim();
      heard.push(text);
      const code = text.slice(0, 2);
      const table: Readonly<Record<string, string | readonly string[]>> = { '99': STATUS, '93': '941', ...answers };
      const given = table[code];
      const turn = turns.get(code) ?? 0;
      turns.set(code, turn + 1);
      const answer = typeof given === 'string' ? given : given?.[Math.min(turn, given.length - 1)];
      if (answer === 'reset') socket.resetAndDestroy();
      else if (answer !== undefined) socket.write(`${answer}\r\n`);
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connection = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    charset: 'utf-8',
    checksum: 'off',
    timeoutMs: 500,
    ...change,
  };
  library = openDeskLibrary({
    wiring: deskWiring.parse({
      portal: 'library-desk',
      name: 'd',
      readers: [],
      page: { port: 4760 },
      library: connection,
    }),
    clock: systemClock,
    random: { unit: () => 0 },
    log: SILENT,
    onState: () => undefined,
    onLoginRefused: () => {
      refusals += 1;
    },
    timeZone: () => 'Asia/Shanghai',
    now: () => Date.parse('2026-11-22T12:00:00+08:00'),
  });
  library.start();
}
const isUp = () => expect.poll(() => library.state().state, { timeout: 15_000 }).toBe('up');

afterEach(async () => {
  await library.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

describe('the library of a desk', () => {
  it('is there after login and status, and says who it is', async () => {
    await start({}, { login: { user: 'desk', password: 'secret' } });
    expect(await library.act(LOAN, false)).toEqual({ outcome: 'not-sent' });
    await isUp();
    expect(heard.map((text) => text.slice(0, 2))).toEqual(['93', '99']);
    expect(library.state()).toEqual({ state: 'up', name: '市图书馆', takesStored: false });
  });

  it('lends', async () => {
    await start({ '11': LENT });
    await isUp();
    expect(await library.act(LOAN, false)).toMatchObject({
      outcome: 'ok',
      title: 'Title',
      due: { text: '2026-12-24' },
    });
  });

  it('does not ask again by itself where no answer comes: nobody knows what was done', async () => {
    await start({});
    await isUp();
    const [first, second] = await Promise.all([library.act(LOAN, false), library.act({ ...LOAN, item: 'b2' }, false)]);
    expect([first.outcome, second.outcome]).toEqual(['unknown', 'not-sent']);
    expect(heard.filter((text) => text.startsWith('11'))).toHaveLength(1);
    await isUp();
  });

  it('does not say that a payment failed whose answer did not come', async () => {
    const fee = { number: '2026001', amount: '3.00', currency: null, payment: 'cash' } as const;
    await start({ '37': ['reset', `38N${NOW}AOLIB|AA2026001|`] });
    await isUp();
    expect(await library.pay(fee)).toEqual({ paid: null, detail: null });
    expect(await library.pay(fee)).toEqual({ paid: false, detail: null });
    await isUp();
    expect(await library.pay(fee)).toEqual({ paid: false, detail: null });
    expect(heard.filter((text) => text.startsWith('37'))).toHaveLength(2);
  });

  it('does not know what a server did that broke the connection', async () => {
    await start({ '11': 'reset' });
    await isUp();
    expect(await library.act(LOAN, false)).toEqual({ outcome: 'unknown' });
  });

  it('takes a status in between, and asks once more', async () => {
    await start({ '11': [STATUS, LENT] });
    await isUp();
    expect(await library.act(LOAN, false)).toMatchObject({ outcome: 'ok' });
    expect(heard.filter((text) => text.startsWith('11'))).toHaveLength(2);
  });

  it('finds out who has an item', async () => {
    const nobody = (item: string) => `18030001${NOW}AB${item}|AJT|`;
    const patron = `64${' '.repeat(14)}019${NOW}000000000001000000000000AOLIB|AA2026001|AELi|BLY|AUb1|`;
    await start({ '17': [nobody('b1'), nobody('b1'), nobody('b9')], '63': patron });
    await isUp();
    expect(await library.find(LOAN)).toEqual({ outcome: 'as-said' });
    expect(await library.find({ ...LOAN, act: 'return' })).toEqual({ outcome: 'as-said' });
    expect(await library.find({ ...LOAN, item: 'b9' })).toMatchObject({ outcome: 'not-so', holder: 'nobody' });
  });

  it('refuses at once what the server does not offer, and makes do with the status of a patron', async () => {
    const few = STATUS.replace('BXYYYYYYYYYYYYYYYY', 'BXYYYNYYYNYNYNNNNN');
    await start({
      '99': few,
      '17': `18040001${NOW}ABb1|AJT|`,
      '23': `24${' '.repeat(14)}019${NOW}AOLIB|AA2026001|AELi Hua|BLY|`,
    });
    await isUp();
    expect(await library.act({ ...LOAN, act: 'renewal' }, false)).toEqual({ outcome: 'refused' });
    expect(await library.renewAll('2026001')).toMatchObject({ outcome: 'refused', renewed: [] });
    expect(await library.patron('2026001')).toMatchObject({ outcome: 'found', patron: { name: 'Li Hua' } });
    expect(await library.find({ ...LOAN, act: 'loan' })).toMatchObject({ outcome: 'not-so', holder: 'unknown' });
    expect(new Set(heard.map((text) => text.slice(0, 2)))).toEqual(new Set(['99', '23', '17']));
  });

  it('is away where it refuses the login, and says so', async () => {
    await start({ '93': '940' }, { login: { user: 'desk', password: 'wrong' } });
    await expect.poll(() => library.state().state, { timeout: 15_000 }).toBe('offline');
    await expect.poll(() => refusals).toBe(1);
  });
});
