// SPDX-License-Identifier: Apache-2.0
// How the pass looks: usable by everybody on every page in both languages, Chinese drawn as Chinese, nothing cut off on a
// narrow phone or with large text.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFaults, missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { requirement } from '../requirements.ts';
import { type FakeCampus, firstState, NUMBER, PASSWORD, startFakeCampus } from './fake-campus.test-support.ts';
import { enrol, signIn, visit } from './pass-browser.test-support.ts';

const chromium = requirement('chromium', missingForBrowser);
const PAGES = ['', 'answer', 'keys', 'cards', 'passages', 'me', 'phones', 'passkeys', 'password', 'help', 'nothing'];
const LOOKS = [
  { language: 'zh-CN', dark: false, width: 390, textPercent: 100, rules: true },
  { language: 'en', dark: true, width: 360, textPercent: 100, rules: true },
  // The rules hold whatever the size: here only whether everything fits.
  { language: 'zh-CN', dark: true, width: 360, textPercent: 200, rules: false },
  { language: 'en', dark: false, width: 360, textPercent: 200, rules: false },
] as const;

/** Content that reaches beyond the screen's right edge. */
const tooWide = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
/** What is touched and is smaller than a fingertip. */
const tooSmall = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('button, a, input, summary')]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 42)
    .map((one) => one.outerHTML.slice(0, 120))`);

describe.skipIf(!chromium.available)('the looks of the student pass', { timeout: 240_000 }, () => {
  let browser: Browser;
  let campus: FakeCampus;
  beforeAll(async () => {
    browser = await startBrowser();
    campus = await startFakeCampus();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await campus?.close();
  });

  const faultsOf = async (page: Page, rules: boolean, where: string): Promise<string[]> => {
    await page.locator('h1').waitFor();
    await expect.poll(() => page.locator('.waiting').count()).toBe(0);
    const found = (await tooSmall(page)).map((one) => `too small: ${one}`);
    if (rules) found.push(...(await accessibilityFaults(page)));
    if ((await tooWide(page)) > 0) found.push('wider than the screen');
    return found.map((fault) => `${where}: ${fault}`);
  };

  it.each(LOOKS)('are usable by everybody: $language, dark $dark, $width px, text $textPercent %', async (look) => {
    Object.assign(campus, firstState());
    fill(campus);
    const { rules } = look;
    const { context, page, faults } = await visit(browser, campus.url, look);
    await page.goto(campus.url);
    faults.push(...(await faultsOf(page, rules, 'sign in')));
    await signIn(page, NUMBER, 'wrong');
    await page.getByRole('alert').waitFor();
    faults.push(...(await faultsOf(page, rules, 'refused')));
    campus.mustChangePassword = true;
    await signIn(page, NUMBER, PASSWORD);
    await page.locator('input[name=next]').waitFor();
    faults.push(...(await faultsOf(page, rules, 'forced password')));
    campus.mustChangePassword = false;
    await page.reload();
    await page.locator('input[name=phone]').waitFor();
    faults.push(...(await faultsOf(page, rules, 'enrol')));
    await enrol(page, 'x');
    campus.clockMs = 60_000;
    for (const path of PAGES) {
      await page.goto(`${campus.url}/pass/${path}`);
      faults.push(...(await faultsOf(page, rules, path)));
    }
    for (const [path, opener] of SHEETS) {
      await page.goto(`${campus.url}/pass/${path}`);
      await page.locator(opener).first().click();
      await page.locator('dialog[open]').waitFor();
      faults.push(...(await faultsOf(page, rules, `sheet of ${path}`)));
    }
    for (const phone of campus.phones) Object.assign(phone, { state: 'withdrawn', endedAt: new Date().toISOString() });
    await page.goto(`${campus.url}/pass/`);
    await expect.poll(() => page.locator('.qr').count()).toBe(0);
    faults.push(...(await faultsOf(page, rules, 'stopped')));
    expect(faults).toEqual([]);
    await context.close();
  });

  it('draw Chinese as Chinese: every sign another, none the box of a missing one', async () => {
    const { context, page } = await visit(browser, campus.url, { language: 'zh-CN' });
    await page.goto(campus.url);
    await page.locator('h1').waitFor();
    const drawn = await page.evaluate<{ signs: string[]; missing: string }>(DRAW);
    expect(drawn.signs).toHaveLength(12);
    expect(new Set(drawn.signs).size).toBe(12);
    expect(drawn.signs).not.toContain(drawn.missing);
    await context.close();
  });
});

const SHEETS = [
  ['', 'button.place'],
  ['keys', 'main .button'],
  ['cards', '.danger-quiet'],
  ['passages', '.refused'],
  ['phones', '.danger-quiet'],
] as const;

/** Pixels of twelve signs in the page's own font, and of a code point that no font draws. */
const DRAW = `(() => {
  const family = getComputedStyle(document.body).fontFamily;
  const pixels = (sign) => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 40;
    const pen = canvas.getContext('2d');
    pen.font = '32px ' + family;
    pen.fillText(sign, 2, 32);
    return [...pen.getImageData(0, 0, 40, 40).data].filter((_, at) => at % 4 === 3).join();
  };
  return { signs: [...'通行码校园卡我的启用门锁'].map(pixels), missing: pixels('\\u{10fffe}') };
})()`;

function fill(campus: FakeCampus): void {
  const at = new Date().toISOString();
  const place = { portal: 'g', portalName: '一号宿舍楼北门', portalNameEn: 'Dormitory 1, the north gate by the lake' };
  campus.cards = [
    { id: 'c1', ending: '9a3f', class: 'authenticated-card', state: 'active', mayReport: true, mayFind: false },
    { id: 'c2', ending: '01b7', class: 'uid-only', state: 'lost', mayReport: false, mayFind: true },
    { id: 'c3', ending: '77aa', class: 'uid-only', state: 'frozen', mayReport: false, mayFind: false },
  ];
  const door = { building: '1号楼', room: '101', own: true, reachable: true, lastSeenAt: at, reason: null };
  const shut = { bolt: 'thrown', door: 'closed' } as const;
  campus.doors = [
    { ...door, ...shut, portal: 'room-101', name: '101 室', nameEn: 'Room 101', battery: 83, notNow: null },
    {
      ...door,
      ...shut,
      portal: 'laundry',
      name: '洗衣房',
      nameEn: 'Laundry',
      battery: 9,
      notNow: 'nobody-serves-it',
    },
  ];
  campus.passages = [
    { at, ...place, direction: 'in', outcome: 'taken', with: 'code' },
    { at, ...place, direction: 'out', outcome: 'not-taken', with: 'card' },
    { at, ...place, direction: 'in', outcome: 'denied', reason: 'PaymentCodeNotAccepted', with: 'code' },
  ];
  campus.phones = [
    {
      id: 'old',
      name: 'Mate 60',
      algorithm: 'ES256',
      state: 'withdrawn',
      enrolledAt: at,
      endedAt: at,
    },
  ];
}
