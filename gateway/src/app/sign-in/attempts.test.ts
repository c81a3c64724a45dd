// SPDX-License-Identifier: Apache-2.0
// Guessing is slowed down, and nobody can use that to keep somebody else out.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Admission, type AttemptAllowances, createAttempts } from './attempts.ts';
import { INITIAL, OWN_PASSWORD, openTestSignIn, TestBrowser, type TestSignIn } from './sign-in.test-support.ts';

const SMALL: AttemptAllowances = {
  device: { points: 3, seconds: 900 },
  pair: { points: 3, seconds: 900 },
  network: { points: 8, seconds: 900 },
  account: { points: 6, seconds: 900 },
  slow: { points: 1, seconds: 900 },
};
const KEY = new Uint8Array(32);
const attempts = () => createAttempts(KEY, SMALL);
const stranger = (number: string, network: string) => ({ number, network, device: undefined });
const outcome = ({ ok }: Admission) => ok;

describe('attempts', () => {
  it('of one network at one account end after its allowance, those at other accounts go on', async () => {
    const { admit } = attempts();
    const seen: boolean[] = [];
    for (let n = 0; n < 4; n++) seen.push(outcome(await admit(stranger('a', 'n1'))));
    expect(seen).toEqual([true, true, true, false]);
    expect(outcome(await admit(stranger('b', 'n1')))).toBe(true);
    expect(outcome(await admit(stranger('a', 'n2')))).toBe(true);
  });

  it('of one network at many accounts end after its allowance', async () => {
    const { admit } = attempts();
    const seen: boolean[] = [];
    for (let n = 0; n < 9; n++) seen.push(outcome(await admit(stranger(`account ${n}`, 'n1'))));
    expect(seen).toEqual([...Array<boolean>(8).fill(true), false]);
    expect(outcome(await admit(stranger('account 1', 'n2')))).toBe(true);
  });

  it('of many networks at one account slow down to one a while', async () => {
    const { admit } = attempts();
    let heard = 0;
    for (let n = 0; n < 100; n++) if ((await admit(stranger('a', `n${n}`))).ok) heard += 1;
    expect(heard).toBe(SMALL.account.points + SMALL.slow.points);
    const refused = await admit(stranger('a', 'n999'));
    expect(refused).toMatchObject({ ok: false });
    expect(refused.ok ? 0 : refused.retryAfterMs).toBeGreaterThan(0);
  });

  it('from a known device count for that device only, and are counted there as well', async () => {
    const { admit } = attempts();
    for (let n = 0; n < 100; n++) await admit(stranger('a', `n${n}`));
    const known = { number: 'a', network: 'n1', device: 'd1' };
    const seen: boolean[] = [];
    for (let n = 0; n < 4; n++) seen.push(outcome(await admit(known)));
    expect(seen).toEqual([true, true, true, false]);
    expect(outcome(await admit({ ...known, device: 'd2' }))).toBe(true);
  });

  it('many at once are counted before any of them is looked at', async () => {
    const { admit } = attempts();
    const all = await Promise.all(Array.from({ length: 50 }, () => admit(stranger('a', 'n1'))));
    expect(all.filter(outcome)).toHaveLength(SMALL.pair.points);
  });

  it('at made-up numbers fill no memory, and do not push out the counter of a number under attack', async () => {
    const attacked = attempts();
    for (let n = 0; n < 40_000; n++) {
      await attacked.admit(stranger(`made up ${n}`, `n${n}`));
      if (n % 1_000 === 0) await attacked.admit(stranger('a', `attacker ${n}`));
    }
    expect(attacked.size).toBeLessThanOrEqual(5 * 30_000);
    expect(outcome(await attacked.admit(stranger('a', 'another')))).toBe(false);
  });

  it('that were right are given back', async () => {
    const { admit } = attempts();
    for (let n = 0; n < 50; n++) {
      const admitted = await admit(stranger('a', 'n1'));
      expect(admitted.ok).toBe(true);
      if (admitted.ok) await admitted.refund();
    }
  });
});

describe('attack: locking a victim out', () => {
  const VICTIM = '2026000001';
  let test: TestSignIn;
  beforeAll(async () => {
    test = await openTestSignIn({ allowances: SMALL });
  });
  afterAll(async () => test.close());

  it("does not stop the victim's known device, signed in or not", async () => {
    const phone = new TestBrowser(test.app, '10.9.0.1');
    await phone.settle(VICTIM, INITIAL, OWN_PASSWORD);
    for (let n = 1; n <= 40; n++) {
      const attacker = new TestBrowser(test.app, `172.16.${n}.1`);
      const { statusCode } = await attacker.signIn(VICTIM, `guess number ${n}`);
      expect([401, 429]).toContain(statusCode);
    }
    const limited = await new TestBrowser(test.app, '172.17.0.1').signIn(VICTIM, OWN_PASSWORD);
    expect(limited.json()).toMatchObject({ code: 'too-many-attempts' });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await phone.send('GET', '/v1/me')).statusCode).toBe(200);
    await phone.send('POST', '/v1/sign-out');
    expect((await phone.signIn(VICTIM, OWN_PASSWORD)).statusCode).toBe(200);
  });

  it('by the same network, such as one dormitory, does not stop it either', async () => {
    const phone = new TestBrowser(test.app, '10.9.0.2');
    await phone.settle('2026000002', INITIAL, OWN_PASSWORD);
    await phone.send('POST', '/v1/sign-out');
    for (let n = 0; n < 12; n++) await new TestBrowser(test.app, '10.9.0.2').signIn('2026000002', `guess ${n}`);
    expect((await phone.signIn('2026000002', OWN_PASSWORD)).statusCode).toBe(200);
  });

  it("a device known to one's own account gives no more guesses at another's", async () => {
    const attacker = new TestBrowser(test.app, '172.18.0.1');
    attacker.cookies.set('__Host-latchkey-device', 'C'.repeat(43));
    const codes: number[] = [];
    for (let n = 0; n < 5; n++) codes.push((await attacker.signIn('2026000003', `guess ${n}`)).statusCode);
    expect(codes).toEqual([401, 401, 401, 429, 429]);
  });

  it('whoever found an open session has no more guesses at its password either', async () => {
    const phone = new TestBrowser(test.app, '10.9.0.1');
    const known = new TestBrowser(test.app, '10.9.0.3');
    await known.signIn('2026000002', OWN_PASSWORD);
    phone.csrf = known.csrf;
    for (const [name, text] of known.cookies) phone.cookies.set(name, text);
    const codes: number[] = [];
    for (let n = 0; n < 5; n++) {
      const body = { current: `guess number ${n}`, next: 'something else entirely' };
      codes.push((await phone.send('POST', '/v1/me/password', body)).statusCode);
    }
    expect(codes).toEqual([401, 401, 401, 429, 429]);
  });
});
