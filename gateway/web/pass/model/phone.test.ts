// SPDX-License-Identifier: Apache-2.0
// What a phone keeps, and what changes it: enrolment, being replaced, somebody else's session.
import type { MyPass, PhoneStatus } from '@latchkey/protocols/api/me';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../ui/api-client.ts';
import { createPhone, type PhoneModel } from './phone.ts';
import type { PassStore, Saved } from './store.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 4);
const HOUR_MS = 3_600_000;
const OWNER = '2026000001';
const PASS: MyPass = {
  campusId: '00000000c0ffee01',
  number: OWNER,
  name: '王然平',
  nowMs: NOW_MS,
  phonesAllowed: 1,
  zones: [{ zone: 1, name: '一号宿舍楼', nameEn: 'Dormitory 1' }],
};
const CERTIFICATE = { zone: 1, certificate: 'A'.repeat(96), expires: new Date(NOW_MS + HOUR_MS).toISOString() };

interface Fake {
  readonly asked: string[];
  status: ApiAnswer<PhoneStatus>;
  pass: MyPass;
}

const ok = <T>(value: T): ApiAnswer<T> => ({ ok: true, value });

function fakeApi(fake: Fake): ApiClient {
  const answers: Record<string, () => ApiAnswer<unknown>> = {
    'GET /v1/me/pass': () => ok(fake.pass),
    'POST /v1/me/phones/challenge': () => ok({ challenge: 'A'.repeat(43) }),
    'POST /v1/me/phones': () =>
      ok({ phone: { id: 'p1', name: 'mine', algorithm: 'ES256' }, certificates: [CERTIFICATE] }),
    'POST /v1/phones/status': () => fake.status,
    'GET /v1/me/phones/p1/certificates': () => ok({ items: [CERTIFICATE] }),
  };
  const call = async <T>(method: string, path: string): Promise<ApiAnswer<T>> => {
    fake.asked.push(`${method} ${path}`);
    return (answers[`${method} ${path}`]?.() ?? { ok: false, code: 'not-found' }) as ApiAnswer<T>;
  };
  return { get: (path) => call('GET', path), send: call };
}

/** Keeps what it is given; `forgets`: takes it, as some private modes do, and has nothing. */
function memoryStore(forgets = false): PassStore {
  let kept: Saved = {};
  return {
    load: async () => kept,
    save: async (changes) => {
      if (forgets) return;
      const entries = Object.entries({ ...kept, ...changes }).filter(([, value]) => value !== undefined);
      kept = Object.fromEntries(entries) as Saved;
    },
    close: () => undefined,
  };
}

let fake: Fake;
let nowMs: number;
let store: PassStore;
let phone: PhoneModel;

beforeEach(() => {
  nowMs = NOW_MS;
  store = memoryStore();
  fake = { asked: [], pass: PASS, status: ok({ state: 'active', nowMs: NOW_MS, endedAt: null }) };
  phone = createPhone({ store, api: fakeApi(fake), nowMs: () => nowMs });
});

describe('a phone', () => {
  it('is enrolled with a key that cannot be taken out', async () => {
    expect(await phone.enrol('mine', undefined)).toEqual({ ok: true });
    const { phone: kept, pass, certificates } = phone.saved.value;
    expect(kept?.keys.privateKey.extractable).toBe(false);
    expect(pass?.zones).toHaveLength(1);
    expect(certificates).toHaveLength(1);
    expect(await store.load()).toEqual(phone.saved.value);
  });

  it('is not enrolled where the browser forgets keys: the gateway would count it', async () => {
    phone = createPhone({ store: memoryStore(true), api: fakeApi(fake), nowMs: () => nowMs });
    expect(await phone.enrol('mine', undefined)).toEqual({ ok: false, code: 'not-kept' });
    expect(fake.asked).not.toContain('POST /v1/me/phones');
  });

  it('that was replaced forgets its key and says since when', async () => {
    await phone.enrol('mine', undefined);
    fake.status = ok({ state: 'replaced', nowMs: NOW_MS, endedAt: '2026-11-23T04:00:00Z' });
    await phone.refresh(undefined);
    expect(phone.saved.value).toMatchObject({ ended: { state: 'replaced', endedAt: '2026-11-23T04:00:00Z' } });
    expect((await store.load()).phone).toBeUndefined();
  });

  it('goes on where nobody answers, and where the gateway does not know it', async () => {
    await phone.enrol('mine', undefined);
    fake.status = { ok: false, code: 'offline' };
    await phone.refresh(undefined);
    expect(phone.reachable.value).toBe(false);
    fake.status = { ok: false, code: 'not-found' };
    await phone.refresh(undefined);
    expect(phone.reachable.value).toBe(true);
    expect(phone.saved.value.phone?.id).toBe('p1');
  });

  it('remembers how far its clock is off', async () => {
    await phone.enrol('mine', undefined);
    fake.status = ok({ state: 'active', nowMs: NOW_MS - 12_000, endedAt: null });
    await phone.refresh(undefined);
    expect((await store.load()).clock?.aheadMs).toBe(12_000);
  });

  it("takes new zones from its owner's session, never from somebody else's", async () => {
    await phone.enrol('mine', undefined);
    fake.pass = { ...PASS, zones: [] };
    await phone.refresh('2026999999');
    expect(phone.saved.value.pass?.zones).toHaveLength(1);
    await phone.refresh(OWNER);
    expect(phone.saved.value.pass?.zones).toHaveLength(0);
  });

  it('asks for certificates while it is new, now and then', async () => {
    await phone.enrol('mine', undefined);
    const asked = () => fake.asked.filter((one) => one.endsWith('/certificates')).length;
    await phone.refresh(OWNER);
    await phone.refresh(OWNER);
    expect(asked()).toBe(1);
    nowMs += HOUR_MS;
    await phone.refresh(OWNER);
    expect(asked()).toBe(2);
    nowMs += 72 * HOUR_MS;
    await phone.refresh(OWNER);
    expect(asked()).toBe(2);
  });
});
