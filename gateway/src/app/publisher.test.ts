// SPDX-License-Identifier: Apache-2.0
import { cardId, createPrf } from '@latchkey/protocols/authorization/credential-id';
import { decide } from '@latchkey/protocols/authorization/decide';
import { applyDelta } from '@latchkey/protocols/authorization/delta';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deltasBetween, listParts } from './list-store.ts';
import { createPublishOnce, DEFAULT_LIFETIMES, type PublishedList, type PublishProblem } from './publisher.ts';
import { startPublisher } from './publisher-loop.ts';
import { issueCard, loseCard } from './registry/cards.ts';
import { putPerson } from './registry/people.ts';
import { putPortal } from './registry/places.ts';
import { readPrfKey } from './registry/prf-keys.ts';
import {
  ACTOR,
  CAMPUS,
  furnish,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from './registry/registry.test-support.ts';

let registry: TestRegistry;
let nowMs: number;
let published: PublishedList[];
let problems: PublishProblem[];
let publish: ReturnType<typeof createPublishOnce>;
beforeEach(async () => {
  registry = await openTestRegistry();
  await furnish(registry);
  nowMs = NOW_MS;
  published = [];
  problems = [];
  publish = createPublishOnce({
    database: registry.database,
    keystore: registry.keystore,
    now: () => nowMs,
    timeZone: 'Asia/Shanghai',
    onPublished: (list) => published.push(list),
    onProblem: (_scope, problem) => problems.push(problem),
  });
});
afterEach(() => registry.close());

const issue = async (uid = randomUid(), holder = 'S1') => {
  const issued = { uid, person: holder, class: 'uid-only' as const, validUntilMs: null };
  const { cards } = value(await issueCard(registry.context, issued, ACTOR));
  return { uid, id: cards[0] as number };
};
async function loaded(list: PublishedList): Promise<AuthorizationList> {
  const parts = await listParts(registry.database.reader, list);
  if (parts === undefined) throw new Error('pages are gone');
  const trust = { keyring: registry.keystore.root.keyring, campusId: CAMPUS, scopeId: list.scope };
  return value(await loadList(parts, trust));
}
async function decision(list: PublishedList, uid: Uint8Array, at = 'north') {
  const verified = await loaded(list);
  const { prf } = await readPrfKey(registry.database.reader, registry.keystore, verified.head.prfKeyId);
  return decide({
    list: verified,
    overlay: EMPTY_OVERLAY,
    credential: { id: cardId(uid), class: 'uid-only' },
    portal: at,
    direction: 'in',
    instant: { ms: nowMs, quality: 'synced' },
    scopePrf: prf,
    campusPrf: createPrf(new Uint8Array(16)),
  });
}
const newest = (scope: number) => published.filter((list) => list.scope === scope).at(-1) as PublishedList;

describe('publishing', () => {
  it('gives every scope a list that controllers verify and decide by', async () => {
    const { uid } = await issue();
    await publish();
    expect(published.map(({ scope, version }) => [scope, version])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await decision(newest(1), uid)).toMatchObject({ outcome: 'granted', holder: 'resident', version: 1 });
    expect(await decision(newest(1), randomUid())).toMatchObject({ reason: 'UnknownCredential' });
    expect(await decision(newest(2), uid, 'library')).toMatchObject({ reason: 'UnknownCredential' });
  });

  it('makes no version of a scope in which nothing changed', async () => {
    await issue();
    await publish();
    expect(await publish()).toEqual([]);
    // A name is in no list, though the scope is marked.
    value(await putPortal(registry.context, 'north', portal({ name: 'renamed' }), ACTOR));
    expect(await publish()).toEqual([]);
    const scopes = await registry.database.db.selectFrom('scope').select(['change_seq', 'compiled_seq']).execute();
    for (const scope of scopes) expect(scope.compiled_seq).toBe(scope.change_seq);
  });

  it('signs an unchanged list anew before it ages', async () => {
    await publish();
    nowMs += DEFAULT_LIFETIMES.resignAfterMs;
    expect((await publish()).map(({ version }) => version)).toEqual([2, 2]);
    const list = await loaded(newest(1));
    expect(list.head.refreshBy * 60_000).toBeGreaterThan(nowMs + DEFAULT_LIFETIMES.resignAfterMs);
  });

  it('never dates a list before the one it follows', async () => {
    await publish();
    nowMs -= 3_600_000;
    await issue();
    await publish();
    expect((await loaded(newest(1))).head.issuedAtMs).toBe(NOW_MS);
  });

  it('leaves a lost card out and says up to which deny it did', async () => {
    const { uid, id } = await issue();
    await publish();
    value(await loseCard(registry.context, id, ACTOR));
    await publish();
    expect(await decision(newest(1), uid)).toMatchObject({ reason: 'UnknownCredential' });
    expect((await loaded(newest(1))).head.denySeq).toBe(1);
  });

  it('chains heads and gives deltas that lead from one version to the next', async () => {
    await publish();
    for (let index = 0; index < 5; index++) {
      await issue();
      await publish();
    }
    const newestList = await loaded(newest(1));
    const whole = await listParts(registry.database.reader, { ...newest(1), version: 4 });
    const from = value(
      await loadList(whole as never, { keyring: registry.keystore.root.keyring, campusId: CAMPUS, scopeId: 1 }),
    );
    const deltas = await deltasBetween(registry.database.reader, newest(1), 4);
    expect(deltas).toHaveLength(2);
    const applied = value(applyDelta(from, Buffer.concat(deltas ?? []), newestList.head));
    expect(Buffer.from(applied.records).equals(Buffer.from(newestList.records))).toBe(true);
    expect(await deltasBetween(registry.database.reader, newest(1), 0)).toBeUndefined();
  });

  it('keeps the pages of the newest versions only', async () => {
    for (let index = 0; index < 6; index++) {
      await issue();
      await publish();
    }
    const whole = await registry.database.db
      .selectFrom('list_version')
      .select('version')
      .where('scope_id', '=', 1)
      .where('records', 'is not', null)
      .execute();
    expect(whole.map(({ version }) => version)).toEqual([4, 5, 6]);
  });

  it('publishes each scope by itself where one cannot be made', async () => {
    value(
      await putPortal(
        registry.context,
        'library',
        portal({ scope: 2, antiPassback: { mode: 'soft', in: 'x'.repeat(41) } }),
        ACTOR,
      ),
    );
    await publish();
    expect(problems).toEqual(['policy-invalid']);
    expect(published.map(({ scope }) => scope)).toEqual([1]);
  });

  it('gives a person of several groups the rights of all, from the later beginning to the earlier end', async () => {
    value(
      await putPerson(
        registry.context,
        'S2',
        person({
          kind: 'visitor',
          groups: ['dorm-1'],
          validFrom: '2026-11-23T10:00:30+08:00',
          validUntil: '2026-11-23T12:00:30+08:00',
        }),
        ACTOR,
      ),
    );
    const { uid } = await issue(randomUid(), 'S2');
    await publish();
    expect(await decision(newest(1), uid)).toMatchObject({ reason: 'CredentialNotActive' });
    nowMs = Date.parse('2026-11-23T10:01:00+08:00');
    expect(await decision(newest(1), uid)).toMatchObject({ outcome: 'granted', holder: 'visitor' });
    nowMs = Date.parse('2026-11-23T12:00:00+08:00');
    expect(await decision(newest(1), uid)).toMatchObject({ reason: 'CredentialExpired' });
  });
});

describe('the loop', () => {
  it('publishes several changes together, and the last one in any case', async () => {
    let calls = 0;
    const loop = startPublisher({
      publishOnce: async () => {
        calls += 1;
        return [];
      },
      onFailure: () => undefined,
      coalesceMs: 20,
    });
    for (let index = 0; index < 10; index++) loop.wake();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(calls).toBe(1);
    loop.wake();
    await loop.settled();
    expect(calls).toBe(2);
    await loop.close();
    loop.wake();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(calls).toBe(2);
  });
});

describe('a list', () => {
  it('never claims a deny whose card it still holds, however changes and publishing interleave', async () => {
    const cards = await Promise.all(Array.from({ length: 30 }, () => issue()));
    const lost: { ref: string; seq: number }[] = [];
    const losing = (async () => {
      for (const { id, uid } of cards) {
        const { deny } = value(await loseCard(registry.context, id, ACTOR));
        lost.push({ ref: Buffer.from(uid).toString('hex'), seq: deny?.seq ?? 0 });
      }
    })();
    const seen: PublishedList[] = [];
    const check = async () => {
      await publish();
      for (const list of published.filter((each) => each.scope === 1 && !seen.includes(each))) {
        seen.push(list);
        const verified = await loaded(list);
        const { prf } = await readPrfKey(registry.database.reader, registry.keystore, verified.head.prfKeyId);
        for (const { ref, seq } of lost) {
          const held = verified.find(prf.key(cardId(Buffer.from(ref, 'hex')))) !== undefined;
          expect(held && seq <= verified.head.denySeq).toBe(false);
        }
      }
    };
    for (let round = 0; round < 6; round++) await check();
    await losing;
    await check();
    expect((await loaded(newest(1))).head).toMatchObject({ denySeq: 30, count: 0 });
  });
});
