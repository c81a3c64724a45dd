// SPDX-License-Identifier: Apache-2.0
// The student pass from end to end on whole processes: gateway, gate controller, a phone's browser. The code is read off the
// phone's screen as a scanner reads it and comes in through the serial port; then once more without any network.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { Campus } from '../campus/campus.ts';
import { allEvents, eventsArrived } from '../campus/event-history.ts';
import { freePorts } from '../free-ports.ts';
import {
  codeShown,
  digitsOnScreen,
  enrol,
  signIn,
  type Visitor,
  visit,
  worksOffline,
} from '../pass/pass-browser.test-support.ts';
import { missingForPtyPairs, PtyPair } from '../pty-pair.ts';
import { requirement } from '../requirements.ts';

const chromium = requirement('chromium', missingForBrowser);
const pty = requirement('pty', missingForPtyPairs);
const GATE = 'gate-1';
const OPENS_MS = 5_000;
const STARTED_MS = 30_000;
/** Long enough for a relay that would move after all. */
const STAYS_SHUT_MS = 1_500;
const OWN_PASSWORD = 'four plain words here';

/** As another reader writes the same number. */
const reversed = (uid: string): string => Buffer.from(uid, 'hex').reverse().toString('hex');

/** As a phone's own: kept on it, unlocked by its owner. */
const AUTHENTICATOR = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
} as const;

