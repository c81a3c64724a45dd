// SPDX-License-Identifier: Apache-2.0
// A person's cards and passages over HTTP, and what somebody else gets instead.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertEvents } from '../../adapters/database/insert-events.ts';
import { actOnCard, issueCard, loseCard } from '../registry/cards.ts';
import { ACTOR, NOW_MS, randomUid, value } from '../registry/registry.test-support.ts';
import { HOUR_MS, OwnBench } from './own-bench.test-support.ts';

let bench: OwnBench;
beforeEach(async () => {
  bench = await OwnBench.open();
});
afterEach(() => bench.close());

describe('own cards', () => {
  const issue = async (holder: string, uid = randomUid()) => {
    const card = { uid, person: holder, class: 'uid-only' as const, validUntilMs: null };
    return value(await issueCard(bench.context, card, ACTOR)).cards[0] as number;
  };

  it('are reported lost, effective at the gates, and found again by who reported them', async () => {
    const id = await issue('S1');
    expect((await bench.call('S1.a', 'GET', '/v1/me/cards')).body).toMatchObject({
      items: [{ id: String(id), state: 'active', mayReport: true, mayFind: false }],
    });
    const lost = await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/lose?waitMs=1000`);
    expect(lost.body).toMatchObject({
      card: { state: 'lost', mayReport: false, mayFind: true },
      confirmation: { online: 1, confirmed: 1, confirmedMs: 7 },
    });
    expect((await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/lose`)).status).toBe(409);
    bench.nowMs += 23 * HOUR_MS;
    expect((await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/found`)).body).toMatchObject({
      card: { state: 'active' },
    });
    expect(await bench.denies()).toEqual([
      { kind: 'deny', reason: 'lost', actor: 'S1' },
      { kind: 'allow-again', reason: 'other', actor: 'S1' },
    ]);
  });

  it('stay lost a day after the report, and when the office reported, froze or withdrew them', async () => {
    const [late, byOffice, frozen, withdrawn] = [
      await issue('S1'),
      await issue('S1'),
      await issue('S1'),
      await issue('S1'),
    ];
    await bench.call('S1.a', 'POST', `/v1/me/cards/${late}/lose`);
    await bench.call('S1.a', 'POST', `/v1/me/cards/${withdrawn}/lose`);
    value(await loseCard(bench.context, byOffice, ACTOR));
    value(await actOnCard(bench.context, frozen, 'freeze', ACTOR));
    value(await actOnCard(bench.context, withdrawn, 'withdraw', ACTOR));
    expect((await bench.call('S1.a', 'POST', `/v1/me/cards/${frozen}/lose`)).status).toBe(409);
    bench.nowMs += 24 * HOUR_MS;
    for (const id of [late, byOffice, frozen, withdrawn])
      expect((await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/found`)).status).toBe(409);
    const { body } = await bench.call('S1.a', 'GET', '/v1/me/cards');
    expect(body['items']).toMatchObject([{ mayFind: false }, { mayFind: false }, { mayReport: false }]);
  });

  it('that the office lost anew after they were found are the office’s', async () => {
    const id = await issue('S1');
    await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/lose`);
    await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/found`);
    value(await loseCard(bench.context, id, ACTOR));
    expect((await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/found`)).status).toBe(409);
  });

  it('of somebody else are not there', async () => {
    const id = await issue('S1');
    expect((await bench.call('S2.a', 'POST', `/v1/me/cards/${id}/lose`)).status).toBe(404);
    expect((await bench.call('S2.a', 'GET', '/v1/me/cards')).body).toEqual({ items: [] });
    await bench.call('S1.a', 'POST', `/v1/me/cards/${id}/lose`);
    expect((await bench.call('S2.a', 'POST', `/v1/me/cards/${id}/found`)).status).toBe(404);
    expect(await bench.denies()).toHaveLength(1);
  });

  describe('and passages', () => {
    let seq = 0;
    const refOf = async (card: number) =>
      (
        await bench.registry.database.db
          .selectFrom('credential')
          .select('campus_ref')
          .where('id', '=', card)
          .executeTakeFirstOrThrow()
      ).campus_ref;
    const store = (type: string, ref: string, at: number, more: object = {}, credentialClass = 'uid-only') => {
      seq += 1;
      const credential = { ref, class: credentialClass };
      const body = {
        type,
        at,
        clock: 'synced',
        portal: 'north',
        direction: 'in',
        credential,
        admission: `${seq}`,
        via: 'list',
        ...more,
      };
      return insertEvents(bench.registry.database, [
        {
          device_id: 'gate-1',
          epoch: 'aa'.repeat(8),
          seq,
          at,
          received_at: at,
          type,
          portal_id: 'north',
          credential_ref: ref,
          body: JSON.stringify(body),
        },
      ]);
    };
    const passages = async (who: string, query = '') => {
      const { body } = await bench.call(who, 'GET', `/v1/me/passages${query}`);
      return body as { items: Record<string, unknown>[]; next?: string };
    };

    it('are shown with what became of them, and why not', async () => {
      const ref = await refOf(await issue('S1'));
      await store('access-granted', ref, bench.nowMs + 1_000, { admission: 'x' });
      await store('access-taken', ref, bench.nowMs + 3_000, { admission: 'x', via: undefined });
      await store('access-granted', ref, bench.nowMs + 4_000);
      await store('access-denied', ref, bench.nowMs + 5_000, { reason: 'NotPermittedAtThisTime' });
      bench.nowMs += 10_000;
      expect((await passages('S1.a')).items).toMatchObject([
        {
          outcome: 'denied',
          reason: 'NotPermittedAtThisTime',
          with: 'card',
          portalName: '北门',
          portalNameEn: 'North gate',
        },
        { outcome: 'granted' },
        { outcome: 'taken', at: new Date(NOW_MS + 1_000).toISOString(), direction: 'in' },
      ]);
      expect((await passages('S2.a')).items).toEqual([]);
    });

    it('that no door concluded say that it opened, and claim nobody passed', async () => {
      const ref = await refOf(await issue('S1'));
      await store('access-granted', ref, bench.nowMs + 1_000, { admission: 'x' });
      await store('access-unconcluded', ref, bench.nowMs + 9_000, { admission: 'x', via: undefined });
      await store('access-granted', ref, bench.nowMs + 10_000, { admission: 'y' });
      // Of another admission: it says nothing about these.
      await store('access-taken', ref, bench.nowMs + 11_000, { admission: 'z', via: undefined });
      bench.nowMs += 20_000;
      expect((await passages('S1.a')).items.map(({ outcome }) => outcome)).toEqual(['granted', 'granted']);
    });

    it('of a card that changed hands stay with whom they belong', async () => {
      const uid = randomUid();
      const first = await issue('S1', uid);
      const ref = await refOf(first);
      await store('access-granted', ref, bench.nowMs + 1_000);
      bench.nowMs += 10 * HOUR_MS;
      value(await actOnCard(bench.context, first, 'withdraw', ACTOR));
      await issue('S2', uid);
      // Uploaded late: the registry takes the card for the new holder's.
      await store('access-granted', ref, NOW_MS + 2_000);
      await store('access-granted', ref, bench.nowMs + 1_000);
      bench.nowMs += 10_000;
      expect((await passages('S2.a')).items).toHaveLength(1);
      expect((await passages('S1.a')).items).toHaveLength(1);
    });

    it('are paged newest first, each once, back to half a year', async () => {
      const ref = await refOf(await issue('S1'));
      bench.nowMs += 200 * 24 * HOUR_MS;
      for (const days of [1, 2, 2, 3, 179, 181]) await store('access-granted', ref, bench.nowMs - days * 24 * HOUR_MS);
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const page = await passages('S1.a', `?limit=2${cursor}`);
        seen.push(...page.items.map(({ at }) => (bench.nowMs - Date.parse(String(at))) / (24 * HOUR_MS)));
        cursor = page.next === undefined ? '' : `&cursor=${page.next}`;
      } while (cursor !== '');
      expect(seen).toEqual([1, 2, 2, 3, 179]);
      expect((await bench.call('S1.a', 'GET', '/v1/me/passages?cursor=x')).status).toBe(400);
    });

    it('say whether a phone or a code of another app was shown', async () => {
      await bench.enrol('S1.a');
      const { db } = bench.registry.database;
      const phone = await db.selectFrom('phone').select('campus_ref').executeTakeFirstOrThrow();
      const holder = await db.selectFrom('person').select('id').where('number', '=', 'S1').executeTakeFirstOrThrow();
      const code = 'cd'.repeat(8);
      await db.insertInto('code_reference').values({ campus_ref: code, person_id: holder.id }).execute();
      await store('access-granted', phone.campus_ref, bench.nowMs + 1_000, {}, 'phone-code');
      await store('access-granted', code, bench.nowMs + 2_000, {}, 'phone-code');
      expect((await passages('S1.a')).items.map((item) => item['with'])).toEqual(['code', 'phone']);
      expect((await passages('S2.a')).items).toEqual([]);
    });
  });
});
