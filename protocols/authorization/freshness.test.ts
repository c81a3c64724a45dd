// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fromHex } from '../bytes/hex.ts';
import { acceptHead } from './accept-list.ts';
import { CAMPUS, codeOf, must, NOW_MS, planOf, SCOPE } from './authority.test-support.ts';
import { FRESHNESS, type Freshness, judgeFreshness } from './freshness.ts';
import { MAX_LEAD_MS, MAX_UNSYNCED_LEAD_MS, MAX_VERSION_STEP } from './limits.ts';
import { buildList } from './list-build.ts';
import { judgeSignedTime } from './signed-time.ts';

const DIGEST = 'ab'.repeat(32);
const root = { epoch: 3, campusId: CAMPUS, issuedAtMs: NOW_MS - 1_000 };
const instant = { ms: NOW_MS, quality: 'synced' as const };

describe('freshness', () => {
  const statement: Freshness = {
    campusId: CAMPUS,
    scopeId: SCOPE,
    epoch: 3,
    version: 9,
    headHash: DIGEST,
    timeMs: NOW_MS,
  };
  const context = {
    root,
    scopeId: SCOPE,
    inForce: { epoch: 3, version: 9, digest: DIGEST },
    lastTimeMs: NOW_MS - 60_000,
    instant,
  };
  const judge = (change: Partial<Freshness>, more: object = {}) =>
    judgeFreshness({ ...statement, ...change }, { ...context, ...more });

  it('comes back as it was', () => {
    expect(must(FRESHNESS.decode(FRESHNESS.encode(statement)))).toEqual(statement);
  });

  it('says whether the list in force is the newest', () => {
    expect(must(judge({}))).toBe('current');
    expect(must(judge({ version: 10 }))).toBe('behind');
    expect(must(judge({}, { inForce: null }))).toBe('behind');
    expect(must(judge({}, { inForce: { epoch: 2, version: 99, digest: DIGEST } }))).toBe('behind');
  });

  it('is refused when older, of another scope, campus or epoch, or about another head', () => {
    expect(codeOf(judge({ timeMs: NOW_MS - 60_001 }))).toBe('replay');
    expect(codeOf(judge({ version: 8 }))).toBe('replay');
    expect(codeOf(judge({ epoch: 2 }))).toBe('replay');
    expect(codeOf(judge({ epoch: 4 }))).toBe('epoch-not-from-root');
    expect(codeOf(judge({ scopeId: SCOPE + 1 }))).toBe('wrong-scope');
    expect(codeOf(judge({ campusId: '00'.repeat(8) }))).toBe('wrong-campus');
    expect(codeOf(judge({ headHash: 'cd'.repeat(32) }))).toBe('equivocation');
    expect(codeOf(judge({ timeMs: NOW_MS + MAX_LEAD_MS + 1 }))).toBe('implausible-time');
  });
});

describe('a head may replace the one in force', () => {
  const head = { ...must(buildList(planOf({ epoch: 3, version: 10, previousHeadHash: must(fromHex(DIGEST)) }))).head };
  const trust = { epoch: 3, version: 9, digest: DIGEST };
  const judge = (change: Partial<typeof head>, state: typeof trust | null = trust, at: object = instant) =>
    codeOf(acceptHead(state, { ...head, ...change }, 'ef'.repeat(32), { root, instant: at as typeof instant }));

  it('when its version is higher within the epoch', () => {
    expect(judge({})).toBe('ok');
    expect(judge({ version: 11, previousHeadHash: new Uint8Array(32) })).toBe('ok');
    expect(judge({ version: 8 })).toBe('rollback');
    expect(judge({ version: 9 })).toBe('equivocation');
    expect(must(acceptHead(trust, { ...head, version: 9 }, DIGEST, { root, instant }))).toBe('same');
  });

  it('when it names the head in force as the one before it, being the next', () => {
    expect(judge({ previousHeadHash: new Uint8Array(32) })).toBe('equivocation');
  });

  it('when its epoch is the root document’s', () => {
    expect(judge({ epoch: 4 })).toBe('epoch-not-from-root');
    expect(judge({ epoch: 2 })).toBe('rollback');
    expect(judge({}, null)).toBe('ok');
    expect(judge({ version: 1 }, { ...trust, epoch: 2, version: 1_000 })).toBe('ok');
  });

  it('while its list of an older epoch stays in force until a newer comes', () => {
    const older = { ...head, epoch: 2, version: 5 };
    expect(must(acceptHead({ epoch: 2, version: 5, digest: DIGEST }, older, DIGEST, { root, instant }))).toBe('same');
  });

  it('unless it jumps, comes from the future or has expired', () => {
    expect(judge({ version: 9 + MAX_VERSION_STEP })).toBe('ok');
    expect(judge({ version: 10 + MAX_VERSION_STEP })).toBe('version-jump');
    expect(judge({ version: 2 ** 33 }, null)).toBe('version-jump');
    expect(judge({ issuedAtMs: NOW_MS + MAX_LEAD_MS + 1 })).toBe('issued-in-future');
    expect(judge({ hardExpiry: NOW_MS / 60_000, refreshBy: 0 })).toBe('already-expired');
  });
});

describe('signed time', () => {
  it('is believed a day ahead of a clock in sync', () => {
    expect(judgeSignedTime(NOW_MS, instant, root)).toBe('not-ahead');
    expect(judgeSignedTime(NOW_MS + MAX_LEAD_MS, instant, root)).toBe('ahead');
    expect(judgeSignedTime(NOW_MS + MAX_LEAD_MS + 1, instant, root)).toBe('implausible');
  });

  it('lets a clock without battery catch up from 1970, counted from the root document', () => {
    const flat = { ms: 0, quality: 'free' as const };
    expect(judgeSignedTime(NOW_MS, flat, root)).toBe('ahead');
    expect(judgeSignedTime(root.issuedAtMs + MAX_UNSYNCED_LEAD_MS + 1, flat, root)).toBe('implausible');
  });
});
