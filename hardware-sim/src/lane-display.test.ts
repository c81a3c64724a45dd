// SPDX-License-Identifier: Apache-2.0
// A lane's display in a real browser: what people read, on both sizes of screen, and what it does when the controller goes.
import { LaneDisplay } from '@latchkey/controller/adapters/lane-display';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { lanePage } from '@latchkey/controller/app/worker-file';
import { REASON_WORDS } from '@latchkey/controller/core/lane-words';
import { createLaneScreens, type LaneScreens } from '@latchkey/controller/roles/lane-screens';
import { portalId } from '@latchkey/protocols/ids';
import { REASONS } from '@latchkey/protocols/mqtt/reasons';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessibilityFaults, codesIn, missingForBrowser, startBrowser } from './browser.test-support.ts';
import { requirement } from './requirements.ts';

const chromium = requirement('chromium', missingForBrowser);
const LANE = portalId.parse('gate-1');
const SIZES = [
  { width: 1_024, height: 600 },
  { width: 480, height: 800 },
];
const CHALLENGE = 'LKD1:q83vASNFZ4mrze8B';

describe.skipIf(!chromium.available)("a lane's display in a browser", () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let display: LaneDisplay;
  let screens: LaneScreens;
  let challenge: string | undefined;
  let faults: string[];

  const serve = async (port: number) =>
    LaneDisplay.start({
      port,
      host: '127.0.0.1',
      page: lanePage(),
      clock: systemClock,
      view: (direction) => screens.view(LANE, direction),
      challenge: () => (challenge === undefined ? undefined : { text: challenge, expiresMs: 30_000 }),
    });
  const title = async () => page.locator('#zh-title').textContent();
  const state = async () => page.locator('html').getAttribute('data-state');
  const open = async (direction: string, size = SIZES[0] as { width: number; height: number }) => {
    await page.setViewportSize(size);
    await page.goto(`http://127.0.0.1:${display.port}/${direction}`);
    await expect.poll(state).not.toBe('offline');
  };
  const tell = async (signal: Parameters<LaneScreens['tell']>[2]) => {
    screens.tell(LANE, 'in', signal);
    const kind = signal.kind === 'held-open' ? `held-${signal.stage}` : signal.kind;
    await page.waitForSelector(`html[data-state="${kind}"]`);
    if (signal.kind === 'refused')
      await page.getByText(REASON_WORDS[signal.reason].zh.title, { exact: true }).waitFor();
  };
  const overflow = async (): Promise<number[]> =>
    page
      .locator('html')
      .evaluate((root) => [root.scrollWidth - root.clientWidth, root.scrollHeight - root.clientHeight]);

  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => browser.close());
  beforeEach(async () => {
    challenge = undefined;
    faults = [];
    screens = createLaneScreens({
      portals: [LANE],
      clock: systemClock,
      show: (_, direction, view) => display.show(direction, view),
    });
    display = await serve(0);
    context = await browser.newContext();
    page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') faults.push(line.text());
    });
  });
  afterEach(async () => {
    await context.close();
    screens.close();
    await display.close();
  });

  it('shows what is told for its direction, and returns to the quiet picture', async () => {
    await open('in');
    expect(await title()).toBe('请刷卡或扫码');
    await tell({ kind: 'checking' });
    screens.tell(LANE, 'out', { kind: 'unreadable' });
    await tell({ kind: 'granted' });
    expect(await title()).toBe('请通行');
    expect(await page.locator('#en-title').textContent()).toBe('Please pass');
    await expect.poll(title, { timeout: 5_000 }).toBe('请刷卡或扫码');
    expect(faults).toEqual([]);
  });

  it.each(SIZES)('fits every text on $width×$height', { timeout: 60_000 }, async (size) => {
    challenge = CHALLENGE;
    await open('in', size);
    await page.waitForSelector('#challenge-code', { state: 'visible' });
    for (const reason of REASONS) {
      await tell({ kind: 'refused', reason });
      expect([reason, ...(await overflow())]).toEqual([reason, 0, 0]);
    }
    await tell({ kind: 'unreadable' });
    expect(await overflow()).toEqual([0, 0]);
  });

  it('has nothing that axe objects to, whatever it shows', { timeout: 60_000 }, async () => {
    challenge = CHALLENGE;
    await open('in');
    expect(await accessibilityFaults(page)).toEqual([]);
    await tell({ kind: 'refused', reason: 'CodeClockUnsure' });
    expect(await accessibilityFaults(page)).toEqual([]);
    await tell({ kind: 'granted' });
    expect(await accessibilityFaults(page)).toEqual([]);
    await tell({ kind: 'unreadable' });
    expect(await accessibilityFaults(page)).toEqual([]);
    await tell({ kind: 'checking' });
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('draws Chinese glyphs, not boxes', async () => {
    await open('in');
    const picture = async (text: string) => {
      await page.locator('#zh-title').evaluate((element, text) => (element.textContent = text), text);
      return (await page.locator('#zh-title').screenshot()).toString('base64');
    };
    const boxes = await picture('\uE123');
    const drawn = [await picture('请'), await picture('通'), await picture('行')];
    expect(new Set([boxes, ...drawn]).size).toBe(4);
  });

  it("shows the gate's challenge as a code that a phone reads", async () => {
    challenge = CHALLENGE;
    for (const size of SIZES) {
      await open('in', size);
      await page.waitForSelector('#challenge-code', { state: 'visible' });
      await expect.poll(async () => codesIn(await page.screenshot())).toEqual([CHALLENGE]);
    }
  });

  it('says that it is not connected when the controller is gone, and is back by itself', async () => {
    challenge = CHALLENGE;
    await open('in');
    const { port } = display;
    await display.close();
    await expect.poll(title).toBe('显示屏未连接');
    await expect.poll(async () => page.locator('#challenge').isVisible()).toBe(false);
    display = await serve(port);
    await expect.poll(title, { timeout: 10_000 }).toBe('请刷卡或扫码');
  });
});
