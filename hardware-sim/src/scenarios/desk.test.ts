// SPDX-License-Identifier: Apache-2.0
// A library desk with real parts: a card under the real pcscd, the shipped controller, a library over TCP, and the page in Chromium
// with a scanner that types. The gateway is gone throughout; the library's plug is pulled and put back.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layFolder, makeCampus, policyFor, uidOf } from '@latchkey/controller/app/campus.test-support';
import { stationLink } from '@latchkey/controller/app/desk-link';
import { sealBorrowers } from '@latchkey/protocols/authorization/borrowers';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { sipDateAt } from '@latchkey/protocols/sip2/sip-date';
import type { Browser, Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { focusOf, scan } from '../desk/desk-page.test-support.ts';
import { type DeskProcess, startDeskProcess } from '../desk/desk-process.ts';
import { freePorts } from '../free-ports.ts';
import { toldAsStored } from '../library/library.test-support.ts';
import { type SimulatedLibrary, startSimulatedLibrary } from '../library/simulated-library.ts';
import { NetworkLink } from '../network.ts';
import { missingForPcscd, Pcscd } from '../pcscd.ts';
import { PcscdHand } from '../pcscd-hand.ts';
import { requirement } from '../requirements.ts';

const chromium = requirement('chromium', missingForBrowser);
const pcsc = requirement('pcsc', missingForPcscd);
const PORTAL = 'library-desk';
const READER = 'card';
const LIHUA = { card: uidOf(0), number: '2026001' };
const WANGFANG = { card: uidOf(1), number: '2026002' };
/** Its clock is the library's own business: 30 days on is 22 December. */
const LIBRARY_DAY = Date.parse('2026-11-22T04:00:00Z');
const until = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

describe.skipIf(!chromium.available || !pcsc.available)('a library desk', { timeout: 120_000 }, () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  let library: SimulatedLibrary;
  let plug: NetworkLink;
  let hand: PcscdHand;
  let desk: DeskProcess;
  let page: Page;
  const faults: string[] = [];

  /** `change`: of the desk's wiring. */
  async function open(change: object = {}): Promise<void> {
    const dataDir = await mkdtemp(join(tmpdir(), 'lk-desk-page-'));
    const pcscd = await Pcscd.start();
    const reader = pcscd.readers[0];
    if (reader === undefined) throw new Error('pcscd has no reader');
    hand = new PcscdHand(new Map([[READER, reader]]));
    library = await startSimulatedLibrary({
      policies: { takesAnything: true },
      clock: { now: () => LIBRARY_DAY },
      faults: [{ kind: 'slow', beforeMs: 5, afterMs: 5 }],
    });
    plug = await NetworkLink.start({ host: '127.0.0.1', port: library.port });
    const pagePort = await freePorts(1);
    cleanups.push(
      () => rm(dataDir, { recursive: true, force: true }),
      () => pcscd.close(),
      () => library.close(),
      () => plug.close(),
    );
    await lay(dataDir, { match: reader.name, pagePort, libraryPort: plug.port, change });
    desk = await startDeskProcess({ dataDir, pagePort }, pcscd.env);
    cleanups.push(() => desk.kill());
    page = await openPage(await startBrowser(), dataDir);
    await says('.top h1').toBe('一号台');
  }
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    if (faults.length > 0) throw new Error(faults.splice(0).join('\n'));
  });

  async function openPage(browser: Browser, dataDir: string): Promise<Page> {
    cleanups.push(() => browser.close());
    // Days are those of the campus, whatever zone the desk's machine is set to.
    const machine = { locale: 'zh-CN', timezoneId: 'America/New_York' };
    const context = await browser.newContext({ ...machine, viewport: { width: 1280, height: 860 } });
    const made = await context.newPage();
    made.on('pageerror', (error) => faults.push(error.message));
    const link = await stationLink(dataDir);
    if (!link.ok) throw new Error(link.code);
    await made.goto(link.value);
    await made.locator('input[name=scan]').waitFor();
    return made;
  }

  const says = (selector: string) => until(() => page.locator(selector).first().innerText());
  const lines = () =>
    page
      .locator('.line')
      .evaluateAll((all) =>
        all.map((line) => `${line.getAttribute('data-item')} ${line.getAttribute('data-message')}`),
      );
  const lent = () => [...library.lent].map(([item, patron]) => `${item} ${patron}`);

  it('lends three, takes one back, goes on without its library, and tells it of both loans', async () => {
    await open();
    await says('.top .tag').toContain('在线');
    await hand.present(READER, LIHUA.card);
    await says('.who').toContain(LIHUA.number);
    await says('.who .tag').toBe('可以借书');
    for (const book of ['B001', 'B002', 'B003']) await scan(page, book);
    await until(lines).toEqual(['B003 lent', 'B002 lent', 'B001 lent']);
    expect(await page.locator('.line .due').first().innerText()).toContain('2026年12月22日');
    await page.locator('.line[data-item=B001]').getByRole('button', { name: /^续借/ }).click();
    await until(async () => (await lines())[0]).toBe('B001 renewed');
    expect(await focusOf(page)).toBe('scan');
    await page.keyboard.press('F2');
    await until(() => page.locator('.taking [aria-pressed=true]').innerText()).toContain('还书');
    await scan(page, 'B002');
    await until(lines).toContain('B002 returned');
    expect(lent()).toEqual([`B001 ${LIHUA.number}`, `B003 ${LIHUA.number}`]);
    await page.keyboard.press('F2');
    await until(() => page.locator('.taking [aria-pressed=true]').innerText()).toContain('借书');

    const cutAt = Date.now();
    plug.cut();
    await says('.banners').toMatch(/没有应答[^]*离线名单第 1 版[^]*2 位读者[^]*没有待上传/);
    for (const book of ['B004', 'B005']) await scan(page, book);
    await until(async () => (await lines()).slice(0, 2)).toEqual(['B005 lent-offline', 'B004 lent-offline']);
    await says('.banners').toContain('待上传 2 条');
    expect(await page.locator('.line .tag', { hasText: '待上传' }).count()).toBe(2);
    expect(lent()).toHaveLength(2);

    const shownDue = await page.locator('.line .due').first().innerText();
    const backAt = Date.now();
    plug.restore();
    await until(lent).toEqual(['B001', 'B003', 'B004', 'B005'].map((book) => `${book} ${LIHUA.number}`));
    await says('.top .tag').toContain('在线');
    await until(() => page.locator('.line .tag').count()).toBe(0);
    await page.keyboard.press('F9');
    await says('.conflicts .facts').toContain('没有待上传');
    await says('.conflicts').toContain('没有冲突');
    expect(library.transactions.map(({ kind, item, noBlock }) => `${kind} ${item}${noBlock ? ' stored' : ''}`)).toEqual(
      ['loan B001', 'loan B002', 'loan B003', 'renewal B001', 'return B002', 'loan B004 stored', 'loan B005 stored'],
    );
    // Told when it was lent and until when, as the page has it, and only what the library did not hear of.
    const told = toldAsStored(library);
    expect(told.map(({ code, item, patron }) => `${code} ${item} ${patron}`)).toEqual([
      `11 B004 ${LIHUA.number}`,
      `11 B005 ${LIHUA.number}`,
    ]);
    for (const { atMs, dueMs } of told) {
      expect(atMs).toBeGreaterThanOrEqual(Math.floor(cutAt / 1_000) * 1_000);
      expect(atMs).toBeLessThanOrEqual(backAt);
      expect(shownDue).toContain(sipDateAt(dueMs ?? 0, library.policy.timeZone).local.slice(0, 4));
      expect(shownDue).toContain(`${Number(sipDateAt(dueMs ?? 0, library.policy.timeZone).local.slice(8, 10))}日`);
    }
  });

  it('takes up another patron at any moment, known by the list where the library is away', async () => {
    await open();
    await says('.top .tag').toContain('在线');
    await hand.present(READER, LIHUA.card);
    await says('.who').toContain(LIHUA.number);
    await scan(page, 'B001');
    await until(lines).toEqual(['B001 lent']);
    plug.cut();
    await says('.banners').toContain('没有应答');
    await page.keyboard.press('F9');
    await hand.present(READER, WANGFANG.card);
    await says('.who').toMatch(/2026002[^]*Students[^]*来自离线名单/);
    expect(await lines()).toEqual([]);
    expect(await focusOf(page)).toBe('scan');
    await scan(page, 'B002');
    await until(lines).toEqual(['B002 lent-offline']);
    plug.restore();
    await until(lent).toEqual([`B001 ${LIHUA.number}`, `B002 ${WANGFANG.number}`]);
  });

  it('brings what another desk did meanwhile before a person, who decides by name', async () => {
    await open();
    await says('.top .tag').toContain('在线');
    await hand.present(READER, LIHUA.card);
    await says('.who').toContain(LIHUA.number);
    plug.cut();
    await says('.banners').toContain('没有应答');
    await lendElsewhere(library.port, 'B001', WANGFANG.number);
    await scan(page, 'B001');
    await until(lines).toEqual(['B001 lent-offline']);
    plug.restore();
    await says('.records').toContain('1 条冲突');
    await page.keyboard.press('F9');
    await says('.conflict').toMatch(/借出[^]*B001[^]*2026001[^]*书在另一位读者名下[^]*建议/);
    await page.locator('input[name=by]').fill('王老师');
    await page.locator('.conflict').getByRole('button', { name: '已手工处理' }).click();
    await says('.conflicts').toContain('没有冲突');
    expect(lent()).toEqual([`B001 ${WANGFANG.number}`]);
  });

  it("serves patrons by themselves, shows nobody's number, and ends a session that was left", async () => {
    await open({ mode: 'self-service', idle: { warnMs: 5_000, endMs: 11_000 } });
    await says('.step').toContain('请刷校园卡');
    await hand.present(READER, LIHUA.card);
    await says('.step').toContain('您好');
    await scan(page, 'B001');
    await until(lines).toEqual(['B001 lent']);
    expect(await page.locator('body').innerText()).not.toContain(LIHUA.number);
    await says('.idle').toMatch(/秒后自动结束/);
    await page.locator('.idle .button').click();
    await until(() => page.locator('.idle').count()).toBe(0);
    await says('.idle').toMatch(/秒后自动结束/);
    await says('.step').toContain('请刷校园卡');
    await says('.latest').toContain('无人操作');
    expect(await lines()).toEqual([]);
    expect(await focusOf(page)).toBe('scan');
  });

  it('says at once that its program is gone', async () => {
    await open();
    await says('.top .tag').toContain('在线');
    await desk.kill();
    await says('.banners').toContain('连接已断开');
    await scan(page, 'B001');
    await says('.latest').toContain('没有办理');
    expect(lent()).toEqual([]);
  });
});

