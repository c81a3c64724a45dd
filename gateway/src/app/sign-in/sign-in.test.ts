// SPDX-License-Identifier: Apache-2.0
// Signing in with a password, what a session may do, and the attacks on both (DESIGN 8).
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ID_NUMBER,
  INITIAL,
  ORIGIN,
  OWN_PASSWORD,
  openTestSignIn,
  TestBrowser,
  type TestSignIn,
  TOKEN,
} from './sign-in.test-support.ts';

let test: TestSignIn;
let browser: TestBrowser;
let address = 1;
beforeAll(async () => {
  test = await openTestSignIn();
});
afterAll(async () => test.close());
beforeEach(() => {
  browser = new TestBrowser(test.app, `10.2.0.${address++}`);
});

const STUDENT = '2026000001';
const auditOf = (action: string) =>
  test.registry.database.db.selectFrom('audit').selectAll().where('action', '=', action).execute();

describe('the initial password', () => {
  it('comes with the people file, and nothing of the ID number stays', async () => {
    const rows = await test.registry.database.db.selectFrom('account').selectAll().execute();
    expect(rows).toHaveLength(2);
    expect(rows[0]?.initial_hash).toMatch(/^scrypt\$10\$/);
    const everything = JSON.stringify([
      rows,
      await test.registry.database.db.selectFrom('person').selectAll().execute(),
      await test.registry.database.db.selectFrom('audit').selectAll().execute(),
      test.log,
    ]);
    for (const secret of [ID_NUMBER, INITIAL, ID_NUMBER.slice(-6)]) expect(everything).not.toContain(secret);
  });

  it('is taken with X as it stands in the document, too', async () => {
    const answer = await browser.signIn('2026000002', ID_NUMBER.slice(-6));
    expect(answer.json()).toMatchObject({ number: '2026000002', mustChangePassword: true });
  });

  it('is good for nothing but changing it, and once changed opens nothing', async () => {
    expect((await browser.signIn(STUDENT, INITIAL)).json()).toMatchObject({ mustChangePassword: true });
    expect((await browser.send('GET', '/v1/groups')).json()).toMatchObject({ code: 'must-change-password' });
    expect((await browser.send('GET', '/v1/me/passkeys')).json()).toMatchObject({ code: 'must-change-password' });
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(200);
    const changed = await browser.send('POST', '/v1/me/password', { current: INITIAL, next: OWN_PASSWORD });
    expect(changed.json()).toMatchObject({ mustChangePassword: false });
    expect((await browser.send('GET', '/v1/me/passkeys')).statusCode).toBe(200);
    expect((await new TestBrowser(test.app).signIn(STUDENT, INITIAL)).json()).toMatchObject({
      code: 'sign-in-refused',
    });
    expect((await new TestBrowser(test.app).signIn(STUDENT, OWN_PASSWORD)).statusCode).toBe(200);
  });

  it.each([
    ['short', /at least 10 characters/],
    ['1234567890', /more different/],
    ['password123', /many people/],
    ['aaaaaaaaaaaaa', /more different/],
    [`${STUDENT}!`, /leave out your number/],
    [OWN_PASSWORD, /present one/],
  ])('is not followed by %s', async (next, advice) => {
    await browser.signIn(STUDENT, OWN_PASSWORD);
    const answer = await browser.send('POST', '/v1/me/password', { current: OWN_PASSWORD, next });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid-request', field: 'next' });
    expect(answer.json().fix).toMatch(advice);
  });
});

