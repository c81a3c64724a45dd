// SPDX-License-Identifier: Apache-2.0
// A whole gateway with a student, their phones and the systems of two other apps, seen from a controller at the gate.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient } from '@latchkey/gateway/app/commands/api-client';
import { gatewayConfig } from '@latchkey/gateway/app/config';
import type { Enrolment } from '@latchkey/gateway/app/enrolment';
import { type RunningGateway, startGateway } from '@latchkey/gateway/app/start-gateway';
import { enrolTestDevice, TestDevice } from '@latchkey/gateway/app/test-device.test-support';
import { changed } from '@latchkey/protocols/api/common';
import { enrolAnswer } from '@latchkey/protocols/api/operations';
import { deviceCode } from '@latchkey/protocols/api/places';
import { phoneId } from '@latchkey/protocols/authorization/credential-id';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { enrolmentStatement } from '@latchkey/protocols/codes/phone-statement';
import { ok } from '@latchkey/protocols/result';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { CODE_APPS, CodeApps } from '../code-apps.ts';

const NUMBER = '2026000001';
const SECRETS = { 'campus-pay': randomBytes(24).toString('hex'), 'e-code': randomBytes(24).toString('hex') };
const root = mkdtempSync(join(tmpdir(), 'latchkey-phones-'));
let apps: CodeApps;
let gateway: RunningGateway;
let client: ReturnType<typeof createApiClient>;
let device: TestDevice;
let student: Student;

const resolversOf = () => [
  {
    id: 'campus-pay',
    name: '今日校园',
    forms: [{ prefix: '88', length: 18 }],
    url: apps.addressOf('campus-pay'),
    secretFile: join(root, 'campus-pay'),
    request: { codeField: 'payCode' },
    answer: { ok: { pointer: '/errCode', value: '0' }, subject: '/data/userNo' },
  },
  {
    id: 'e-code',
    name: '微信 E码通',
    forms: [{ prefix: 'EMT', length: 27, characters: 'letters-and-digits' as const }],
    url: apps.addressOf('e-code'),
    secretFile: join(root, 'e-code'),
    request: { codeField: 'ecode' },
    answer: { ok: { pointer: '/code', value: 0 }, subject: '/result/card_number' },
  },
];

const put = (path: string, body: object) => client.call({ method: 'PUT', path, body, answer: changed });

beforeAll(async () => {
  for (const app of CODE_APPS) writeFileSync(join(root, app), SECRETS[app], { mode: 0o600 });
  apps = await CodeApps.start({ secrets: SECRETS });
  const config = gatewayConfig.parse({
    dataDir: join(root, 'data'),
    https: { port: 0 },
    mqtt: { port: 0 },
    web: { http: { port: 0 } },
    demoKeys: true,
    logLevel: 'silent',
    resolvers: resolversOf(),
  });
  gateway = await startGateway(config, {});
  client = createApiClient({
    url: new URL(gateway.url),
    ca: readFileSync(gateway.caFile, 'utf8'),
    token: readFileSync(gateway.adminTokenFile, 'utf8').trim(),
    language: 'en',
  });
  await furnish();
  student = await signIn();
}, 60_000);
afterAll(async () => {
  await device?.close();
  client?.close();
  await gateway?.close();
  await apps?.close();
  rmSync(root, { recursive: true });
});

/** A dormitory gate that asks, its controller, and a student without a card. */
async function furnish(): Promise<void> {
  const overHttps = {
    add: async (body: object) =>
      ok(await client.call({ method: 'POST', path: '/v1/devices', body, answer: deviceCode })),
    enrol: async (body: object) =>
      ok(await client.call({ method: 'POST', path: '/v1/enroll', body, answer: enrolAnswer })),
  } as unknown as Enrolment;
  device = new TestDevice(await enrolTestDevice(overHttps, 'gate-1'));
  await put('/v1/scopes/7', { name: '3 号楼', nameEn: 'Dorm 3', zone: 30 });
  await put('/v1/portals/gate', { name: '大门', scope: 7, device: 'gate-1' });
  await put('/v1/groups/dorm', { name: '3 号楼' });
  await put('/v1/levels/dorm', { name: '住宿', groups: ['dorm'], portals: ['gate'], schedule: 'always' });
  await put(`/v1/people/${NUMBER}`, { name: '王小明', groups: ['dorm'] });
  await device.connect(Number(new URL(gateway.mqttUrl).port));
  await device.hello(Date.now());
  await vi.waitFor(() => expect(device.lists.get(7)?.policy.document.zone).toBe(30), { timeout: 10_000 });
}

interface Student {
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Record<string, unknown>>;
}

