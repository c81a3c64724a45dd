// SPDX-License-Identifier: Apache-2.0
// Signing in through a real identity provider in a process of its own, and everything that must not work.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimOf } from './oidc.ts';
import type { OidcConfig } from './open-sign-in.ts';
import { INITIAL, ORIGIN, openTestSignIn, TestBrowser, type TestSignIn } from './sign-in.test-support.ts';

const CALLBACK = `${ORIGIN}/v1/sign-in/oidc/callback`;
let provider: { process: ChildProcess; issuer: string };
let test: TestSignIn;
let browser: TestBrowser;

async function startProvider(): Promise<{ process: ChildProcess; issuer: string }> {
  const path = fileURLToPath(new URL('./oidc-provider.test-support.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ORIGIN], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) return { process: child, issuer: line };
  throw new Error('the identity provider did not start');
}
const configFor = (issuer: string): OidcConfig => ({
  issuer,
  clientId: 'latchkey',
  clientSecret: 'a secret of the test',
  scopes: 'openid profile',
  name: '统一身份认证',
  nameEn: 'Campus sign-in',
  numberClaim: 'attributes.XH',
});

beforeAll(async () => {
  provider = await startProvider();
  test = await openTestSignIn({ oidc: configFor(provider.issuer) });
});
afterAll(async () => {
  provider.process.kill();
  await test.close();
});
beforeEach(() => {
  browser = new TestBrowser(test.app);
});

/** What a browser does at the provider: follows, fills in the two forms, stops when it is sent back to us. */
async function atProvider(begin: string, login: string): Promise<URL> {
  const jar = new Map<string, string>();
  let url = begin;
  let form: string | undefined;
  for (let step = 0; step < 12; step++) {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: {
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      jar.set(name, value);
    }
    const location = answer.headers.get('location');
    form = undefined;
    if (location !== null) {
      url = new URL(location, url).href;
      if (url.startsWith(CALLBACK)) return new URL(url);
      continue;
    }
    const page = await answer.text();
    url = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', url).href;
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1] ?? '';
    form = new URLSearchParams({ prompt, login, password: 'any' }).toString();
  }
  throw new Error('the provider never sent the browser back');
}

const begin = async (from = browser, returnTo = '/pass/') => {
  const answer = await from.send('GET', `/v1/sign-in/oidc?return=${encodeURIComponent(returnTo)}`);
  expect(answer.statusCode).toBe(302);
  return String(answer.headers.location);
};
const comeBack = (url: URL, from = browser) => from.send('GET', url.pathname + url.search);

describe('the identity provider', () => {
  it('is offered by its name', async () => {
    const answer = await browser.send('GET', '/v1/sign-in/methods');
    expect(answer.json()).toEqual({
      password: true,
      passkey: true,
      oidc: { name: '统一身份认证', nameEn: 'Campus sign-in' },
    });
  });

  it('is asked with PKCE, state and nonce, each new every time', async () => {
    const one = new URL(await begin()).searchParams;
    const other = new URL(await begin()).searchParams;
    expect(one.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.get(name)?.length).toBeGreaterThanOrEqual(43);
      expect(one.get(name)).not.toBe(other.get(name));
    }
  });

  it("leads to a session of the claim's person, and back to where it began", async () => {
    const back = await comeBack(await atProvider(await begin(browser, '/pass/cards'), 'wang'));
    expect(back.statusCode).toBe(302);
    expect(back.headers.location).toBe(`${ORIGIN}/pass/cards`);
    const me = (await browser.send('GET', '/v1/me')).json();
    expect(me).toMatchObject({ number: '2026000001', mustChangePassword: false });
    browser.csrf = me.csrf;
    const { continueAt } = (await browser.send('POST', '/v1/sign-out')).json();
    const end = new URL(continueAt);
    expect(end.origin).toBe(provider.issuer);
    expect(end.searchParams.get('post_logout_redirect_uri')).toBe(`${ORIGIN}/pass/`);
    expect(end.searchParams.get('id_token_hint')).toMatch(/^ey/);
    expect((await browser.send('GET', '/v1/me')).statusCode).toBe(401);
  });

  it('makes nobody: a person it knows and the registry does not is refused in words', async () => {
    const back = await comeBack(await atProvider(await begin(), 'stranger'));
    expect(back.statusCode).toBe(403);
    expect(back.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(back.body).toContain('Access control does not know you');
    expect(browser.session).toBe('');
    const { db } = test.registry.database;
    expect(await db.selectFrom('person').select('id').where('number', '=', '1999000000').execute()).toEqual([]);
  });

  it('that says no is believed', async () => {
    const state = new URL(await begin()).searchParams.get('state') ?? '';
    const url = new URL(CALLBACK);
    url.search = new URLSearchParams({ error: 'access_denied', state, iss: provider.issuer }).toString();
    const back = await comeBack(url);
    expect(back.statusCode).toBe(403);
    expect(back.body).toContain('did not vouch');
  });
});

describe('a way back is refused', () => {
  const refused = async (url: URL, status: number, from = browser) => {
    const back = await comeBack(url, from);
    expect(back.statusCode).toBe(status);
    expect(from.session).toBe('');
  };

  it('with another state', async () => {
    const url = await atProvider(await begin(), 'wang');
    url.searchParams.set('state', 'A'.repeat(43));
    await refused(url, 400);
  });

  it('in another browser, or one that began another sign-in', async () => {
    const url = await atProvider(await begin(), 'wang');
    await refused(url, 400, new TestBrowser(test.app));
    const victim = new TestBrowser(test.app);
    await begin(victim);
    await refused(url, 400, victim);
  });

  it('a second time', async () => {
    const url = await atProvider(await begin(), 'wang');
    const sealed = browser.cookies.get('__Host-latchkey-oidc') ?? '';
    expect((await comeBack(url)).statusCode).toBe(302);
    const thief = new TestBrowser(test.app);
    thief.cookies.set('__Host-latchkey-oidc', sealed);
    await refused(url, 400, thief);
  });

  it('with a code that expired', async () => {
    const url = await atProvider(await begin(), 'wang');
    await sleep(4_500);
    await refused(url, 403);
  });

  it('with a code for another verifier', async () => {
    const url = await atProvider(await begin(), 'wang');
    await reseal({ verifier: 'B'.repeat(43) });
    await refused(url, 403);
  });

  it('with another nonce in the ID token', async () => {
    const url = await atProvider(await begin(), 'wang');
    await reseal({ nonce: 'B'.repeat(43) });
    await refused(url, 403);
  });

  it('from another issuer', async () => {
    const url = await atProvider(await begin(), 'wang');
    url.searchParams.set('iss', 'https://evil.example');
    await refused(url, 403);
  });

  it('after its time', async () => {
    const url = await atProvider(await begin(), 'wang');
    test.clock.nowMs += 16 * 60_000;
    await refused(url, 400);
  });

  it('with a cookie nobody sealed', async () => {
    const url = await atProvider(await begin(), 'wang');
    for (const forged of ['x', 'A'.repeat(400), '%', `A${browser.cookies.get('__Host-latchkey-oidc')}`]) {
      const thief = new TestBrowser(test.app);
      thief.cookies.set('__Host-latchkey-oidc', forged);
      await refused(url, 400, thief);
    }
  });

  /** The same cookie with something else in it, as if two sign-ins had been mixed up. */
  async function reseal(change: object): Promise<void> {
    const { keystore } = test.registry;
    const sealed = Buffer.from(browser.cookies.get('__Host-latchkey-oidc') ?? '', 'base64url');
    const kept = JSON.parse(Buffer.from(keystore.open(sealed)).toString('utf8')) as object;
    const text = JSON.stringify({ ...kept, ...change });
    browser.cookies.set('__Host-latchkey-oidc', Buffer.from(keystore.seal(Buffer.from(text))).toString('base64url'));
  }
});

describe('attack: an open redirect in return', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/pass/',
    '/\\evil.example',
    '/pass/..//evil.example',
    '/pass/%2e%2e//evil.example',
    '/pass/?next=//evil.example',
    '/pass/\r\nset-cookie: a=b',
    'javascript:alert(1)',
    '/v1/me',
    '',
  ])('%s is refused', async (returnTo) => {
    const answer = await browser.send('GET', `/v1/sign-in/oidc?return=${encodeURIComponent(returnTo)}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers.location).toBeUndefined();
  });
});

describe('a provider that is away', () => {
  it('is a page that says so, and passwords still work', async () => {
    const gone = await openTestSignIn({ oidc: configFor('http://127.0.0.1:9') });
    const visitor = new TestBrowser(gone.app);
    const answer = await visitor.send('GET', '/v1/sign-in/oidc');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain('cannot be reached');
    const chinese = await visitor.send('GET', '/v1/sign-in/oidc', undefined, { 'accept-language': 'zh-CN' });
    expect(chinese.body).toContain('暂时无法访问');
    expect((await visitor.signIn('2026000001', INITIAL)).statusCode).toBe(200);
    await gone.close();
  });

  it('or that calls itself something else, is not talked to', async () => {
    const server: Server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ issuer: 'https://evil.example', authorization_endpoint: 'https://evil.example/a' }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fooled = await openTestSignIn({ oidc: configFor(issuer) });
    const answer = await new TestBrowser(fooled.app).send('GET', '/v1/sign-in/oidc');
    expect(answer.statusCode).toBeGreaterThanOrEqual(403);
    expect(answer.headers.location).toBeUndefined();
    await fooled.close();
    server.close();
  });

  it('on the way back is a page, too, and no session', async () => {
    const url = await atProvider(await begin(), 'wang');
    provider.process.kill('SIGKILL');
    await new Promise((resolve) => provider.process.once('exit', resolve));
    const back = await comeBack(url);
    expect(back.statusCode).toBe(503);
    expect(browser.session).toBe('');
    provider = await startProvider();
  });
});

describe('the number in a claim', () => {
  it.each([
    [{ preferred_username: '2026000001' }, 'preferred_username', '2026000001'],
    [{ attributes: { XH: ['2026000001'] } }, 'attributes.XH', '2026000001'],
    [{ uid: 2026000001 }, 'uid', '2026000001'],
    [{ uid: ' 2026000001 ' }, 'uid', '2026000001'],
    [{ uid: ['1', '2'] }, 'uid', undefined],
    [{ uid: '' }, 'uid', undefined],
    [{ uid: null }, 'uid', undefined],
    [{ uid: true }, 'uid', undefined],
    [{ uid: 1.5 }, 'uid', undefined],
    [{}, 'constructor.name', undefined],
    [{ attributes: 'x' }, 'attributes.length', undefined],
  ])('of %j at %s is %s', (claims, path, expected) => {
    expect(claimOf(claims, path)).toBe(expected);
  });
});
