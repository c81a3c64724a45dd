// SPDX-License-Identifier: Apache-2.0
// The keychain page in a real browser: choose a door, confirm, and read what the bolt said, or why not.
import type { MyDoor } from '@latchkey/protocols/api/keychain';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { requirement } from '../requirements.ts';
import { type FakeCampus, firstState, NUMBER, PASSWORD, startFakeCampus } from './fake-campus.test-support.ts';
import { signIn, type Visitor, visit } from './pass-browser.test-support.ts';

const chromium = requirement('chromium', missingForBrowser);

const room = (more: Partial<MyDoor> = {}): MyDoor => ({
  portal: 'room-101',
  name: '101 室',
  nameEn: 'Room 101',
  building: '1号楼',
  room: '101',
  own: true,
  reachable: true,
  lastSeenAt: new Date().toISOString(),
  battery: 83,
  bolt: 'thrown',
  door: 'closed',
  notNow: null,
  reason: null,
  ...more,
});

describe.skipIf(!chromium.available)('the keychain in a browser', { timeout: 60_000 }, () => {
  let browser: Browser;
  let campus: FakeCampus;
  let visitor: Visitor;
  let page: Page;
  beforeAll(async () => {
    browser = await startBrowser();
    campus = await startFakeCampus();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await campus?.close();
  });
  beforeEach(async () => {
    Object.assign(campus, firstState());
    campus.doors = [room()];
    visitor = await visit(browser, campus.url);
    ({ page } = visitor);
    await page.goto(campus.url);
    await signIn(page, NUMBER, PASSWORD);
    await page.locator('input[name=phone]').waitFor();
    await page.getByRole('link', { name: '钥匙串' }).click();
  });
  afterEach(async () => {
    await visitor.context.close();
    if (visitor.faults.length > 0) throw new Error(visitor.faults.join('\n'));
  });

  const choose = () => page.getByRole('button', { name: '开门', exact: true }).click();
  const confirm = () => page.getByRole('button', { name: '确认开门' }).click();
  const says = (text: string) => page.locator('dialog').getByText(text).first().waitFor();

  it('shows a door with its battery and when it was seen, and opens it in two taps', async () => {
    await page.getByText('门锁电量 83%').waitFor();
    campus.openings = [
      { state: 'waiting', reason: null },
      { state: 'opening', reason: null },
      { state: 'opened', reason: null },
    ];
    await choose();
    await confirm();
    await says('门已打开');
    await says('用时 0.8 秒');
    expect(campus.confirmed).toHaveLength(1);
    await page.getByRole('button', { name: '完成' }).click();
    await expect.poll(() => page.locator('dialog').count()).toBe(0);
  });

  it('taps in a hurry are one opening; another one has a number of its own', async () => {
    campus.openings = [
      { state: 'opening', reason: null },
      { state: 'jammed', reason: null },
    ];
    await choose();
    const button = page.getByRole('button', { name: '确认开门' });
    await button.evaluate((element) => {
      for (let tap = 0; tap < 5; tap += 1) (element as unknown as { click(): void }).click();
    });
    await says('锁舌卡住了');
    expect(campus.confirmed).toHaveLength(1);
    await page.getByRole('button', { name: '再试一次' }).click();
    await expect.poll(() => campus.confirmed.length).toBe(2);
    expect(new Set(campus.confirmed).size).toBe(2);
  });

  it.each([
    [{ state: 'not-reached', reason: null }, '没有联系上门锁'],
    [{ state: 'expired', reason: null }, '已超时'],
    [{ state: 'refused', reason: 'privacy' }, '房间里有人设置了免打扰'],
    [{ state: 'refused', reason: 'something-new' }, '没有开门'],
  ] as const)('says %j in words', async (opening, words) => {
    campus.openings = [{ ...opening }];
    await choose();
    await confirm();
    await says(words);
  });

  it('offers no opening of a door that cannot be opened now, and says why', async () => {
    campus.doors = [room({ notNow: 'nobody-serves-it', reachable: false })];
    await page.reload();
    await page.getByText('走廊设备暂时连不上网络').waitFor();
    expect(await page.getByRole('button', { name: '开门', exact: true }).count()).toBe(0);
    // It comes back while somebody looks.
    campus.doors = [room()];
    await page.getByRole('button', { name: '开门', exact: true }).waitFor({ timeout: 10_000 });
  });

  it('without a network says so, and does not guess whether a door opened', async () => {
    campus.openings = [{ state: 'opening', reason: null }];
    await choose();
    await confirm();
    await says('正在开门');
    await visitor.context.setOffline(true);
    await page.locator('dialog').getByText('结果未知').first().waitFor({ timeout: 30_000 });
  });
});
