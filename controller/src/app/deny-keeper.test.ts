// SPDX-License-Identifier: Apache-2.0
// Denies against a network that drops, delays and floods (reference: lists and codes, What a controller enforces 4).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chainAfter, type DenyOp, EMPTY_CHAIN } from '@latchkey/protocols/authorization/deny';
import { isDenied } from '@latchkey/protocols/authorization/deny-overlay';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSettingsFile } from '../adapters/settings-file.ts';
import { createAlarms } from './alarms.ts';
import { type Campus, layFolder, makeCampus } from './campus.test-support.ts';
import { dataFolder } from './data-folder.ts';
import { type DenyKeeper, openDenyKeeper } from './deny-keeper.ts';
import { SILENT } from './log.ts';
import { NEW_SETTINGS, settingsSchema } from './settings-schema.ts';
import { openTrust } from './trust.ts';

const NOW = Date.now();
const op = (n: number): DenyOp => ({
  key8: Uint8Array.of(0, 0, 0, 0, 0, 0, n >> 8, n & 0xff),
  kind: 'deny',
  reason: 'lost',
  minute: 0,
});

let campus: Campus;
let directory: string;
let keeper: DenyKeeper;
let monotonicMs: number;
let due: { atMs: number; action: () => void }[];
let notices: string[];
let fetched: number[];
beforeAll(async () => {
  campus = await makeCampus();
});
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'denies-'));
  monotonicMs = 0;
  due = [];
  notices = [];
  fetched = [];
  await layFolder(directory, campus);
  const folder = dataFolder(directory);
  const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
  const trust = await openTrust(settings);
  if (!trust.ok) throw new Error(trust.code);
  keeper = await openDenyKeeper({
    path: folder.denies,
    settings,
    trust: trust.value,
    clock: {
      now: () => NOW + monotonicMs,
      monotonic: () => monotonicMs,
      after(delayMs, action) {
        const mine = { atMs: monotonicMs + delayMs, action };
        due.push(mine);
        return () => void (due = due.filter((each) => each !== mine));
      },
    },
    alarms: createAlarms(({ alarm, active, subject }) => notices.push(`${alarm} ${active} ${subject ?? ''}`.trim())),
    log: SILENT,
    instant: () => ({ ms: NOW + monotonicMs, quality: 'synced' }),
    onSignedTime: () => undefined,
    fetchFrom: (seq) => fetched.push(seq),
    onApplied: () => undefined,
  });
});
afterEach(async () => {
  await keeper.close();
  rmSync(directory, { recursive: true, force: true });
});

function pass(ms: number): void {
  monotonicMs += ms;
  for (const each of due.filter(({ atMs }) => atMs <= monotonicMs)) {
    due = due.filter((other) => other !== each);
    each.action();
  }
}

it('leaves no timer behind when the link goes, or when it is closed', async () => {
  keeper.onUp();
  await keeper.onBeat(await campus.beat(1, 9, EMPTY_CHAIN, NOW));
  expect(due).toHaveLength(2);
  keeper.onDown();
  expect(due).toEqual([]);
  keeper.onUp();
  await keeper.onBeat(await campus.beat(2, 9, EMPTY_CHAIN, NOW));
  await keeper.close();
  expect(due).toEqual([]);
});

describe('deny suppressed', () => {
  const ops = [op(1), op(2)];
  const ahead = (seq: number, timeMs = NOW + monotonicMs) =>
    campus.beat(seq, ops.length, chainAfter(EMPTY_CHAIN, ops), timeMs);

  it('beats pass and what they speak of does not: asked for with every beat, and an alarm after a minute', async () => {
    keeper.onUp();
    for (let seq = 1; seq <= 13; seq += 1) {
      await keeper.onBeat(await ahead(seq));
      pass(5_000);
    }
    expect(fetched.length).toBe(13);
    expect(notices).toEqual(['deny-suppressed true denies are held back']);
    await keeper.onDeny(await campus.deny({ ops }));
    await keeper.onBeat(await ahead(14));
    expect(notices.at(-1)).toBe('deny-suppressed false denies are held back');
    expect(isDenied(keeper.overlay(), ops[0]?.key8 as Uint8Array)).toBe(true);
  });

  it('a gap that is filled in time is no alarm', async () => {
    keeper.onUp();
    await keeper.onBeat(await ahead(1));
    await keeper.onDeny(await campus.deny({ ops }));
    await keeper.onBeat(await ahead(2));
    pass(59_000);
    expect(notices).toEqual([]);
  });

  it('beats held back and let through one by one do not pass for fresh ones', async () => {
    keeper.onUp();
    const held = await Promise.all([1, 2, 3].map((seq) => campus.beat(seq, 0, EMPTY_CHAIN, NOW)));
    await keeper.onBeat(held[0] as Uint8Array);
    pass(50_000);
    await keeper.onBeat(held[1] as Uint8Array);
    expect(notices).toEqual([]);
    pass(55_000);
    await keeper.onBeat(held[2] as Uint8Array);
    pass(5_000);
    expect(notices).toEqual(['beat-stale true']);
  });
});

it('a flood is dropped beyond a bound, and what counts comes in again', async () => {
  const strangers = await makeCampus();
  const [forged, honest] = [await strangers.deny({ ops: [op(1)] }), await campus.deny({ ops: [op(1)] })];
  const flood = Array.from({ length: 1_000 }, () => keeper.onDeny(forged));
  const dropped = keeper.onDeny(honest);
  await Promise.all([...flood, dropped]);
  expect(keeper.overlay().seq).toBe(0);
  await keeper.onDeny(honest);
  expect(keeper.overlay().seq).toBe(1);
});