describe('a session', () => {
  it('has the cookie only this host can set and no script can read', async () => {
    const answer = await browser.signIn(STUDENT, OWN_PASSWORD);
    const cookie = answer.cookies.find(({ name }) => name === '__Host-latchkey');
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' });
    expect(cookie).not.toHaveProperty('domain');
    const rows = await test.registry.database.db.selectFrom('session').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(browser.session);
  });

  it('is listed, ended one by one, and everywhere', async () => {
    const other = new TestBrowser(test.app);
    await browser.signIn(STUDENT, OWN_PASSWORD);
    await other.signIn(STUDENT, OWN_PASSWORD);
    const { items } = (await browser.send('GET', '/v1/me/sessions')).json();
    const [mine] = items.filter(({ current }: { current: boolean }) => current);
    expect(mine).toMatchObject({ method: 'password', browser: '' });
    const theirs = (await other.send('GET', '/v1/me/sessions'))
      .json()
      .items.find((one: { current: boolean }) => one.current);
    expect((await browser.send('DELETE', `/v1/me/sessions/${theirs.id}`)).statusCode).toBe(200);
    expect((await other.send('GET', '/v1/me')).statusCode).toBe(401);
    await other.signIn(STUDENT, OWN_PASSWORD);
    expect((await browser.send('POST', '/v1/sign-out/everywhere')).json()).toEqual({ continueAt: null });
    expect((await other.send('GET', '/v1/me')).statusCode).toBe(401);
    expect(browser.session).toBe('');
  });

  it('of a student lasts thirty days, and ends when the person leaves', async () => {
    await browser.signIn(STUDENT, OWN_PASSWORD);
    test.clock.nowMs += 29 * 86_400_000;
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(200);
    test.clock.nowMs += 1.1 * 86_400_000;
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(401);
    const { db } = test.registry.database;
    await browser.signIn(STUDENT, OWN_PASSWORD);
    await db.updateTable('person').set({ active: 0 }).where('number', '=', STUDENT).execute();
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(401);
    expect((await browser.signIn(STUDENT, OWN_PASSWORD)).json()).toMatchObject({ code: 'sign-in-refused' });
    await db.updateTable('person').set({ active: 1 }).where('number', '=', STUDENT).execute();
  });

  it('gives out a passkey only soon after the sign-in', async () => {
    await browser.signIn(STUDENT, OWN_PASSWORD);
    expect((await browser.send('POST', '/v1/me/passkeys/options')).statusCode).toBe(200);
    test.clock.nowMs += 15 * 60_000;
    const late = await browser.send('POST', '/v1/me/passkeys/options');
    expect(late.json()).toMatchObject({ code: 'sign-in-again' });
  });

  it('ends elsewhere when the password is changed', async () => {
    const other = new TestBrowser(test.app);
    await other.signIn(STUDENT, OWN_PASSWORD);
    await browser.signIn(STUDENT, OWN_PASSWORD);
    const before = browser.session;
    await browser.send('POST', '/v1/me/password', { current: OWN_PASSWORD, next: `${OWN_PASSWORD} 2` });
    expect(browser.session).not.toBe(before);
    expect((await other.send('GET', '/v1/me')).statusCode).toBe(401);
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(200);
    browser.csrf = (await browser.send('GET', '/v1/me')).json().csrf;
    await browser.send('POST', '/v1/me/password', { current: `${OWN_PASSWORD} 2`, next: OWN_PASSWORD });
  });
});

describe('attack: session fixation', () => {
  it('a token brought along is never taken over, and the session before ends', async () => {
    const planted = 'A'.repeat(43);
    browser.cookies.set('__Host-latchkey', planted);
    await browser.signIn(STUDENT, OWN_PASSWORD);
    expect(browser.session).not.toBe(planted);
    const first = browser.session;
    await browser.signIn(STUDENT, OWN_PASSWORD);
    const old = new TestBrowser(test.app);
    old.cookies.set('__Host-latchkey', first);
    expect((await old.send('GET', '/v1/me')).statusCode).toBe(401);
    old.cookies.set('__Host-latchkey', planted);
    expect((await old.send('GET', '/v1/me')).statusCode).toBe(401);
  });
});

