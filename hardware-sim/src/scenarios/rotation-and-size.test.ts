// SPDX-License-Identifier: Apache-2.0
// What a campus lives through seldom, on whole processes and a real broker: a list of 100,000 credentials on its way to a gate,
// in many pages, and new keys under a new root document (lists-and-codes, PAGES and Keys and roles).
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Campus } from '../campus/campus.ts';
import { runToEnd } from '../campus/program.ts';
import { tap } from '../control-commands.ts';

const BRISK = { reachMs: 20, passMs: 60, patienceMs: 5_000 };
const GATEWAY = fileURLToPath(new URL('../../../dist/gateway/main.mjs', import.meta.url));
const CARDS = 100_000;
/** Beside those of the residents; 09 begins no UID of theirs. */
const furtherUid = (nth: number) => `09${nth.toString(16).padStart(6, '0')}`;

interface ListMark {
  readonly epoch: number;
  readonly version: number;
}

describe('lists by a real broker', { timeout: 120_000 }, () => {
  let folder: string;
  let campus: Campus;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-rotation-'));
    campus = await Campus.start({ dataDir: folder, residents: 50, manners: BRISK });
    await campus.furnish();
    await campus.startControllers();
    await campus.listsInForce();
  }, 60_000);

  afterAll(async () => {
    await campus?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const shut = async (device = 'gate-1') =>
    expect
      .poll(() => campus.bench(device).isReleased(device) || campus.bench(device).isOpen(device), { timeout: 5_000 })
      .toBe(false);
  const opens = async (uid: string) => {
    await shut();
    return (await tap(campus, 'gate-1-in', uid)).released;
  };
  const keys = (name: string, ...args: string[]) =>
    runToEnd({ name, args: [GATEWAY, 'keys', ...args], logFile: join(folder, `${name}.log`) });
  async function trustOf(device: string): Promise<{ root: string; list: ListMark | undefined }> {
    const text = await readFile(join(campus.controllerFolder(device), 'settings.json'), 'utf8');
    const { trust } = JSON.parse(text) as { trust: { root: { digest: string }; lists: Record<string, ListMark> } };
    return { root: trust.root.digest, list: trust.lists['1'] };
  }

  test('a list of 100,000 credentials arrives in its pages and decides', async () => {
    const holder = campus.people[0]?.number ?? '';
    const rows = Array.from({ length: CARDS }, (_, nth) => `${holder},${furtherUid(nth)}`);
    const before = (await trustOf('gate-1')).list?.version ?? 0;
    await campus.api.must('POST', '/v1/imports/cards?form=hex', `学号,卡号\r\n${rows.join('\r\n')}\r\n`);
    await expect
      .poll(async () => (await trustOf('gate-1')).list?.version, { timeout: 60_000, interval: 200 })
      .toBeGreaterThan(before);
    expect(await opens(furtherUid(CARDS - 1))).toBe(true);
    expect(await opens(furtherUid(0))).toBe(true);
    expect(await opens(furtherUid(CARDS))).toBe(false);
  });

  test('new keys under a new root document: gates take both, and a list by the new key', async () => {
    const before = await trustOf('gate-1');
    const at = (name: string) => join(folder, name);
    const store = join(campus.gatewayFolder, 'keys');
    await campus.program('gateway').stop();
    await keys('request', 'request', '--rotate', '--data', campus.gatewayFolder, '--out', at('request.json'));
    const previous = ['--previous', join(store, 'root', 'root-1.signed')];
    const rootKeys = ['root-1', 'root-2'].flatMap((name) => [
      '--root-key',
      join(store, 'demo-root-keys', `${name}.key.json`),
    ]);
    await keys(
      'sign',
      'root',
      'sign',
      '--request',
      at('request.json'),
      ...rootKeys,
      ...previous,
      '--out',
      at('2.signed'),
    );
    await keys('install', 'install', at('2.signed'), '--data', campus.gatewayFolder);
    // Offline all this while, and none the wiser.
    expect(await opens(campus.people[1]?.uid ?? '')).toBe(true);
    await campus.startGateway();
    await expect
      .poll(async () => (await trustOf('gate-1')).list?.epoch, { timeout: 60_000, interval: 500 })
      .toBe((before.list?.epoch ?? 0) + 1);
    expect((await trustOf('gate-1')).root).not.toBe(before.root);
    expect(await opens(campus.people[1]?.uid ?? '')).toBe(true);
    // The new deny key is believed as well.
    const { number, uid } = campus.people[1] as (typeof campus.people)[number];
    await campus.api.must('POST', '/v1/revocations?waitMs=3000', { person: number, reason: 'lost' });
    expect(await opens(uid)).toBe(false);
  });

  test('after a restart without any network, gates still decide from the list of the new epoch', async () => {
    campus.link('gate-1').cut();
    await campus.program('gate-1').kill();
    await campus.startController('gate-1');
    expect(await opens(furtherUid(7))).toBe(true);
  });
});
