// SPDX-License-Identifier: Apache-2.0
// The machine's Chromium for tests of pages: what is missing to run it, and how to start it.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function missingForBrowser(): string | undefined {
  return PATHS.some((path) => existsSync(path))
    ? undefined
    : 'no Chromium; run: apt-get install chromium fonts-noto-cjk';
}

export async function startBrowser(): Promise<Browser> {
  const executablePath = PATHS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error(missingForBrowser());
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** What axe holds against the page: rule and element. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

/** Texts of the codes in a picture. */
export async function codesIn(picture: Uint8Array): Promise<string[]> {
  const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm');
  const bytes = await readFile(wasm);
  await prepareZXingModule({ overrides: { wasmBinary: Uint8Array.from(bytes).buffer }, fireImmediately: true });
  const codes = await readBarcodes(picture, { formats: ['QRCode'], tryHarder: true });
  return codes.map(({ text }) => text);
}
