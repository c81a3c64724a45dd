// SPDX-License-Identifier: Apache-2.0
// A person's pass and phones over HTTP, and what somebody else gets instead.
import { randomBytes } from 'node:crypto';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { enrolmentStatement, statusStatement } from '@latchkey/protocols/codes/phone-statement';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putPerson } from '../registry/people.ts';
import { ACTOR, CAMPUS, NOW_MS, person, value } from '../registry/registry.test-support.ts';
import { HOUR_MS, type Key, makeKey, OwnBench, proofOf } from './own-bench.test-support.ts';

let bench: OwnBench;
beforeEach(async () => {
  bench = await OwnBench.open();
});
afterEach(() => bench.close());

const FAKE: Key = { algorithm: 'ES256', publicKey: 'A'.repeat(87), sign: async () => 'A'.repeat(86) };

describe('the pass', () => {
  it('names the zones in which its person has a right', async () => {
    const { body } = await bench.call('S1.a', 'GET', '/v1/me/pass');
    expect(body).toEqual({
      campusId: CAMPUS,
      number: 'S1',
      name: '王小明',
      nowMs: NOW_MS,
      zones: [{ zone: 1, name: '1号楼', nameEn: '' }],
      phonesAllowed: 2,
    });
    value(await putPerson(bench.context, 'S1', person({ groups: [] }), ACTOR));
    expect((await bench.call('S1.a', 'GET', '/v1/me/pass')).body['zones']).toEqual([]);
  });

  it('is for people who are signed in: not for the token, not for whoever is gone', async () => {
    expect((await bench.call(undefined, 'GET', '/v1/me/pass')).body).toMatchObject({ code: 'only-for-people' });
    expect((await bench.call('nobody.a', 'GET', '/v1/me/pass')).status).toBe(404);
  });
});

describe('enrolling a phone', () => {
  it.each(['ES256', 'EdDSA'] as const)('takes a key of %s with its proof', async (algorithm) => {
    const { status, body } = await bench.enrol('S1.a', { key: await makeKey(algorithm) });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      phone: { algorithm, state: 'active', name: '手机', endedAt: null },
      certificates: [],
    });
    expect((await bench.call('S1.a', 'GET', '/v1/me/phones')).body).toMatchObject({
      items: [body['phone']],
      allowed: 2,
    });
  });

  it('refuses a replayed challenge, also one that failed', async () => {
    const key = await makeKey();
    const body = await bench.bodyOf('S1.a', key);
    expect(
      (await bench.call('S1.a', 'POST', '/v1/me/phones', { ...body, proof: toBase64url(randomBytes(64)) })).body,
    ).toMatchObject({ code: 'invalid-request', field: 'proof' });
    expect((await bench.call('S1.a', 'POST', '/v1/me/phones', body)).body).toMatchObject({ field: 'challenge' });
    const good = await bench.bodyOf('S1.a', key);
    expect((await bench.call('S1.a', 'POST', '/v1/me/phones', good)).status).toBe(201);
    expect((await bench.call('S1.a', 'POST', '/v1/me/phones', good)).body).toMatchObject({ field: 'challenge' });
  });

  it('refuses a challenge of another session, of somebody else, or five minutes old', async () => {
    const body = await bench.bodyOf('S1.a', await makeKey());
    expect((await bench.call('S1.b', 'POST', '/v1/me/phones', body)).body).toMatchObject({ field: 'challenge' });
    const other = await bench.bodyOf('S1.a', await makeKey());
    expect((await bench.call('S2.a', 'POST', '/v1/me/phones', other)).body).toMatchObject({ field: 'challenge' });
    const late = await bench.bodyOf('S1.a', await makeKey());
    bench.nowMs += 5 * 60_000;
    expect((await bench.call('S1.a', 'POST', '/v1/me/phones', late)).body).toMatchObject({ field: 'challenge' });
  });

  it('refuses a proof by another key, and one made for another campus', async () => {
    const [key, thief] = [await makeKey(), await makeKey()];
    const challenge = await bench.challengeOf('S1.a');
    const stolen = { name: 'x', algorithm: key.algorithm, publicKey: key.publicKey, challenge };
    const proof = await proofOf(thief, challenge);
    expect((await bench.call('S1.a', 'POST', '/v1/me/phones', { ...stolen, proof })).body).toMatchObject({
      field: 'proof',
    });
    const again = await bench.challengeOf('S1.a');
    const elsewhere = await key.sign(enrolmentStatement('ff'.repeat(8), Buffer.from(again, 'base64url')));
    const body = { ...stolen, challenge: again, proof: elsewhere };
    expect((await bench.call('S1.a', 'POST', '/v1/me/phones', body)).body).toMatchObject({ field: 'proof' });
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
      const body = { name: 'x', ...key, challenge: await bench.challengeOf('S1.a'), proof: toBase64url(forged) };
      const answer = await bench.call('S1.a', 'POST', '/v1/me/phones', body);
      expect(answer).toMatchObject({ status: 400, body: { field: expect.stringMatching(/publicKey|proof/) } });
    }
  });

  it('needs a fresh sign-in, because the phone outlasts the session; the phones there are can be stopped without', async () => {
    expect(await bench.call('S1.old', 'POST', '/v1/me/phones/challenge')).toMatchObject({
      status: 403,
      body: { code: 'sign-in-again' },
    });
    const fresh = await bench.bodyOf('S1.a', await makeKey());
    expect((await bench.call('S1.old', 'POST', '/v1/me/phones', fresh)).body).toMatchObject({ field: 'challenge' });
    const { id } = await bench.enrol('S1.a');
    expect((await bench.call('S1.old', 'DELETE', `/v1/me/phones/${id}`)).status).toBe(200);
  });

  it('beyond the allowed number needs one to be replaced, which is denied at once', async () => {
    const first = await bench.enrol('S1.a');
    await bench.enrol('S1.a');
    expect(await bench.enrol('S1.a')).toMatchObject({ status: 409, body: { code: 'conflict', field: 'replaces' } });
    expect(await bench.denies()).toEqual([]);
    expect((await bench.enrol('S1.a', { replaces: first.id })).status).toBe(201);
    expect(await bench.denies()).toEqual([{ kind: 'deny', reason: 'withdrawn', actor: 'S1' }]);
    expect(bench.registry.heard.at(-1)?.deny?.ops).toHaveLength(1);
  });

  it('is slowed down for a session that tries again and again', async () => {
    for (let times = 0; times < 20; times += 1)
      await bench.call('S1.a', 'POST', '/v1/me/phones', await bench.bodyOf('S1.a', FAKE));
    expect((await bench.enrol('S1.b')).status).toBe(429);
    expect((await bench.enrol('S2.a')).status).toBe(201);
    bench.nowMs += HOUR_MS;
    expect((await bench.enrol('S1.b')).status).toBe(201);
  });
});

