// SPDX-License-Identifier: Apache-2.0
// How the desk looks: no rule of axe broken on any screen in either language, light and dark; everything to touch large enough, in
// self-service for a thumb; nothing wider than the screen, with large text too.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFaults, missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { requirement } from '../requirements.ts';
import {
  buildDeskPage,
  conflictOf,
  type FakeDesk,
  firstState,
  itemOf,
  patronOf,
  startFakeDesk,
  visitDesk,
} from './desk-page.test-support.ts';

const chromium = requirement('chromium', missingForBrowser);
const COUNTER_PX = 42;
const THUMB_PX = 44;

const tooWide = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
const tooSmall = (page: Page, least: number): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('button, a, input')]
    .filter((one) => one.checkVisibility())
    .filter((one) => Math.min(one.getBoundingClientRect().height, one.getBoundingClientRect().width) < ${least})
    .map((one) => 'too small: ' + one.outerHTML.slice(0, 120))`);

/** Everything a counter may have to show, one after the other. */
const SCREENS: Readonly<Record<string, (desk: FakeDesk) => void>> = {
  empty: () => undefined,
  patron: (desk) =>
    desk.show({
      patron: patronOf({
        blocks: [
          { condition: 'excessiveFees', blocksLoans: true },
          { condition: 'renewalDenied', blocksLoans: false },
        ],
        charged: { count: 10, limit: 10 },
        fees: { amount: '12.50', currency: 'CNY', limit: '50.00' },
        holdsWaiting: ['平凡的世界 (I247/12)'],
        message: '请尽快归还逾期图书',
      }),
      items: [
        itemOf('5', {
          act: 'return',
          message: 'returned-for-hold',
          colour: 'amber',
          due: null,
          holdFor: '4471',
          sortBin: '3',
        }),
        itemOf('4', { message: 'refused-by-library', colour: 'red', due: null, detail: 'For use in the library only' }),
        itemOf('3', { message: 'waiting', colour: 'amber', due: null, title: null }),
        itemOf('2'),
      ],
    }),
  'fee and idle': (desk) =>
    desk.show({
      prompt: {
        kind: 'fee',
        line: '6',
        act: 'loan',
        item: 'DVD-9',
        fee: { amount: '2.00', currency: 'CNY' },
        detail: null,
      },
      idle: { endsAt: Date.now() + 30_000 },
    }),
  offline: (desk) =>
    desk.show({
      prompt: null,
      idle: null,
      library: { ...desk.state.library, state: 'offline', takesStored: false },
      uploads: { pending: 5, conflicts: 2, lastAt: Date.now(), exported: { count: 3, upTo: 40 } },
      patron: patronOf({ source: 'list', name: null, overdue: { count: null, limit: null } }),
      items: [itemOf('8', { message: 'lent-offline', pending: true, title: null })],
      conflicts: [conflictOf('41'), conflictOf('43', { act: 'return', patron: null, due: null, holder: 'nobody' })],
    }),
};

const LOOKS = [
  { language: 'zh-CN', dark: false, width: 1280, height: 800, textPercent: 100 },
  { language: 'en', dark: true, width: 1024, height: 768, textPercent: 100 },
  { language: 'en', dark: false, width: 800, height: 1000, textPercent: 200 },
] as const;

describe.skipIf(!chromium.available)('the looks of the desk', { timeout: 120_000 }, () => {
  let browser: Browser;
  let built: Awaited<ReturnType<typeof buildDeskPage>>;
  let desk: FakeDesk;
  beforeAll(async () => {
    browser = await startBrowser();
    built = await buildDeskPage();
    desk = await startFakeDesk(built.folder);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await desk?.close();
    await built?.remove();
  });

  const faultsOf = async (page: Page, where: string, least: number): Promise<string[]> => {
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    const found = [...(await tooSmall(page, least)), ...(await accessibilityFaults(page))];
    if ((await tooWide(page)) > 0) found.push('wider than the screen');
    return found.map((fault) => `${where}: ${fault}`);
  };
  const open = async (look: (typeof LOOKS)[number], touch: boolean) => {
    const visit = await visitDesk(browser, desk.url, { ...look, touch });
    await visit.page.locator('input[name=scan]').waitFor();
    await visit.page.evaluate(`document.documentElement.style.fontSize = '${look.textPercent}%'`);
    return visit;
  };
  const shown = (page: Page) => expect.poll(() => page.evaluate('document.title')).not.toBe('');

  it.each(LOOKS)('are usable by everybody at the counter: $language, dark $dark, text $textPercent %', async (look) => {
    desk.state = firstState();
    const { context, page, faults } = await open(look, false);
    for (const [name, show] of Object.entries(SCREENS)) {
      show(desk);
      await shown(page);
      faults.push(...(await faultsOf(page, name, COUNTER_PX)));
    }
    await page.keyboard.press('F9');
    await page.locator('.conflict').first().waitFor();
    faults.push(...(await faultsOf(page, 'conflicts', COUNTER_PX)));
    expect(faults).toEqual([]);
    await context.close();
  });

  it.each(LOOKS)(
    'are usable by everybody in self-service: $language, dark $dark, text $textPercent %',
    async (look) => {
      desk.state = {
        ...firstState(),
        desk: { name: '自助一号', mode: 'self-service', taking: 'loans', timeZone: 'Asia/Shanghai' },
      };
      const { context, page, faults } = await open(look, true);
      for (const [name, show] of Object.entries(SCREENS)) {
        show(desk);
        desk.show({ conflicts: [] });
        await shown(page);
        faults.push(...(await faultsOf(page, name, THUMB_PX)));
      }
      expect(await page.locator('input[name=scan]').getAttribute('inputmode')).toBe('none');
      expect(await page.locator('body').innerText()).not.toMatch(/F\d|Esc|Ctrl/);
      expect(faults).toEqual([]);
      await context.close();
    },
  );

  it('are honest while the controller is away', async () => {
    desk.state = firstState();
    const { context, page, faults } = await open(LOOKS[0], false);
    SCREENS['patron']?.(desk);
    await desk.stop();
    await page.locator('.desk[data-stale]').waitFor();
    faults.push(...(await faultsOf(page, 'lost', COUNTER_PX)));
    expect(faults).toEqual([]);
    await desk.start();
    await context.close();
  });
});