/** In a browser: with the temporary password, which is changed first. */
async function signIn(): Promise<Student> {
  const { temporaryPassword } = await client.call({
    method: 'POST',
    path: `/v1/people/${NUMBER}/account/reset`,
    body: {},
    answer: z.object({ temporaryPassword: z.string() }),
  });
  const jar = new Map<string, string>();
  let csrf = '';
  const call: Student['call'] = async (method, path, body) => {
    const response = await fetch(`${gateway.httpUrl}${path}`, {
      method,
      headers: {
        origin: gateway.httpUrl ?? '',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        'x-latchkey-csrf': csrf,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      jar.set(name, value);
    }
    const answer = (await response.json()) as Record<string, unknown>;
    if (typeof answer['csrf'] === 'string') csrf = answer['csrf'];
    return answer;
  };
  await call('POST', '/v1/sign-in/password', { number: NUMBER, password: temporaryPassword });
  await call('POST', '/v1/me/password', { current: temporaryPassword, next: 'four plain words here' });
  return { call };
}

/** A phone's browser: makes its key and enrols. */
async function enrolPhone(more: object = {}): Promise<{ id: string; credential: Uint8Array }> {
  const scheme = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pair = await crypto.subtle.generateKey(scheme, false, ['sign', 'verify']);
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const { campusId } = await student.call('GET', '/v1/me/pass');
  const challenge = String((await student.call('POST', '/v1/me/phones/challenge'))['challenge']);
  const statement = enrolmentStatement(String(campusId), Buffer.from(challenge, 'base64url'));
  const proof = new Uint8Array(await crypto.subtle.sign(scheme, pair.privateKey, new Uint8Array(statement)));
  const { phone } = (await student.call('POST', '/v1/me/phones', {
    name: '手机',
    algorithm: 'ES256',
    publicKey: toBase64url(point),
    challenge,
    proof: toBase64url(proof),
    ...more,
  })) as { phone: { id: string } };
  return { id: phone.id, credential: phoneId('ES256', point.slice(1, 33)) };
}

const recordOf = (credential: Uint8Array) => {
  const list = device.lists.get(7);
  const prf = device.prfs.get(list?.head.prfKeyId ?? 0);
  return prf === undefined ? undefined : list?.find(prf.key(credential));
};
const isDenied = (credential: Uint8Array) =>
  [...device.prfs.values()].some((prf) => device.overlay.entries.has(toHex(prf.key(credential))));

async function scan(text: string, form = 'other') {
  const id = randomBytes(8).toString('hex');
  const credential = { kind: 'code', form, text };
  await device.publish('ask', { id, boot: device.boot, portal: 'gate', direction: 'in', credential });
  return vi.waitFor(() => device.answers.find(({ ask }) => ask === id) ?? expect.fail('no answer yet'), {
    timeout: 1_000,
    interval: 5,
  });
}

it('a phone that its person enrols is in the list of the gate, with a certificate for the meantime', async () => {
  expect(await student.call('GET', '/v1/me/pass')).toMatchObject({
    zones: [{ zone: 30, name: '3 号楼', nameEn: 'Dorm 3' }],
  });
  const phone = await enrolPhone();
  await vi.waitFor(() => expect(recordOf(phone.credential)).toMatchObject({ credentialClass: 2, flags: 0 }), {
    timeout: 10_000,
  });
  await vi.waitFor(async () => {
    const { items } = await student.call('GET', `/v1/me/phones/${phone.id}/certificates`);
    expect(items).toMatchObject([{ zone: 30 }]);
  });
});

it('a phone that is replaced is denied at the gate at once, and blocked by its next list', async () => {
  const old = await enrolPhone();
  await vi.waitFor(() => expect(recordOf(old.credential)).toBeDefined(), { timeout: 10_000 });
  await student.call('GET', `/v1/me/phones/${old.id}/certificates`);
  const startMs = performance.now();
  await enrolPhone({ replaces: old.id });
  await vi.waitFor(() => expect(isDenied(old.credential)).toBe(true), { timeout: 1_000, interval: 5 });
  expect(performance.now() - startMs).toBeLessThan(1_000);
  await vi.waitFor(() => expect(recordOf(old.credential)).toMatchObject({ flags: 4 }), { timeout: 10_000 });
});

it.each(CODE_APPS)('a code of %s opens for its person, who carries no card', async (app) => {
  const answer = await scan(apps.show(app, NUMBER));
  expect(answer).toMatchObject({ outcome: 'granted', credential: { class: 'phone-code' } });
  expect(await scan(apps.show(app, 'nobody'))).toMatchObject({ outcome: 'denied', reason: 'CodeNotRecognised' });
});

it('a code of a system that hangs is refused in time, and says whose fault it is', async () => {
  apps.faults['campus-pay'] = 'hang';
  const startMs = performance.now();
  expect(await scan(apps.show('campus-pay', NUMBER))).toMatchObject({
    outcome: 'denied',
    reason: 'ResolverUnavailable',
  });
  expect(performance.now() - startMs).toBeLessThan(800);
  apps.faults['campus-pay'] = 'none';
});

it('a payment code that nobody owns is not accepted', async () => {
  expect(await scan('131234567890123456', 'wechat-pay')).toMatchObject({ reason: 'PaymentCodeNotAccepted' });
});

it('passages by such a code are among the own passages', async () => {
  const { credential } = await scan(apps.show('e-code', NUMBER));
  const event = {
    type: 'access-granted',
    at: Date.now(),
    clock: 'synced',
    portal: 'gate',
    direction: 'in',
    credential,
    admission: 'a1',
    via: 'gateway',
  };
  await device.publish('ev', { epoch: 'aa'.repeat(8), first: 1, events: [event] });
  await vi.waitFor(async () => {
    const { items } = await student.call('GET', '/v1/me/passages');
    expect(items).toMatchObject([{ portalName: '大门', outcome: 'granted', with: 'code' }]);
  });
});
