// SPDX-License-Identifier: Apache-2.0
// What a signed-in person does about themselves, over HTTP and the real registry, and what somebody else gets instead.
import { randomBytes } from 'node:crypto';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { enrolmentStatement, statusStatement } from '@latchkey/protocols/codes/phone-statement';
import { type FastifyInstance, fastify } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { insertEvents } from '../../adapters/database/insert-events.ts';
import { installErrors } from '../../http/error-handler.ts';
import type { SessionState } from '../../http/principal.ts';
import { registerOwn } from '../../http/routes/own.ts';
import { actOnCard, issueCard, loseCard } from '../registry/cards.ts';
import { putPerson } from '../registry/people.ts';
import {
  ACTOR,
  CAMPUS,
  furnish,
  NOW_MS,
  openTestRegistry,
  person,
  randomUid,
  type TestRegistry,
  value,
} from '../registry/registry.test-support.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { composeOwn } from './compose.ts';

const HOUR_MS = 3_600_000;
let registry: TestRegistry;
let context: RegistryContext;
let app: FastifyInstance;
let nowMs: number;

beforeEach(async () => {
  nowMs = NOW_MS;
  registry = await openTestRegistry();
  await furnish(registry);
  context = { ...registry.context, now: () => nowMs };
  value(await putPerson(context, 'S2', person({ name: '李四', groups: ['dorm-1'] }), ACTOR));
  const own = composeOwn({
    context,
    campusId: CAMPUS,
    phonesPerPerson: 2,
    cardFoundWithinHours: 24,
    confirm: async () => ({ online: 1, confirmed: 1, confirmedMs: 7 }),
    certificates: async () => [],
  });
  app = fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  installErrors(app);
  app.decorateRequest('session', undefined);
  app.addHook('onRequest', async (request) => {
    const token = request.headers['x-session'];
    if (typeof token === 'string') request.session = sessionOf(token);
  });
  registerOwn(app.withTypeProvider<ZodTypeProvider>(), own, () => nowMs);
});
afterEach(async () => {
  await app.close();
  await registry.close();
});

/** Tokens are `<person>.<session>`. */
function sessionOf(token: string): SessionState {
  const [number = ''] = token.split('.');
  const principal = { actor: number, number, roles: [], session: token, mustChangePassword: false };
  return { principal, personId: 0, name: '', csrf: 'csrf', expiresMs: nowMs + HOUR_MS };
}