describe.skipIf(!chromium.available || !pty.available)('a student without a card', { timeout: 120_000 }, () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  let campus: Campus;
  let scanner: PtyPair;
  let browser: Browser;
  let visitor: Visitor;
  let folder = '';
  let temporary = '';
  /** The first code that opened. */
  let spent = '';

  beforeAll(async () => {
    // Where the most is written, the most could leak.
    vi.stubEnv('LATCHKEY_LOG_LEVEL', 'debug');
    folder = await mkdtemp(join(tmpdir(), 'lk-pass-'));
    cleanups.push(async () => rm(folder, { recursive: true, force: true }));
    scanner = await PtyPair.start();
    cleanups.push(async () => scanner.close());
    const httpPort = await freePorts(1);
    const scanners = new Map([[GATE, scanner.path]]);
    campus = await Campus.start({ dataDir: folder, residents: 20, scanners, httpPort });
    cleanups.push(async () => campus.close());
    await campus.furnish();
    await campus.startControllers();
    await campus.listsInForce();
    browser = await startBrowser();
    cleanups.push(async () => browser.close());
    visitor = await visit(browser, `http://localhost:${httpPort}`);
  }, 180_000);
  afterAll(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    vi.unstubAllEnvs();
  });

  const scan = async (digits: string, timeoutMs: number) => {
    const moved = campus.bench(GATE).nextMove('barrier', true, timeoutMs);
    await scanner.send(`${digits}\r`);
    return moved;
  };
  const number = () => campus.people[0]?.number ?? '';

  test('signs in with the password of the office, chooses an own one and enrols the phone', async () => {
    const reset = `/v1/people/${number()}/account/reset`;
    const { temporaryPassword } = await campus.api.must<{ temporaryPassword: string }>('POST', reset, {});
    temporary = temporaryPassword;
    const { page } = visitor;
    await page.goto(visitor.url);
    await signIn(page, number(), temporaryPassword);
    await page.locator('input[name=current]').fill(temporaryPassword);
    await page.locator('input[name=next]').fill(OWN_PASSWORD);
    await page.locator('input[name=repeat]').fill(OWN_PASSWORD);
    await page.locator('form button[type=submit]').click();
    await enrol(page, '我的手机');
    await worksOffline(page);
    await campus.listsInForce();
  });

  test('signs in with a passkey made in the page', async () => {
    const { page, context } = visitor;
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR });
    await page.goto(`${visitor.url}/pass/passkeys`);
    await page.getByRole('button', { name: '添加通行密钥' }).click();
    await page.getByText('尚未使用').waitFor();
    await page.goto(`${visitor.url}/pass/me`);
    await page.getByRole('button', { name: '退出登录' }).click();
    await page.getByRole('button', { name: '使用通行密钥' }).click();
    await page.getByText(number()).waitFor();
    await page.goto(`${visitor.url}/pass/`);
  });

  test('opens the gate with the code on the screen', async () => {
    await codeShown(visitor.page);
    // For some seconds after its start a gate takes no code that may have been used before: people show the next one.
    for (const endMs = performance.now() + STARTED_MS; performance.now() < endMs; ) {
      spent = await digitsOnScreen(visitor.page);
      if ((await scan(spent, OPENS_MS)) !== undefined) return;
    }
    expect.fail('no code opened the gate');
  });

  test('sees the passage in the page', async () => {
    await eventsArrived(campus.api, { device: GATE, type: 'access-granted' }, 1);
    const { page } = visitor;
    await page.goto(`${visitor.url}/pass/passages`);
    await page.getByText('1号楼大门').first().waitFor();
  });

  test('opens it with a new code when the phone has no network and the gateway is stopped', async () => {
    await campus.program('gateway').stop();
    await visitor.context.setOffline(true);
    const { page } = visitor;
    await page.goto(`${visitor.url}/pass/`);
    await codeShown(page);
    const digits = await digitsOnScreen(page);
    expect(digits).not.toBe(spent);
    expect(await scan(digits, OPENS_MS)).toBeDefined();
  });

  test('does not open with the first code once more, and the gate says why', async () => {
    await expect.poll(() => campus.bench(GATE).isReleased(GATE), { timeout: 10_000 }).toBe(false);
    // The gate's clock is the gateway's: that of this process may be ahead of it.
    const sinceMs = Date.now() - 1_000;
    expect(await scan(spent, STAYS_SHUT_MS)).toBeUndefined();
    await campus.startGateway();
    // Too old by now where this machine took its time: then nobody is identified any more.
    const refusals = async () => {
      const denied = await allEvents(campus.api, { device: GATE, type: 'access-denied' });
      const nameless = await allEvents(campus.api, { device: GATE, type: 'code-refused' });
      return [...denied, ...nameless]
        .filter(({ event }) => event.at >= sinceMs)
        .map(({ event }) => 'reason' in event && event.reason);
    };
    const once = [expect.stringMatching(/CodeReplayed|CodeExpired/)];
    await expect.poll(refusals, { timeout: 60_000 }).toEqual(once);
    expect(visitor.faults).toEqual([]);
  });

  test('whose card opens as well, leaves no number, name, code or password in any log of any program', async () => {
    const uid = campus.people[0]?.uid ?? '';
    await campus.bench(GATE).present('gate-1-in', Buffer.from(uid, 'hex'));
    await eventsArrived(campus.api, { device: GATE, type: 'access-granted' }, 3, 60_000);
    const cookies = (await visitor.context.cookies()).map(({ value }) => value);
    const token = (await readFile(campus.credentials.tokenFile, 'utf8')).trim();
    expect(cookies).not.toEqual([]);
    const people = campus.people.flatMap((one) => [one.name, one.uid, reversed(one.uid)]);
    const kept = [temporary, OWN_PASSWORD, spent, token, '我的手机', ...cookies, ...people];
    const secrets = kept.flatMap((secret) => [secret, encodeURIComponent(secret)]);
    expect(secrets.filter((secret) => secret.length < 2)).toEqual([]);
    const logs = (await readdir(folder)).filter((file) => file.endsWith('.log'));
    expect(logs).toEqual(expect.arrayContaining(['gateway.log', `${GATE}.log`, `enroll-${GATE}.log`]));
    for (const file of logs) {
      const text = (await readFile(join(folder, file), 'utf8')).toLowerCase();
      expect(text.length, file).toBeGreaterThan(0);
      // Not the secret: what fails a test is printed.
      const found = secrets.flatMap((secret, index) => (text.includes(secret.toLowerCase()) ? [index >> 1] : []));
      expect(found, file).toEqual([]);
    }
  });
});
