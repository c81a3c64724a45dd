// SPDX-License-Identifier: Apache-2.0
// The library's switches over the control API, and what comes of them at a desk.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ControlApi } from './control-api.ts';
import { askCampus } from './control-client.ts';
import { describeAnswer } from './control-text.ts';
import {
  DATE,
  NO_DATE,
  openRawDesk,
  type RawDesk,
  startTestLibrary,
  type TestLibrary,
} from './library/library.test-support.ts';

let library: TestLibrary;
let api: ControlApi;
let desk: RawDesk;

beforeEach(async () => {
  library = await startTestLibrary();
  desk = await openRawDesk(library.port);
  api = await ControlApi.start({ benches: new Map(), links: new Map(), people: [], rooms: [], library }, 0);
});
afterEach(async () => {
  desk.close();
  await api.close();
  await library.close();
});

/** Words on a terminal. */
async function look(path: string): Promise<string> {
  return describeAnswer(path, await askCampus(api.url, { method: 'GET', path }));
}
async function post(path: string, body: object): Promise<string> {
  return describeAnswer(path, await askCampus(api.url, { method: 'POST', path, body }));
}
const lend = (item: string, patron = 'P1') => desk.ask(`11YN${DATE}${NO_DATE}AOLIB|AA${patron}|AB${item}|AC|`);

it('shows what is lent and done', async () => {
  await lend('B1');
  await desk.ask(`11YY20261120    090000${NO_DATE}AOLIB|AAP2|ABB2|AC|`);
  const said = await look('/library');
  expect(said).toMatch(/port \d+, on line, 1 connected; 4 patrons, 6 books/);
  expect(said).toContain('  B1  P1  until 2026-12-23  平凡的世界\n');
  expect(said).toContain('loan B2 P2 (no block, of 2026-11-20T09:00:00)');
  expect(await look('/library/items?find=红楼')).toBe('B2  红楼梦  lent to P2\n');
});

it('switches quirks and faults while desks are connected', async () => {
  expect(await post('/library/quirk', { name: 'due-date-iso', on: true })).toContain('quirks: due-date-iso\n');
  expect(await lend('B1')).toContain('|AH2026-12-23|');
  expect(await post('/library/quirk', { name: 'due-date-iso', on: false })).toContain('quirks: none\n');
  const order = { kind: 'resend-wanted', on: true, codes: ['11'], times: 1 };
  expect(await post('/library/fault', order)).toContain('faults: resend-wanted (for 11, 1 times)\n');
  expect(await lend('B2')).toMatch(/^96/);
  expect(await lend('B2')).toMatch(/^121/);
  await post('/library/fault', { kind: 'slow', on: true, afterMs: 5 });
  expect(await post('/library/fault', { kind: 'all', on: false })).toContain('faults: none\n');
  expect(await look('/library/switches')).toMatch(/quirks:\n {2}executes-again +a question[^]*faults:\n {2}slow/);
});

it('pulls the plug and puts it back', async () => {
  expect(await post('/library/plug', { in: false })).toContain('off line');
  await desk.ended();
  expect(await post('/library/plug', { in: true })).toContain('on line');
  desk = await openRawDesk(library.port);
  expect(await lend('B1')).toMatch(/^121/);
});

it('blocks patrons, and adds books', async () => {
  expect(await post('/library/patron', { number: 'P1', blocked: true })).toMatch(/^P1 {2}李华: chargeDenied/);
  expect(await lend('B1')).toMatch(/^120/);
  await post('/library/patron', { number: 'P1', blocked: false });
  expect(await post('/library/items', { barcode: 'B7', title: '边城', callNumber: 'I2/1' })).toBe('B7  边城  I2/1\n');
  expect(await lend('B7')).toMatch(/^121/);
  expect(await post('/library/patron', { number: 'P1' })).toContain('lent: B7\n');
});

it('says what to write instead', async () => {
  await expect(post('/library/quirk', { name: 'polite', on: true })).rejects.toThrow(/executes-again, checksum/);
  await expect(post('/library/fault', { kind: 'smoke', on: true })).rejects.toThrow(/slow, drop-before/);
  await expect(post('/library/fault', { kind: 'slow', on: true, codes: ['98'] })).rejects.toThrow('no request of SIP2');
  await expect(post('/library/patron', { number: 'P9' })).rejects.toThrow('no patron "P9"');
  await expect(post('/library/items', { barcode: 'B1', title: 'x' })).rejects.toThrow('already');
});

it('is refused where there is no library', async () => {
  const without = await ControlApi.start(
    { benches: new Map(), links: new Map(), people: [], rooms: [], library: undefined },
    0,
  );
  await expect(askCampus(without.url, { method: 'GET', path: '/library' })).rejects.toThrow('has no library');
  await without.close();
});