describe('attack: cross-site request forgery', () => {
  beforeEach(async () => void (await browser.signIn(STUDENT, OWN_PASSWORD)));
  const change = (headers: Record<string, string>) => browser.send('PUT', '/v1/groups/g', { name: 'g' }, headers);

  it('a change from this page with its csrf token passes', async () => {
    expect((await change({})).json()).not.toMatchObject({ code: 'cross-site' });
  });
  it.each([
    ['without the csrf token', { 'x-latchkey-csrf': '' }],
    ['with another csrf token', { 'x-latchkey-csrf': 'A'.repeat(43) }],
    ['from another origin', { origin: 'https://evil.example' }],
    ['from the null origin', { origin: 'null' }],
    ['from a sister host', { 'sec-fetch-site': 'same-site' }],
    ['from an origin that only begins like ours', { origin: `${ORIGIN}.evil.example` }],
  ])('a change %s is refused', async (_name, headers: Record<string, string>) => {
    expect((await change(headers)).json()).toMatchObject({ code: 'cross-site' });
  });
  it('a change that names no origin at all is refused', async () => {
    const cookie = `__Host-latchkey=${browser.session}`;
    const headers = { cookie, 'x-latchkey-csrf': browser.csrf };
    const answer = await test.app.inject({ method: 'PUT', url: '/v1/groups/g', headers, payload: { name: 'g' } });
    expect(answer.json()).toMatchObject({ code: 'cross-site' });
  });
  it('signing a victim in as somebody else is refused, too', async () => {
    const body = { number: STUDENT, password: OWN_PASSWORD };
    const answer = await browser.send('POST', '/v1/sign-in/password', body, { origin: 'https://evil.example' });
    expect(answer.json()).toMatchObject({ code: 'cross-site' });
  });
  it('the bearer token needs neither', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await test.app.inject({ method: 'PUT', url: '/v1/groups/g', headers, payload: { name: 'g' } });
    expect(answer.statusCode).toBe(200);
  });
});

describe('attack: cookie and bearer token together', () => {
  it('is refused, whichever of the two is good', async () => {
    await browser.signIn(STUDENT, OWN_PASSWORD);
    for (const authorization of [`Bearer ${TOKEN}`, 'Bearer wrong', 'Basic x']) {
      const answer = await browser.send('GET', '/v1/me', undefined, { authorization });
      expect(answer.json()).toMatchObject({ code: 'two-identities' });
    }
    const stale = new TestBrowser(test.app);
    stale.cookies.set('__Host-latchkey', 'B'.repeat(43));
    const answer = await stale.send('GET', '/v1/me', undefined, { authorization: `Bearer ${TOKEN}` });
    expect(answer.json()).toMatchObject({ code: 'two-identities' });
  });
});

describe('attack: finding out who has an account', () => {
  it('an unknown number, a person without a password, a disabled one and a wrong password are answered alike', async () => {
    await test.signIn.services.accounts.setDisabled('2026000002', true, 'test');
    const bodies = [];
    for (const number of ['2026999999', '2026000003', '2026000002', STUDENT]) {
      const { json, statusCode, headers } = await browser.signIn(number, INITIAL);
      const { requestId: _id, ...body } = json();
      bodies.push({ statusCode, body, length: headers['content-length'], cookies: headers['set-cookie'] });
    }
    for (const body of bodies) expect(body).toEqual(bodies[0]);
    await test.signIn.services.accounts.setDisabled('2026000002', false, 'test');
  });
});

describe('attack: passwords in the log', () => {
  it('neither passwords nor tokens nor numbers are logged, whatever goes wrong', async () => {
    await browser.signIn(STUDENT, 'guess-guess-guess');
    await browser.signIn(STUDENT, OWN_PASSWORD);
    await browser.send('POST', '/v1/me/password', { current: OWN_PASSWORD, next: 'x' });
    await browser.send('POST', '/v1/sign-in/password', { number: STUDENT, password: { nested: OWN_PASSWORD } });
    const log = test.log.join('');
    expect(log).toContain('/v1/sign-in/password');
    for (const secret of [OWN_PASSWORD, 'guess-guess-guess', STUDENT, browser.session, browser.csrf, INITIAL])
      expect(log).not.toContain(secret);
  });
});