describe("somebody else's phone", () => {
  it('is not there: not to list, withdraw, replace or certify', async () => {
    const { id } = await bench.enrol('S1.a');
    expect((await bench.call('S2.a', 'GET', '/v1/me/phones')).body).toMatchObject({ items: [] });
    const attempts = [
      await bench.call('S2.a', 'DELETE', `/v1/me/phones/${id}`),
      await bench.call('S2.a', 'GET', `/v1/me/phones/${id}/certificates`),
      await bench.enrol('S2.a', { replaces: id }),
      await bench.call('S2.a', 'DELETE', '/v1/me/phones/999999'),
    ];
    expect(attempts.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await bench.denies()).toEqual([]);
    expect((await bench.call('S1.a', 'GET', `/v1/me/phones/${id}/certificates`)).body).toEqual({ items: [] });
    expect((await bench.call('S1.a', 'DELETE', `/v1/me/phones/${id}`)).body).toEqual({ changed: true });
  });
});

describe('a phone without a session', () => {
  it('learns by its key whether it is in use, and the time', async () => {
    const key = await makeKey('EdDSA');
    const { id } = await bench.enrol('S1.a', { key });
    const ask = async (of: string, timeMs: number, by = key) =>
      bench.call(undefined, 'POST', '/v1/phones/status', {
        id: of,
        timeMs,
        proof: await by.sign(statusStatement(CAMPUS, of, timeMs)),
      });
    expect((await ask(id, bench.nowMs - 60_000)).body).toEqual({ state: 'active', nowMs: bench.nowMs, endedAt: null });
    await bench.enrol('S1.a', { replaces: id });
    expect((await ask(id, bench.nowMs)).body).toMatchObject({ state: 'replaced', endedAt: expect.any(String) });
    const refused = [
      await ask(id, bench.nowMs, await makeKey('EdDSA')),
      await ask('999999', bench.nowMs),
      await ask(id, bench.nowMs - 25 * HOUR_MS),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });
});
