// SPDX-License-Identifier: Apache-2.0
// The keychain as a student has it, against whole processes: the page in a real browser, the gateway, the corridor's controller and
// the lock in the door. Chosen, confirmed, opened; jammed; out of reach; and what it was opened with, among the own passages.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { Campus } from '../campus/campus.ts';
import { type RoomDoor, setNear, tapAtLock } from '../campus/corridor.ts';
import { freePorts } from '../free-ports.ts';
import { signIn, type Visitor, visit } from '../pass/pass-browser.test-support.ts';
import { requirement } from '../requirements.ts';

const chromium = requirement('chromium', missingForBrowser);
const PATIENCE_MS = 30_000;
const PASSWORD = 'four plain words here';

describe.skipIf(!chromium.available)('a student at the door of a room', { timeout: 120_000 }, () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  let campus: Campus;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-keychain-'));
    cleanups.push(async () => rm(folder, { recursive: true, force: true }));
    const httpPort = await freePorts(1);
    campus = await Campus.start({ dataDir: folder, residents: 8, corridor: true, httpPort });
    cleanups.push(async () => campus.close());
    await campus.furnish();
    await campus.startControllers();
    await campus.locksInForce();
    const browser: Browser = await startBrowser();
    cleanups.push(async () => browser.close());
    visitor = await visit(browser, `http://localhost:${httpPort}`);
    ({ page } = visitor);
    const number = campus.people[0]?.number ?? '';
    const reset = `/v1/people/${number}/account/reset`;
    const { temporaryPassword } = await campus.api.must<{ temporaryPassword: string }>('POST', reset, {});
    await page.goto(visitor.url);
    await signIn(page, number, temporaryPassword);
    await page.locator('input[name=current]').fill(temporaryPassword);
    await page.locator('input[name=next]').fill(PASSWORD);
    await page.locator('input[name=repeat]').fill(PASSWORD);
    await page.locator('form button[type=submit]').click();
    await page.getByRole('link', { name: '钥匙串' }).click();
  }, 180_000);
  afterAll(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const door = () => campus.rooms[0] as RoomDoor;
  const thrown = () => expect.poll(() => door().lock.body.bolt, { timeout: PATIENCE_MS, interval: 50 }).toBe('thrown');
  const choose = () => page.getByRole('button', { name: '开门', exact: true }).click();
  const confirm = () => page.getByRole('button', { name: '确认开门' });
  const says = (text: string) => page.locator('dialog').getByText(text).first().waitFor({ timeout: PATIENCE_MS });
  const finish = () => page.locator('dialog').getByRole('button').last().click();

  test('sees the own room and no other, with its battery', async () => {
    await page.getByText('门锁电量 100%').waitFor();
    expect(await page.getByRole('button', { name: '开门', exact: true }).count()).toBe(1);
    await page.getByText('1号楼 101 室').first().waitFor();
  });

  test('chooses, confirms and is let in, once however often the button is tapped', async () => {
    const { drawn } = door().lock.body;
    await choose();
    await confirm().dblclick();
    await says('门已打开');
    await finish();
    await thrown();
    expect(door().lock.body.drawn).toBe(drawn + 1);
  });

  test('reads that the bolt is jammed, and that the lock was not reached', async () => {
    door().lock.body.setJammed(true);
    await choose();
    await confirm().click();
    await says('锁舌卡住了');
    await finish();
    door().lock.body.setJammed(false);
    const { drawn } = door().lock.body;
    setNear(door(), false);
    await choose();
    await confirm().click();
    await says('没有联系上门锁');
    await finish();
    setNear(door(), true);
    expect(door().lock.body.drawn).toBe(drawn);
  });

  test('finds both ways of opening among the own passages', async () => {
    await thrown();
    expect((await tapAtLock(door(), Buffer.from(campus.people[0]?.uid ?? '', 'hex')))?.outcome).toBe('granted');
    await expect
      .poll(
        async () => {
          await page.goto(`${visitor.url}/pass/passages`);
          await page.getByText('通行记录').first().waitFor();
          await page.waitForTimeout(300);
          return (await page.locator('main').innerText()).replace(/\s+/g, ' ');
        },
        { timeout: PATIENCE_MS, interval: 1_000 },
      )
      .toMatch(/101 室 进 · 校园卡.*101 室 进 · 钥匙串/);
    expect(visitor.faults).toEqual([]);
  });
});