describe('the audit chain', () => {
  it('names sign-ins and changes one by one, and failures by their count', async () => {
    for (let n = 0; n < 5; n++) await browser.signIn(STUDENT, 'wrong wrong wrong');
    for (let n = 0; n < 3; n++) await browser.signIn('nobody', 'wrong wrong wrong');
    expect(await auditOf('sign-in-failures')).toEqual([]);
    await test.signIn.close();
    const failures = await auditOf('sign-in-failures');
    expect(failures.map(({ subject }) => subject)).toContain('other accounts');
    const mine = failures.find(({ subject }) => subject === `person ${STUDENT}`);
    expect(JSON.parse(mine?.detail ?? '').failures).toBeGreaterThanOrEqual(5);
    expect((await auditOf('sign-in'))[0]).toMatchObject({ actor: expect.stringMatching(/^2026/) });
    expect((await auditOf('password-change')).length).toBeGreaterThan(0);
  });
});

describe('an administrator', () => {
  const call = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) =>
    test.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${TOKEN}`, 'accept-language': 'en' },
      ...(payload === undefined ? {} : { payload }),
    });

  it('resets a password: sessions and passkeys end, the new one is told once and must be changed', async () => {
    await browser.signIn(STUDENT, OWN_PASSWORD);
    const { db } = test.registry.database;
    const { id } = await db.selectFrom('person').select('id').where('number', '=', STUDENT).executeTakeFirstOrThrow();
    const planted = { person_id: id, public_key: new Uint8Array(1), counter: 0, transports: '[]', added_at: 0 };
    await db
      .insertInto('passkey')
      .values({ id: 'planted', name: 'x', ...planted })
      .execute();
    const answer = await call('POST', `/v1/people/${STUDENT}/account/reset`, {});
    expect(await db.selectFrom('passkey').selectAll().execute()).toEqual([]);
    const { temporaryPassword } = answer.json();
    expect(temporaryPassword).toMatch(/^[a-z2-9]{12}$/);
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(401);
    expect((await browser.signIn(STUDENT, OWN_PASSWORD)).statusCode).toBe(401);
    expect((await browser.signIn(STUDENT, temporaryPassword)).json()).toMatchObject({ mustChangePassword: true });
    await browser.send('POST', '/v1/me/password', { current: temporaryPassword, next: OWN_PASSWORD });
    expect((await call('GET', `/v1/people/${STUDENT}/account`)).json()).toMatchObject({ password: 'chosen' });
  });

  it('cannot go back to an initial password that never was', async () => {
    const answer = await call('POST', '/v1/people/2026000003/account/reset', { to: 'initial' });
    expect(answer.json()).toMatchObject({ code: 'wrong-state', field: 'to' });
  });

  it('keeps somebody out, and lets them in again', async () => {
    await browser.signIn(STUDENT, OWN_PASSWORD);
    const put = (disabled: boolean) => call('PUT', `/v1/people/${STUDENT}/account/disabled`, { disabled });
    expect((await put(true)).json()).toEqual({ changed: true });
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(401);
    expect((await browser.signIn(STUDENT, OWN_PASSWORD)).statusCode).toBe(401);
    expect((await put(false)).json()).toEqual({ changed: true });
    expect((await browser.signIn(STUDENT, OWN_PASSWORD)).statusCode).toBe(200);
  });

  it('is nobody on routes about oneself', async () => {
    expect((await call('GET', '/v1/me')).json()).toMatchObject({ number: null, roles: [{ role: 'administrator' }] });
    expect((await call('GET', '/v1/me/passkeys')).json()).toMatchObject({ code: 'only-for-people' });
  });
});