async function call(who: string | undefined, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
  const headers = { 'accept-language': 'en', ...(who === undefined ? {} : { 'x-session': who }) };
  const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

type Algorithm = 'ES256' | 'EdDSA';
interface Key {
  readonly algorithm: Algorithm;
  readonly publicKey: string;
  sign(statement: Uint8Array): Promise<string>;
}

/** As a browser makes it. */
async function makeKey(algorithm: Algorithm = 'ES256'): Promise<Key> {
  const scheme = algorithm === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } : { name: 'Ed25519' };
  const pair = (await crypto.subtle.generateKey(scheme, false, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return {
    algorithm,
    publicKey: toBase64url(raw),
    sign: async (statement) =>
      toBase64url(new Uint8Array(await crypto.subtle.sign(scheme, pair.privateKey, new Uint8Array(statement)))),
  };
}
type CryptoKeyPair = { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const challengeOf = async (who: string) =>
  String((await call(who, 'POST', '/v1/me/phones/challenge')).body['challenge']);
const proofOf = (key: Key, challenge: string) =>
  key.sign(enrolmentStatement(CAMPUS, Buffer.from(challenge, 'base64url')));

async function bodyOf(who: string, key: Key, more: object = {}) {
  const challenge = await challengeOf(who);
  const { algorithm, publicKey } = key;
  return { name: '手机', algorithm, publicKey, challenge, proof: await proofOf(key, challenge), ...more };
}
async function enrol(who: string, { key, ...more }: { key?: Key; replaces?: string } = {}) {
  const answer = await call(who, 'POST', '/v1/me/phones', await bodyOf(who, key ?? (await makeKey()), more));
  return { ...answer, id: (answer.body['phone'] as { id: string } | undefined)?.id ?? '' };
}
const denies = () =>
  registry.database.db.selectFrom('deny_op').select(['kind', 'reason', 'actor']).orderBy('seq').execute();

describe('the pass', () => {
  it('names the zones in which its person has a right', async () => {
    const { body } = await call('S1.a', 'GET', '/v1/me/pass');
    expect(body).toEqual({
      campusId: CAMPUS,
      number: 'S1',
      name: '王小明',
      nowMs: NOW_MS,
      zones: [{ zone: 1, name: '1号楼', nameEn: '' }],
      phonesAllowed: 2,
    });
    value(await putPerson(context, 'S1', person({ groups: [] }), ACTOR));
    expect((await call('S1.a', 'GET', '/v1/me/pass')).body['zones']).toEqual([]);
  });

  it('is for people who are signed in: not for the token, not for whoever is gone', async () => {
    expect((await call(undefined, 'GET', '/v1/me/pass')).body).toMatchObject({ code: 'only-for-people' });
    expect((await call('nobody.a', 'GET', '/v1/me/pass')).status).toBe(404);
  });
});

describe('enrolling a phone', () => {
  it.each(['ES256', 'EdDSA'] as const)('takes a key of %s with its proof', async (algorithm) => {
    const { status, body } = await enrol('S1.a', { key: await makeKey(algorithm) });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      phone: { algorithm, state: 'active', name: '手机', endedAt: null },
      certificates: [],
    });
    expect((await call('S1.a', 'GET', '/v1/me/phones')).body).toMatchObject({ items: [body['phone']], allowed: 2 });
  });

  it('refuses a replayed challenge, also one that failed', async () => {
    const key = await makeKey();
    const body = await bodyOf('S1.a', key);
    expect(
      (await call('S1.a', 'POST', '/v1/me/phones', { ...body, proof: toBase64url(randomBytes(64)) })).body,
    ).toMatchObject({ code: 'invalid-request', field: 'proof' });
    expect((await call('S1.a', 'POST', '/v1/me/phones', body)).body).toMatchObject({ field: 'challenge' });
    const good = await bodyOf('S1.a', key);
    expect((await call('S1.a', 'POST', '/v1/me/phones', good)).status).toBe(201);
    expect((await call('S1.a', 'POST', '/v1/me/phones', good)).body).toMatchObject({ field: 'challenge' });
  });

  it('refuses a challenge of another session, of somebody else, or five minutes old', async () => {
    const body = await bodyOf('S1.a', await makeKey());
    expect((await call('S1.b', 'POST', '/v1/me/phones', body)).body).toMatchObject({ field: 'challenge' });
    const other = await bodyOf('S1.a', await makeKey());
    expect((await call('S2.a', 'POST', '/v1/me/phones', other)).body).toMatchObject({ field: 'challenge' });
    const late = await bodyOf('S1.a', await makeKey());
    nowMs += 5 * 60_000;
    expect((await call('S1.a', 'POST', '/v1/me/phones', late)).body).toMatchObject({ field: 'challenge' });
  });

  it('refuses a proof by another key, and one made for another campus', async () => {
    const [key, thief] = [await makeKey(), await makeKey()];
    const challenge = await challengeOf('S1.a');
    const stolen = { name: 'x', algorithm: key.algorithm, publicKey: key.publicKey, challenge };
    const proof = await proofOf(thief, challenge);
    expect((await call('S1.a', 'POST', '/v1/me/phones', { ...stolen, proof })).body).toMatchObject({ field: 'proof' });
    const again = await challengeOf('S1.a');
    const elsewhere = await key.sign(enrolmentStatement('ff'.repeat(8), Buffer.from(again, 'base64url')));
    const body = { ...stolen, challenge: again, proof: elsewhere };
    expect((await call('S1.a', 'POST', '/v1/me/phones', body)).body).toMatchObject({ field: 'proof' });
  });

  it('refuses keys that prove nothing: of small order, off the curve, of another length', async () => {
    const smallOrder = Buffer.alloc(32);
    smallOrder[0] = 1;
    // For this key R = 01 00…00, S = 0 is a "signature" of everything.
    const forged = Buffer.alloc(64);
    forged[0] = 1;
    const offCurve = Buffer.concat([Uint8Array.of(4), Buffer.alloc(64, 1)]);
    const keys = [
      { algorithm: 'EdDSA', publicKey: toBase64url(smallOrder) },
      { algorithm: 'ES256', publicKey: toBase64url(offCurve) },
      { algorithm: 'ES256', publicKey: toBase64url(randomBytes(32)) },
      { algorithm: 'EdDSA', publicKey: (await makeKey('ES256')).publicKey },
      { algorithm: 'EdDSA', publicKey: toBase64url(Buffer.alloc(32, 0xff)) },
    ];
    for (const key of keys) {
      const body = { name: 'x', ...key, challenge: await challengeOf('S1.a'), proof: toBase64url(forged) };
      const answer = await call('S1.a', 'POST', '/v1/me/phones', body);
      expect(answer).toMatchObject({ status: 400, body: { field: expect.stringMatching(/publicKey|proof/) } });
    }
  });

  it('beyond the allowed number needs one to be replaced, which is denied at once', async () => {
    const first = await enrol('S1.a');
    await enrol('S1.a');
    expect(await enrol('S1.a')).toMatchObject({ status: 409, body: { code: 'conflict', field: 'replaces' } });
    expect(await denies()).toEqual([]);
    expect((await enrol('S1.a', { replaces: first.id })).status).toBe(201);
    expect(await denies()).toEqual([{ kind: 'deny', reason: 'withdrawn', actor: 'S1' }]);
    expect(registry.heard.at(-1)?.deny?.ops).toHaveLength(1);
  });

  it('is slowed down for a session that tries again and again', async () => {
    for (let times = 0; times < 20; times += 1) await call('S1.a', 'POST', '/v1/me/phones', await bodyOf('S1.a', FAKE));
    expect((await enrol('S1.b')).status).toBe(429);
    expect((await enrol('S2.a')).status).toBe(201);
    nowMs += HOUR_MS;
    expect((await enrol('S1.b')).status).toBe(201);
  });
});

const FAKE: Key = { algorithm: 'ES256', publicKey: 'A'.repeat(87), sign: async () => 'A'.repeat(86) };

describe("somebody else's phone", () => {
  it('is not there: not to list, withdraw, replace or certify', async () => {
    const { id } = await enrol('S1.a');
    expect((await call('S2.a', 'GET', '/v1/me/phones')).body).toMatchObject({ items: [] });
    const attempts = [
      await call('S2.a', 'DELETE', `/v1/me/phones/${id}`),
      await call('S2.a', 'GET', `/v1/me/phones/${id}/certificates`),
      await enrol('S2.a', { replaces: id }),
      await call('S2.a', 'DELETE', '/v1/me/phones/999999'),
    ];
    expect(attempts.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await denies()).toEqual([]);
    expect((await call('S1.a', 'GET', `/v1/me/phones/${id}/certificates`)).body).toEqual({ items: [] });
    expect((await call('S1.a', 'DELETE', `/v1/me/phones/${id}`)).body).toEqual({ changed: true });
  });
});

describe('a phone without a session', () => {
  it('learns by its key whether it is in use, and the time', async () => {
    const key = await makeKey('EdDSA');
    const { id } = await enrol('S1.a', { key });
    const ask = async (of: string, timeMs: number, by = key) =>
      call(undefined, 'POST', '/v1/phones/status', {
        id: of,
        timeMs,
        proof: await by.sign(statusStatement(CAMPUS, of, timeMs)),
      });
    expect((await ask(id, nowMs - 60_000)).body).toEqual({ state: 'active', nowMs, endedAt: null });
    await enrol('S1.a', { replaces: id });
    expect((await ask(id, nowMs)).body).toMatchObject({ state: 'replaced', endedAt: expect.any(String) });
    const refused = [
      await ask(id, nowMs, await makeKey('EdDSA')),
      await ask('999999', nowMs),
      await ask(id, nowMs - 25 * HOUR_MS),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });
});

describe('own cards', () => {
  const issue = async (holder: string, uid = randomUid()) => {
    const card = { uid, person: holder, class: 'uid-only' as const, validUntilMs: null };
    return value(await issueCard(context, card, ACTOR)).cards[0] as number;
  };

  it('are reported lost, effective at the gates, and found again by who reported them', async () => {
    const id = await issue('S1');
    expect((await call('S1.a', 'GET', '/v1/me/cards')).body).toMatchObject({
      items: [{ id: String(id), state: 'active', mayReport: true, mayFind: false }],
    });
    const lost = await call('S1.a', 'POST', `/v1/me/cards/${id}/lose?waitMs=1000`);
    expect(lost.body).toMatchObject({
      card: { state: 'lost', mayReport: false, mayFind: true },
      confirmation: { online: 1, confirmed: 1, confirmedMs: 7 },
    });
    expect((await call('S1.a', 'POST', `/v1/me/cards/${id}/lose`)).status).toBe(409);
    nowMs += 23 * HOUR_MS;
    expect((await call('S1.a', 'POST', `/v1/me/cards/${id}/found`)).body).toMatchObject({ card: { state: 'active' } });
    expect(await denies()).toEqual([
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
    await call('S1.a', 'POST', `/v1/me/cards/${late}/lose`);
    await call('S1.a', 'POST', `/v1/me/cards/${withdrawn}/lose`);
    value(await loseCard(context, byOffice, ACTOR));
    value(await actOnCard(context, frozen, 'freeze', ACTOR));
    value(await actOnCard(context, withdrawn, 'withdraw', ACTOR));
    expect((await call('S1.a', 'POST', `/v1/me/cards/${frozen}/lose`)).status).toBe(409);
    nowMs += 24 * HOUR_MS;
    for (const id of [late, byOffice, frozen, withdrawn])
      expect((await call('S1.a', 'POST', `/v1/me/cards/${id}/found`)).status).toBe(409);
    const { body } = await call('S1.a', 'GET', '/v1/me/cards');
    expect(body['items']).toMatchObject([{ mayFind: false }, { mayFind: false }, { mayReport: false }]);
  });

  it('that the office lost anew after they were found are the office’s', async () => {
    const id = await issue('S1');
    await call('S1.a', 'POST', `/v1/me/cards/${id}/lose`);
    await call('S1.a', 'POST', `/v1/me/cards/${id}/found`);
    value(await loseCard(context, id, ACTOR));
    expect((await call('S1.a', 'POST', `/v1/me/cards/${id}/found`)).status).toBe(409);
  });

  it('of somebody else are not there', async () => {
    const id = await issue('S1');
    expect((await call('S2.a', 'POST', `/v1/me/cards/${id}/lose`)).status).toBe(404);
    expect((await call('S2.a', 'GET', '/v1/me/cards')).body).toEqual({ items: [] });
    await call('S1.a', 'POST', `/v1/me/cards/${id}/lose`);
    expect((await call('S2.a', 'POST', `/v1/me/cards/${id}/found`)).status).toBe(404);
    expect(await denies()).toHaveLength(1);
  });

  describe('and passages', () => {
    let seq = 0;
    const refOf = async (card: number) =>
      (
        await registry.database.db
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
      return insertEvents(registry.database, [
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
      const { body } = await call(who, 'GET', `/v1/me/passages${query}`);
      return body as { items: Record<string, unknown>[]; next?: string };
    };

    it('are shown with what became of them, and why not', async () => {
      const ref = await refOf(await issue('S1'));
      await store('access-granted', ref, nowMs + 1_000, { admission: 'x' });
      await store('access-taken', ref, nowMs + 3_000, { admission: 'x', via: undefined });
      await store('access-granted', ref, nowMs + 4_000);
      await store('access-denied', ref, nowMs + 5_000, { reason: 'NotPermittedAtThisTime' });
      nowMs += 10_000;
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

    it('of a card that changed hands stay with whom they belong', async () => {
      const uid = randomUid();
      const first = await issue('S1', uid);
      const ref = await refOf(first);
      await store('access-granted', ref, nowMs + 1_000);
      nowMs += 10 * HOUR_MS;
      value(await actOnCard(context, first, 'withdraw', ACTOR));
      await issue('S2', uid);
      // Uploaded late: the registry takes the card for the new holder's.
      await store('access-granted', ref, NOW_MS + 2_000);
      await store('access-granted', ref, nowMs + 1_000);
      nowMs += 10_000;
      expect((await passages('S2.a')).items).toHaveLength(1);
      expect((await passages('S1.a')).items).toHaveLength(1);
    });

    it('are paged newest first, each once, back to half a year', async () => {
      const ref = await refOf(await issue('S1'));
      nowMs += 200 * 24 * HOUR_MS;
      for (const days of [1, 2, 2, 3, 179, 181]) await store('access-granted', ref, nowMs - days * 24 * HOUR_MS);
      const seen: unknown[] = [];
      let cursor = '';
      do {
        const page = await passages('S1.a', `?limit=2${cursor}`);
        seen.push(...page.items.map(({ at }) => (nowMs - Date.parse(String(at))) / (24 * HOUR_MS)));
        cursor = page.next === undefined ? '' : `&cursor=${page.next}`;
      } while (cursor !== '');
      expect(seen).toEqual([1, 2, 2, 3, 179]);
      expect((await call('S1.a', 'GET', '/v1/me/passages?cursor=x')).status).toBe(400);
    });

    it('say whether a phone or a code of another app was shown', async () => {
      await enrol('S1.a');
      const { db } = registry.database;
      const phone = await db.selectFrom('phone').select('campus_ref').executeTakeFirstOrThrow();
      const holder = await db.selectFrom('person').select('id').where('number', '=', 'S1').executeTakeFirstOrThrow();
      const code = 'cd'.repeat(8);
      await db.insertInto('code_reference').values({ campus_ref: code, person_id: holder.id }).execute();
      await store('access-granted', phone.campus_ref, nowMs + 1_000, {}, 'phone-code');
      await store('access-granted', code, nowMs + 2_000, {}, 'phone-code');
      expect((await passages('S1.a')).items.map((item) => item['with'])).toEqual(['code', 'phone']);
      expect((await passages('S2.a')).items).toEqual([]);
    });
  });
});
