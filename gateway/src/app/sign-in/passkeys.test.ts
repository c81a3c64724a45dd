// SPDX-License-Identifier: Apache-2.0
// Passkeys in a real browser with a virtual authenticator, over plain HTTP on localhost: cookies, registration, sign-in, replay.
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INITIAL, OWN_PASSWORD, openTestSignIn, type TestSignIn } from './sign-in.test-support.ts';

const STUDENT = '2026000001';
let test: TestSignIn;
let browser: Browser;
let page: Page;
let devtools: CDPSession;
let authenticator = '';
let origin = 'http://localhost';

beforeAll(async () => {
  test = await openTestSignIn({ origin: () => origin });
  origin = (await test.app.listen({ host: 'localhost', port: 0 })).replace(/\/\/[^:]+|\/\/\[.*\]/, '//localhost');
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  page = await browser.newPage();
  // A page of this origin without a policy of its own; what it asks for goes to the gateway.
  await page.route('**/pass/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto(`${origin}/pass/`);
  devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
  } as const;
  authenticator = (await devtools.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
});
afterAll(async () => {
  await browser.close();
  await test.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A request as the page makes it: cookies by the browser, csrf token as told. */
const ask = (method: string, path: string, body?: object, csrf = '') =>
  page.evaluate(
    async ([verb, url, payload, token]) => {
      const headers = { ...(payload === '' ? {} : { 'content-type': 'application/json' }), 'x-latchkey-csrf': token };
      const answer = await fetch(url, { method: verb, headers, ...(payload === '' ? {} : { body: payload }) });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    [method, path, body === undefined ? '' : JSON.stringify(body), csrf] as const,
  );

/** Runs in the page, whose types are not those of node. */
const script = (source: string, ...values: readonly unknown[]) =>
  page.evaluate<Record<string, unknown>>(`(${source})(...${JSON.stringify(values)})`);

const CREATE = `async (options) => (await navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON()`;
const GET = `async (options) => (await navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON()`;

interface Begun {
  readonly flow: string;
  readonly options: Record<string, unknown>;
}
const begin = async (path: string, csrf = '') => (await ask('POST', path, undefined, csrf)).body as unknown as Begun;
const assertion = async (change: object = {}) => {
  const { flow, options } = await begin('/v1/sign-in/passkey/options');
  return { flow, response: await script(GET, { ...options, ...change }) };
};
const signIn = (answer: object): Promise<Answer> => ask('POST', '/v1/sign-in/passkey', answer);

async function signInByPassword(): Promise<string> {
  await ask('POST', '/v1/sign-in/password', { number: STUDENT, password: OWN_PASSWORD });
  return String((await ask('GET', '/v1/me')).body['csrf']);
}

describe('a passkey', () => {
  it('is made while signed in; Secure __Host- cookies work on plain localhost', async () => {
    await ask('POST', '/v1/sign-in/password', { number: STUDENT, password: INITIAL });
    const initial = await ask('GET', '/v1/me');
    expect(initial).toMatchObject({ status: 200, body: { mustChangePassword: true } });
    const change = { current: INITIAL, next: OWN_PASSWORD };
    const { body: me } = await ask('POST', '/v1/me/password', change, String(initial.body['csrf']));
    const csrf = String(me['csrf']);
    const cookies = await page.context().cookies(origin);
    expect(cookies.find(({ name }) => name === '__Host-latchkey')).toMatchObject({ secure: true, httpOnly: true });
    const { flow, options } = await begin('/v1/me/passkeys/options', csrf);
    expect(JSON.stringify(options)).toContain('"userVerification":"required"');
    const made = { flow, response: await script(CREATE, options), name: 'laptop' };
    expect(await ask('POST', '/v1/me/passkeys', made, csrf)).toMatchObject({ status: 201, body: { name: 'laptop' } });
    expect((await ask('POST', '/v1/me/passkeys', made, csrf)).status).toBe(400);
    expect((await ask('POST', '/v1/sign-out', undefined, csrf)).body).toEqual({ continueAt: null });
    expect((await ask('GET', '/v1/me')).status).toBe(401);
  });

  it('signs in without a number, and says when it did', async () => {
    const answer = await signIn(await assertion());
    expect(answer).toMatchObject({ status: 200, body: { number: STUDENT, mustChangePassword: false } });
    const { body } = await ask('GET', '/v1/me/passkeys');
    expect(body['items']).toMatchObject([{ name: 'laptop', lastUsedAt: expect.any(String) }]);
  });

  it('is not for whoever may no longer sign in', async () => {
    await test.signIn.services.accounts.setDisabled(STUDENT, true, 'test');
    expect((await signIn(await assertion())).status).toBe(401);
    await test.signIn.services.accounts.setDisabled(STUDENT, false, 'test');
  });
});

describe('attack: a replayed passkey answer', () => {
  it('is refused, though it was good once', async () => {
    const answer = await assertion();
    expect((await signIn(answer)).status).toBe(200);
    expect(await signIn(answer)).toMatchObject({ status: 401, body: { code: 'sign-in-refused' } });
  });

  it('is refused with another flow, whose challenge it does not answer', async () => {
    const { response } = await assertion();
    const { flow } = await begin('/v1/sign-in/passkey/options');
    expect((await signIn({ flow, response })).status).toBe(401);
  });

  it('is refused after its time', async () => {
    const answer = await assertion();
    test.clock.nowMs += 6 * 60_000;
    expect((await signIn(answer)).status).toBe(401);
  });

  it('of two at once only one comes in', async () => {
    const answer = await assertion();
    const statuses = (await Promise.all([signIn(answer), signIn(answer)])).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 401]);
  });
});

describe('a passkey answer is refused', () => {
  it('where the authenticator did not verify its user', async () => {
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: false });
    expect((await signIn(await assertion({ userVerification: 'discouraged' }))).status).toBe(401);
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: true });
  });

  it('where the counter went back: the key was copied', async () => {
    const { db } = test.registry.database;
    await db.updateTable('passkey').set({ counter: 1_000_000 }).execute();
    expect((await signIn(await assertion())).status).toBe(401);
    await db.updateTable('passkey').set({ counter: 0 }).execute();
    expect((await signIn(await assertion())).status).toBe(200);
  });

  it('where it names another person', async () => {
    const answer = await assertion();
    const response = answer.response['response'] as Record<string, unknown>;
    const forged = {
      ...answer.response,
      response: { ...response, userHandle: Buffer.alloc(32).toString('base64url') },
    };
    expect((await signIn({ flow: answer.flow, response: forged })).status).toBe(401);
  });

  it('where it is nonsense', async () => {
    const { flow } = await begin('/v1/sign-in/passkey/options');
    for (const response of [{}, { id: 5 }, { id: 'x', response: null }, { id: 'x'.repeat(500) }])
      expect((await signIn({ flow, response })).status).toBe(401);
  });

  it('where its flow was opened for registering, or in another session', async () => {
    const csrf = await signInByPassword();
    const { flow, options } = await begin('/v1/me/passkeys/options', csrf);
    const { options: request } = await begin('/v1/sign-in/passkey/options');
    const response = await script(GET, { ...request, challenge: options['challenge'] });
    expect((await signIn({ flow, response })).status).toBe(401);
    const other = await signInByPassword();
    const again = await begin('/v1/me/passkeys/options', other);
    const third = await signInByPassword();
    const made = await script(CREATE, { ...again.options, excludeCredentials: [] });
    expect((await ask('POST', '/v1/me/passkeys', { flow: again.flow, response: made, name: 'x' }, third)).status).toBe(
      400,
    );
  });
});

it('a passkey that is removed signs nobody in', async () => {
  const csrf = await signInByPassword();
  const { items } = (await ask('GET', '/v1/me/passkeys')).body as { items: { id: string }[] };
  const answer = await assertion();
  for (const { id } of items) expect((await ask('DELETE', `/v1/me/passkeys/${id}`, undefined, csrf)).status).toBe(200);
  expect((await signIn(answer)).status).toBe(401);
  expect((await ask('DELETE', `/v1/me/passkeys/${items[0]?.id}`, undefined, csrf)).status).toBe(404);
});
