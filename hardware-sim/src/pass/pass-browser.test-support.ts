// SPDX-License-Identifier: Apache-2.0
// Walks the student pass in a browser as a student does, and reads the code off the screen as a scanner does.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import { codesIn } from '../browser.test-support.ts';

export interface Visitor {
  /** Of the gateway. */
  readonly url: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts and policies, and requests to anywhere else than the gateway. */
  readonly faults: string[];
}

export interface VisitorOptions {
  readonly language?: 'zh-CN' | 'en';
  readonly dark?: boolean;
  readonly width?: number;
  /** Of the text, in percent of the usual size. */
  readonly textPercent?: number;
}

export async function visit(browser: Browser, url: string, options: VisitorOptions = {}): Promise<Visitor> {
  const { language = 'zh-CN', dark = false, width = 390, textPercent = 100 } = options;
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    locale: language,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    isMobile: true,
    hasTouch: true,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Uncaught/i.test(message.text())) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== url) faults.push(`request to ${request.url()}`);
  });
  if (textPercent !== 100) {
    await page.addInitScript(`addEventListener('DOMContentLoaded', () => {
      document.documentElement.style.fontSize = '${textPercent}%';
    })`);
  }
  return { url, context, page, faults };
}

export async function signIn(page: Page, number: string, password: string): Promise<void> {
  await page.locator('input[name=username]').fill(number);
  await page.locator('input[name=password]').fill(password);
  await page.locator('form button[type=submit]').click();
}

/** From the page that asks for it to the code. */
export async function enrol(page: Page, name: string): Promise<void> {
  await page.locator('input[name=phone]').fill(name);
  await page.locator('main .button').first().click();
  await codeShown(page);
}

export const codeShown = async (page: Page): Promise<void> => page.locator('.qr path').waitFor();

/** The digits in a picture of the screen. */
export async function digitsOnScreen(page: Page): Promise<string> {
  let digits: string[] = [];
  // A picture taken while the code changes holds none.
  await expect.poll(async () => (digits = await codesIn(await page.screenshot())).length, { timeout: 10_000 }).toBe(1);
  return digits[0] ?? '';
}

/** The worker has fetched all it keeps. */
export async function worksOffline(page: Page): Promise<void> {
  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
}
