// SPDX-License-Identifier: Apache-2.0
// Freshness statements that are missing, late, or none of ours (reference: lists and codes, What a controller enforces 5).
import { acceptRoot, encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import { ok } from '@latchkey/protocols/result';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAlarms } from './alarms.ts';
import { type Campus, makeCampus, SCOPE } from './campus.test-support.ts';
import { createFreshnessWatch, type FreshnessWatch } from './list-freshness.ts';
import { SILENT } from './log.ts';
import type { Trust } from './trust.ts';

const NOW = Date.now();
const MINUTE = 60_000;

let campus: Campus;
let trust: Trust;
beforeAll(async () => {
  campus = await makeCampus();
  const digest = rootDigest(encodeRoot(campus.root));
  const root = await acceptRoot({ kind: 'pinned', digest }, campus.rootFrame);
  if (!root.ok) throw new Error(root.code);
  const { keyring } = root.value;
  trust = {
    keyring: () => keyring,
    previousKeyring: () => undefined,
    rootVersion: () => 1,
    root: () => ({ frame: new Uint8Array(0), digest: '' }),
    offer: async () => ok(keyring),
    forgetPrevious: async () => undefined,
  };
});

let monotonicMs: number;
let due: { atMs: number; action: () => void }[];
let notices: string[];
let behind: number[];
let ours: number[];
let watch: FreshnessWatch;
beforeEach(() => {
  monotonicMs = 0;
  due = [];
  notices = [];
  behind = [];
  ours = [SCOPE];
  watch = createFreshnessWatch({
    trust,
    clock: {
      after(delayMs, action) {
        const mine = { atMs: monotonicMs + delayMs, action };
        due.push(mine);
        return () => void (due = due.filter((each) => each !== mine));
      },
    },
    alarms: createAlarms(({ alarm, active, subject }) => notices.push(`${alarm} ${active} ${subject}`)),
    log: SILENT,
    instant: () => ({ ms: NOW + monotonicMs, quality: 'synced' }),
    scopes: () => ours,
    inForce: () => null,
    onSignedTime: () => undefined,
    onBehind: (scope) => behind.push(scope),
  });
});

function pass(ms: number): void {
  monotonicMs += ms;
  for (const each of due.filter(({ atMs }) => atMs <= monotonicMs)) {
    due = due.filter((other) => other !== each);
    each.action();
  }
}

describe('freeze', () => {
  it('no statement for three minutes while online is an alarm; the next one ends it, and no timer outlives the link', async () => {
    watch.onUp();
    pass(3 * MINUTE);
    expect(notices).toEqual([`freshness-missing true scope ${SCOPE}`]);
    await watch.onStatement(await campus.freshness(await campus.list(5), NOW + monotonicMs));
    expect(notices.at(-1)).toBe(`freshness-missing false scope ${SCOPE}`);
    watch.onDown();
    expect(due).toEqual([]);
  });

  it('statements held back and let through late do not pass for fresh ones', async () => {
    const list = await campus.list(5);
    watch.onUp();
    const held = await Promise.all([1, 2].map((late) => campus.freshness(list, NOW + late)));
    await watch.onStatement(held[0] as Uint8Array);
    pass(2 * MINUTE + 59_000);
    pass(59_000);
    expect(notices).toEqual([`freshness-missing true scope ${SCOPE}`]);
    await watch.onStatement(held[1] as Uint8Array);
    expect(notices).toHaveLength(1);
    expect(behind).toEqual([SCOPE, SCOPE]);
  });

  it('a list that came while online is watched from then on, though no statement about it ever comes', () => {
    ours = [];
    watch.onUp();
    ours = [SCOPE];
    watch.expect(SCOPE);
    pass(3 * MINUTE);
    expect(notices).toEqual([`freshness-missing true scope ${SCOPE}`]);
    watch.onDown();
    watch.expect(SCOPE);
    expect(due).toEqual([]);
  });

  it('a statement about a scope that is not ours asks for its list and is missed by nobody', async () => {
    ours = [];
    watch.onUp();
    await watch.onStatement(await campus.freshness(await campus.list(5)));
    expect(behind).toEqual([SCOPE]);
    pass(10 * MINUTE);
    expect([notices, due]).toEqual([[], []]);
  });
});
