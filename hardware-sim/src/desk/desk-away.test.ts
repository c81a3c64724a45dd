// SPDX-License-Identifier: Apache-2.0
// The desk's page where not all is well: without its library, without its controller; what it prints, and what it weighs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
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
  firstState,
  itemOf,
  patronOf,
  scan,
  startFakeDesk,
  visitDesk,
} from './desk-page.test-support.ts';

const chromium = requirement('chromium', missingForBrowser);
const SCRIPT_BYTES = 60_000;
const STYLE_BYTES = 10_000;
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
  const latest = () => page.locator('.latest');

  describe('without the library', () => {
    it('says since when, how old the list is, what waits, and that lines wait', async () => {
      desk.show({
        library: { ...desk.state.library, state: 'offline' },
        uploads: { pending: 2, conflicts: 0, lastAt: null, exported: null },
        items: [itemOf('1', { message: 'lent-offline', pending: true })],
      });
      await expect
        .poll(() => page.locator('.banners').innerText())
        .toMatch(/起没有应答[^]*第 12 版，3 小时前[^]*待上传 2 条/);
      expect(await page.locator('.line .tag').innerText()).toBe('待上传');
      const list = desk.state.list && { ...desk.state.list, refreshBy: 0, hardExpiry: 1 };
      desk.show({ list });
      await until(() => page.locator('.banners').innerText()).toContain('名单已过期');
      desk.show({ list: null });
      await until(() => page.locator('.banners').innerText()).toContain('没有离线名单');
    });

    it('has every conflict decided by a named person, and nothing thrown away by a slip', async () => {
      desk.show({
        uploads: { pending: 1, conflicts: 1, lastAt: null, exported: null },
        conflicts: [conflictOf('41', { suggested: 'settled' })],
      });
      await page.getByText('1 条冲突').click();
      const card = page.locator('.conflict');
      expect(await card.innerText()).toMatch(
        /TP312\/7[^]*借出时间[^]*书在另一位读者名下[^]*2025000777[^]*建议\s*已手工处理/,
      );
      await card.getByRole('button', { name: '已手工处理' }).click();
      await page.getByRole('alert').waitFor();
      await page.locator('input[name=by]').fill('王老师');
      await card.getByRole('button', { name: '作废' }).click();
      await card.getByRole('button', { name: '再按一次确认作废' }).click();
      await acted({ kind: 'decide', conflict: '41', decision: 'discard', by: '王老师' });
    });

    it('exports what waits', async () => {
      await page.keyboard.press('F9');
      for (const format of ['koc', 'csv'] as const) {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.locator(`a[href*=${format}]`).click(),
        ]);
        expect(download.suggestedFilename()).toBe(`circulation.${format}`);
      }
    });

    it('has it confirmed by name, and not by a slip, that a file was imported', async () => {
      await page.keyboard.press('F9');
      desk.show({ uploads: { pending: 3, conflicts: 0, lastAt: null, exported: { count: 2, upTo: 40 } } });
      const block = page.locator('.imported');
      await until(() => block.innerText()).toContain('已导出 2 条，到第 40 条');
      await block.getByRole('button', { name: '文件已导入' }).click();
      await page.getByRole('alert').waitFor();
      await page.locator('input[name=by]').fill('王老师');
      await block.getByRole('button', { name: '文件已导入' }).click();
      await block.getByRole('button', { name: '再按一次确认已导入' }).click();
      await acted({ kind: 'imported', upTo: 40, by: '王老师' });
    });
  });

  describe('without its controller', () => {
    it('says so at once, takes nothing for taken, and is back by itself', async () => {
      desk.show({ patron: patronOf() });
      await page.locator('.who').waitFor();
      await desk.stop();
      await until(() => page.locator('.banners').innerText()).toContain('连接已断开');
      expect(await page.locator('.top .tag').count()).toBe(0);
      await scan(page, 'B9');
      await until(() => latest().innerText()).toContain('没有办理');
      desk.state = { ...firstState(), items: [itemOf('1')] };
      await desk.start();
      await page.locator('.line').waitFor();
      expect(await page.locator('.banners').innerText()).toBe('');
      expect(await page.locator('.who').count()).toBe(0);
    });

    it('says why an unopened browser shows nothing', async () => {
      const other = await browser.newContext({ locale: 'en' });
      const stranger = await other.newPage();
      await stranger.goto(`${desk.url}/desk/`);
      await until(() => stranger.locator('.banners').innerText()).toContain("Open this station's own link");
      await other.close();
    });
  });

  describe('the receipt', () => {
    it('is one sheet of 80 mm, as long as what was done, with nothing of the screen on it', async () => {
      const lengthOf = async (count: number) => {
        const items = Array.from({ length: count }, (_, at) => itemOf(`${count - at}`, { title: `书 ${count - at}` }));
        desk.receipt = { ...desk.receipt, ending: '0123', items };
        const before = await page.evaluate<number>('prints');
        await page.keyboard.press('F8');
        await until(() => page.evaluate('prints')).toBe(before + 1);
        const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
        expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
        const [, width, height] = /MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf) ?? [];
        expect(Number(width) / (72 / 25.4)).toBeCloseTo(80, 0);
        return Number(height);
      };
      const short = await lengthOf(1);
      expect(await lengthOf(12)).toBeGreaterThan(short * 2);
      await page.emulateMedia({ media: 'print' });
      const text = await page.locator('body').innerText();
      expect(text).toMatch(/大学图书馆\s+借还凭条[^]*书 1\n[^]*书 12/);
      expect(text).not.toContain('扫描');
    });
  });

  it('weighs little, and holds no inline script or style, nor the schemas of the contract', () => {
    const assets = readdirSync(join(built.folder, 'assets'));
    const weight = (end: string) =>
      assets
        .filter((name) => name.endsWith(end))
        .reduce(
          (sum, name) => sum + gzipSync(readFileSync(join(built.folder, 'assets', name)), { level: 9 }).length,
          0,
        );
    process.stdout.write(`desk page: ${weight('.js')} bytes of script, ${weight('.css')} of style (gzip)\n`);
    expect(weight('.js')).toBeLessThanOrEqual(SCRIPT_BYTES);
    expect(weight('.css')).toBeLessThanOrEqual(STYLE_BYTES);
    expect(readFileSync(join(built.folder, 'index.html'), 'utf8')).not.toMatch(
      /<script(?![^>]*src=)|<style|style=|\son\w+=/,
    );
    for (const name of assets)
      expect(readFileSync(join(built.folder, 'assets', name), 'utf8')).not.toContain('ZodError');
  });
});