/** What a desk of another branch does meanwhile. */
async function lendElsewhere(port: number, item: string, patron: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const answered = once(socket, 'data');
  socket.write(`11YN20261123    101500${' '.repeat(18)}AOLIB|AA${patron}|AB${item}|AC|\r`);
  const [answer] = (await answered) as [Buffer];
  socket.destroy();
  if (!answer.toString().startsWith('121')) throw new Error(`not lent: ${answer.toString()}`);
}

interface Place {
  readonly match: string;
  readonly pagePort: number;
  readonly libraryPort: number;
  readonly change: object;
}

/** A folder as enrolment leaves it, with a signed list of two who may borrow. */
async function lay(dataDir: string, { match, pagePort, libraryPort, change }: Place): Promise<void> {
  const campus = await makeCampus();
  const borrowers = sealBorrowers(
    [LIHUA, WANGFANG].map(({ card, number }) => ({ id: cardId(card), number })),
    campus.scopePrf,
  );
  const loans = { group: 'Students', limit: 5, days: 30 };
  const policyDocument = policyFor([PORTAL], {
    profiles: [{ kind: 'resident', rules: [{ portals: [0], schedule: 0 }], loans }],
    ...(borrowers && { borrowers }),
  });
  await layFolder(dataDir, campus, {
    list: await campus.list(2, { policyDocument }),
    wiring: {
      readers: [{ name: READER, kind: 'pcsc', match }],
      panel: { kind: 'none' },
      portals: [],
      desk: {
        portal: PORTAL,
        name: '一号台',
        readers: [READER],
        page: { port: pagePort },
        library: { host: '127.0.0.1', port: libraryPort, charset: 'utf-8' },
        ...change,
      },
    },
  });
}
