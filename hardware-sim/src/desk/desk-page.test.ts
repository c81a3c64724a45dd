// SPDX-License-Identifier: Apache-2.0
// The desk's page at work in a browser: the scanner always lands, a card changes patron at any moment, results are heard and read.
import type { DeskAction } from '@latchkey/protocols/api/desk';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { requirement } from '../requirements.ts';
import {
  buildDeskPage,
  conflictOf,
  type DeskVisit,
  type FakeDesk,
  focusOf,
  itemOf,
  patronOf,
  scan,
  scanAtSpeed,
  startFakeDesk,
  tonesOf,
  visitDesk,
} from './desk-page.test-support.ts';

const chromium = requirement('chromium', missingForBrowser);
const until = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 });

describe.skipIf(!chromium.available)('the page of the desk', { timeout: 60_000 }, () => {
  let browser: Browser;
  let built: Awaited<ReturnType<typeof buildDeskPage>>;
  let desk: FakeDesk;
  let visit: DeskVisit;
  let page: Page;
  beforeAll(async () => {
    browser = await startBrowser();
    built = await buildDeskPage();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await built?.remove();
  });
  beforeEach(async () => {
    desk = await startFakeDesk(built.folder);
    visit = await visitDesk(browser, desk.url);
    page = visit.page;
    await page.locator('input[name=scan]').waitFor();
  });
  afterEach(async () => {
    await visit.context.close();
    await desk.close();
    if (visit.faults.length > 0) throw new Error(visit.faults.join('\n'));
  });

  const acted = (...actions: DeskAction[]) => until(() => desk.acted).toEqual(actions);
  const scanOf = (text: string): DeskAction => ({ kind: 'scan', text });
  const latest = () => page.locator('.latest');

  describe('the one input', () => {
    it('has the focus from the start and after every scan, and is empty for the next', async () => {
      expect(await focusOf(page)).toBe('scan');
      await scan(page, 'B001');
      await scan(page, 'B002');
      await acted(scanOf('B001'), scanOf('B002'));
      expect(await page.locator('input[name=scan]').inputValue()).toBe('');
      expect(await focusOf(page)).toBe('scan');
    });

    it('keeps it whatever is pressed, clicked or changes', async () => {
      desk.show({ patron: patronOf(), items: [itemOf('1')] });
      await page.locator('.line').waitFor();
      const targets = [
        '.taking button >> nth=1',
        '.sound',
        '.languages button >> nth=0',
        '.patron .who',
        '.lines h2',
        '.records',
      ];
      for (const target of targets) {
        await page.locator(target).click();
        expect(await focusOf(page), target).toBe('scan');
      }
      await page.mouse.click(5, 850);
      expect(await focusOf(page)).toBe('scan');
      desk.show({ patron: null, items: [], desk: { ...desk.state.desk, mode: 'self-service' } });
      await page.locator('.kiosk').waitFor();
      await until(() => focusOf(page)).toBe('scan');
    });

    it('keeps it under a finger, and calls up no screen keyboard', async () => {
      const touched = await visitDesk(browser, desk.url, { touch: true, width: 800 });
      desk.show({ desk: { ...desk.state.desk, mode: 'self-service' }, patron: patronOf({ number: null }) });
      await touched.page.locator('.kiosk .finish').waitFor();
      for (const target of ['.taking button >> nth=1', '.finish button >> nth=0', '.step', '.counts']) {
        await touched.page.locator(target).tap();
        expect(await focusOf(touched.page), target).toBe('scan');
      }
      expect(await touched.page.locator('input[name=scan]').getAttribute('inputmode')).toBe('none');
      await touched.context.close();
    });

    it('takes a scan while somebody walks the page with Tab', async () => {
      await page.keyboard.press('Tab');
      expect(await focusOf(page)).toBe('BUTTON');
      await scan(page, 'B003');
      await acted(scanOf('B003'));
      expect(await focusOf(page)).toBe('scan');
    });

    it('takes a scan out of a field that somebody types in', async () => {
      desk.show({ uploads: { ...desk.state.uploads, conflicts: 1 }, conflicts: [conflictOf('41')] });
      await page.keyboard.press('F9');
      await page.locator('input[name=by]').pressSequentially('Wang', { delay: 60 });
      await scanAtSpeed(page, 'B004', 8);
      await acted(scanOf('B004'));
      await until(() => focusOf(page)).toBe('scan');
    });

    it('leaves in that field what a person typed, also with Enter after it', async () => {
      desk.show({ uploads: { ...desk.state.uploads, conflicts: 1 }, conflicts: [conflictOf('41')] });
      await page.keyboard.press('F9');
      await page.locator('input[name=by]').focus();
      await scanAtSpeed(page, 'Wang', 120);
      expect(await page.locator('input[name=by]').inputValue()).toBe('Wang');
      expect(desk.acted).toEqual([]);
    });

    it('takes Tab for the end of a scan, and plain signs for full-width ones', async () => {
      await page.keyboard.type('Ｂ００５');
      await page.keyboard.press('Tab');
      await acted(scanOf('B005'));
    });

    it('reads the keys of a scan while a Chinese input method holds them', async () => {
      const client = await visit.context.newCDPSession(page);
      for (const [key, code] of [
        ['b', 'KeyB'],
        ['7', 'Digit7'],
      ] as const) {
        await client.send('Input.dispatchKeyEvent', {
          type: 'rawKeyDown',
          key: 'Process',
          code,
          windowsVirtualKeyCode: 229,
        });
        await client.send('Input.imeSetComposition', {
          text: key === 'b' ? '不' : '不7',
          selectionStart: 1,
          selectionEnd: 1,
        });
      }
      await client.send('Input.dispatchKeyEvent', {
        type: 'rawKeyDown',
        key: 'Process',
        code: 'Enter',
        windowsVirtualKeyCode: 229,
      });
      await acted(scanOf('b7'));
      await until(() => page.locator('input[name=scan]').inputValue()).toBe('');
    });
  });

  describe('patrons', () => {
    it('change with a card at any moment, in the middle of whatever is open', async () => {
      desk.show({ patron: patronOf({ fees: { amount: '3.00', currency: 'CNY', limit: null } }), items: [itemOf('1')] });
      await page.getByRole('button', { name: '收费' }).click();
      await page.locator('input[name=amount]').fill('9');
      desk.show({ patron: patronOf({ session: 's2', name: '王芳', number: '2026000456' }), items: [] });
      await until(() => page.locator('.who h2').textContent()).toBe('王芳');
      expect(await page.locator('.line').count()).toBe(0);
      expect(await page.locator('input[name=amount]').count()).toBe(0);
      await until(() => focusOf(page)).toBe('scan');
    });

    it('show counts with limits, and blocks in the words of the language', async () => {
      desk.show({
        patron: patronOf({
          mayBorrow: false,
          charged: { count: 10, limit: 10 },
          blocks: [
            { condition: 'tooManyCharged', blocksLoans: true },
            { condition: 'holdDenied', blocksLoans: false },
          ],
        }),
      });
      await until(() => page.locator('.blocks').innerText()).toMatch(/借书册数已满\s+不能预约/);
      expect(await page.locator('.counts').innerText()).toMatch(/在借\s+10 \/ 10 册\s+已满/);
      expect(await page.locator('.who .tag').innerText()).toContain('不能借书');
      await page.getByRole('button', { name: 'English' }).click();
      expect(await page.locator('.blocks').innerText()).toMatch(/Too many items on loan\s+May not place holds/);
    });
  });

  describe('results', () => {
    it('stand newest first, and the last one is large, with words, due date and an icon beside the colour', async () => {
      desk.show({ items: [itemOf('1')] });
      desk.show({ items: [itemOf('2', { title: '呐喊' }), itemOf('1')] });
      await until(() => latest().innerText()).toMatch(/借出成功\s+呐喊\s+应还 2026年12月24日/);
      expect(await page.locator('.line').first().getAttribute('data-item')).toBe('TP312/2');
      expect(await latest().locator('svg').count()).toBe(1);
      desk.show({
        items: [itemOf('3', { colour: 'red', message: 'refused-by-library', detail: '仅供阅览' }), ...desk.state.items],
      });
      await until(() => latest().innerText()).toMatch(/未办理：图书馆系统拒绝[^]*仅供阅览/);
      expect(await latest().locator('.result.bad').count()).toBe(1);
      const open = itemOf('4', { colour: 'amber', message: 'waiting', due: null });
      desk.show({ items: [open, ...desk.state.items] });
      await until(() => latest().locator('.result.open').count()).toBe(1);
    });

    it('sound differently, once each, and not while muted', async () => {
      await page.keyboard.press('Shift');
      await until(() => page.locator('.sound').innerText()).toBe('关闭声音');
      const heard: string[] = [];
      for (const [at, sound] of (['card', 'success', 'attention', 'refusal'] as const).entries()) {
        desk.show({ sound: { seq: at + 1, sound } });
        await until(() => page.evaluate('tones.length')).toBeGreaterThan(0);
        desk.show({});
        heard.push((await tonesOf(page)).join());
      }
      expect(new Set(heard).size).toBe(4);
      expect(heard[1]).toBe('880,1318');
      await page.locator('.sound').click();
      desk.show({ sound: { seq: 9, sound: 'refusal' } });
      desk.show({ notice: { seq: 10, notice: 'card-unknown', colour: 'red', detail: null } });
      await until(() => latest().innerText()).toContain('不认识这张卡');
      expect(await tonesOf(page)).toEqual([]);
    });
  });

  it('asks for a fee beside the input, answered by keys that no scanner types', async () => {
    const prompt = {
      kind: 'fee',
      act: 'loan',
      item: 'DVD',
      fee: { amount: '2.00', currency: 'CNY' },
      detail: null,
    } as const;
    desk.show({ patron: patronOf(), prompt: { ...prompt, line: '7' } });
    await until(() => page.locator('.prompt').innerText()).toContain('CNY 2.00');
    await page.keyboard.press('Enter');
    await scan(page, 'B1');
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Escape');
    const answer = { kind: 'answer-fee', line: '7' } as const;
    await acted(scanOf('B1'), { ...answer, accept: true }, { ...answer, accept: false });
  });

  it('is worked with keys alone', async () => {
    const patron = patronOf();
    const { session } = patron;
    desk.show({ patron, items: [itemOf('1')] });
    await page.locator('.line').waitFor();
    for (const key of ['F2', 'F4', 'F8', 'F9', 'Escape', 'Escape']) await page.keyboard.press(key);
    await acted({ kind: 'taking', taking: 'returns' }, { kind: 'renew-all', session }, { kind: 'end', session });
    await until(() => page.evaluate('prints')).toBe(1);
  });

  it('counts down before it ends a session, and goes on with a key', async () => {
    desk.show({ patron: patronOf(), idle: { endsAt: Date.now() + 9_000 } });
    await until(() => page.locator('.idle').innerText()).toMatch(/8 秒后自动结束/);
    await page.keyboard.press('Shift');
    await page.keyboard.press('Shift');
    await acted({ kind: 'still-here' });
  });
});
