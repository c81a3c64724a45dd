// SPDX-License-Identifier: Apache-2.0
// A lane without any network: codes through a pseudo-terminal and the real serialport into a whole controller, its relay on the
// bench, its display in a real browser. The gate's clock was never told the time, so a phone answers the code on the display.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteJournal } from '@latchkey/controller/adapters/sqlite-journal';
import {
  CAMPUS_ID,
  type Campus,
  layFolder,
  makeCampus,
  PORTAL,
  policyFor,
} from '@latchkey/controller/app/campus.test-support';
import { dataFolder } from '@latchkey/controller/app/data-folder';
import { SILENT } from '@latchkey/controller/app/log';
import { type Controller, startController } from '@latchkey/controller/app/start-controller';
import { workerFile } from '@latchkey/controller/app/worker-file';
import { parseWiring, type Wiring } from '@latchkey/controller/core/wiring';
import { phoneId } from '@latchkey/protocols/authorization/credential-id';
import { NO_END } from '@latchkey/protocols/authorization/record';
import {
  answerChallenge,
  generatePhoneKeys,
  makeCode,
  type PhoneKey,
  phoneKeyOf,
} from '@latchkey/protocols/codes/make-code';
import { readChallenge } from '@latchkey/protocols/codes/pass-code';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchLayout } from '../bench-layout.ts';
import { BenchServer } from '../bench-server.ts';
import { codesIn, missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { DoorBench } from '../door-bench.ts';
import { freePorts } from '../free-ports.ts';
import { missingForPtyPairs, PtyPair } from '../pty-pair.ts';
import { requirement } from '../requirements.ts';

const pty = requirement('pty', missingForPtyPairs);
const chromium = requirement('chromium', missingForBrowser);
const ZONE = 12;
const UNIONPAY = '6212345678901234567';
const plan = () => ({ campusId: CAMPUS_ID, zone: ZONE, timeMs: Date.now() });

function wiringOf(socket: string, paths: readonly [string, string], port: number): Wiring {
  const wiring = parseWiring({
    readers: [
      { name: 'high', kind: 'serial', path: paths[0] },
      { name: 'low', kind: 'serial', path: paths[1], encoding: 'gbk', terminator: 'crlf' },
    ],
    panel: { kind: 'simulated', socket },
    portals: [
      {
        id: PORTAL,
        lock: { output: 'barrier', fail: 'secure' },
        readers: [{ name: 'high' }, { name: 'low' }],
        feedback: { in: { refused: { output: 'red', pulses: { onMs: 100 } } } },
        display: { port },
      },
    ],
  });
  if (!wiring.ok) throw new Error(wiring.detail);
  return wiring.value;
}

const answers = async (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

async function listWith(campus: Campus, { algorithm, publicKey }: PhoneKey) {
  const entries = {
    ids: phoneId(algorithm, publicKey),
    profiles: new Uint16Array(1),
    flags: new Uint8Array(1),
    classes: new Uint8Array(1),
    until: new Uint32Array(1).fill(NO_END),
  };
  return campus.list(1, { entries, policyDocument: { ...policyFor(), zone: ZONE } });
}

describe.skipIf(!pty.available || !chromium.available)('a lane with scanners and a display', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  let folder: string;
  let bench: DoorBench;
  let high: PtyPair;
  let low: PtyPair;
  let phone: PhoneKey;
  let page: Page;
  let controller: Controller;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-lane-'));
    cleanups.push(async () => rm(folder, { recursive: true, force: true }));
    [high, low] = [await PtyPair.start(), await PtyPair.start()];
    cleanups.push(
      async () => high.close(),
      async () => low.close(),
    );
    const socket = join(folder, 'bench.sock');
    const port = await freePorts(1);
    const wiring = wiringOf(socket, [high.path, low.path], port);
    bench = new DoorBench({ layout: benchLayout(wiring) });
    cleanups.push(async () => bench.close());
    const server = await BenchServer.start({ listen: socket, benches: new Map([['gate-1', bench]]) });
    cleanups.push(async () => server.close());
    const campus = await makeCampus();
    phone = await phoneKeyOf(await generatePhoneKeys());
    const dataDir = join(folder, 'controller');
    await layFolder(dataDir, campus, { list: await listWith(campus, phone), wiring });
    controller = await startController({ dataDir, software: 'test', log: SILENT });
    cleanups.push(async () => controller.close());
    const browser: Browser = await startBrowser();
    cleanups.push(async () => browser.close());
    page = await browser.newPage({ viewport: { width: 1_024, height: 600 } });
    // The display is opened in its own time.
    for (; !(await answers(`http://127.0.0.1:${port}/in`)); ) await new Promise((resolve) => setTimeout(resolve, 50));
    await page.goto(`http://127.0.0.1:${port}/in`);
    await page.waitForSelector('html[data-state="waiting"]');
  }, 60_000);
  afterAll(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const title = async () => page.locator('#zh-title').textContent();
  const until = (text: string) => expect.poll(title, { timeout: 15_000 }).toBe(text);

  it('refuses a payment code by its form, with its own words and the red lamp', async () => {
    const red = bench.nextMove('red', true, 15_000);
    await low.send(`${UNIONPAY}\r\n`);
    await until('付款码不能开门');
    expect(await red).toBeDefined();
  });

  it('survives garbage, half a code and 10,000 characters at either scanner', async () => {
    for (const scanner of [high, low]) {
      await scanner.send(Uint8Array.from({ length: 2_000 }, (_, index) => (index * 31) % 256));
      await scanner.send('7'.repeat(10_000));
      await scanner.send('\r\n123');
    }
    await until('没有读到');
    await until('请刷卡或扫码');
  });

  it('says that its clock is unsure, and opens for the answer to the code it shows', { timeout: 60_000 }, async () => {
    await high.send(`${await makeCode(phone, plan())}\r`);
    await until('门禁时间不准');
    const [text = ''] = await codesIn(await page.screenshot());
    const challenge = readChallenge(text);
    if (!challenge.ok) throw new Error(challenge.detail);
    const released = bench.nextMove('barrier', true, 15_000);
    await high.send(`${await answerChallenge(phone, plan(), challenge.value)}\r`);
    expect(await released).toBeDefined();
    await until('请通行');
    await until('请刷卡或扫码');
    await expect.poll(async () => codesIn(await page.screenshot())).not.toContain(text);
  });

  it('misses a scanner that is pulled out and reads on when it is back', { timeout: 60_000 }, async () => {
    await low.pull();
    await low.plug();
    await expect
      .poll(
        async () => {
          await low.send(`${UNIONPAY}\r\n`);
          return title();
        },
        { timeout: 15_000, interval: 500 },
      )
      .toBe('付款码不能开门');
  });

  it('never wrote a code down', async () => {
    await controller.close();
    const { journal: path } = dataFolder(join(folder, 'controller'));
    const journal = openSqliteJournal({ path, worker: workerFile('journal-worker') });
    const events = await journal.read(1, 1_000);
    await journal.close();
    const types = events.map(({ event }) => event.type);
    expect(types).toContain('code-refused');
    expect(types).toContain('access-granted');
    expect(JSON.stringify(events)).not.toContain(UNIONPAY);
    expect(JSON.stringify(events)).not.toMatch(/[0-9]{200}/);
  });
});
