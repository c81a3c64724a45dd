// SPDX-License-Identifier: Apache-2.0
// Enrolment against a real database and authority: a code works once, for one key, and replaces the certificate before it.
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { deviceId, siteId } from '@latchkey/protocols/ids';
import { renewalStatement } from '@latchkey/protocols/mqtt/renewal';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CertificateAuthority, openAuthority } from '../adapters/ca.ts';
import { openTemporaryDatabase, type TemporaryDatabase } from '../adapters/database/temporary-database.test-support.ts';
import { makeRequest } from '../adapters/device.test-support.ts';
import { createEnrolment, type Enrolment } from './enrolment.ts';

const DEVICE = deviceId.parse('gate-1');
let database: TemporaryDatabase;
let authority: CertificateAuthority;
let enrolment: Enrolment;
let nowMs: number;
let cutOff: string[];

beforeEach(async () => {
  database = await openTemporaryDatabase();
  nowMs = Date.now();
  cutOff = [];
  authority = await openAuthority({
    directory: join(database.directory, 'ca'),
    names: [],
    nowMs: () => nowMs,
    randomBytes,
  });
  enrolment = createEnrolment({
    database,
    authority,
    site: siteId.parse('campus'),
    campusId: '00000000c0ffee01',
    mqttUrl: () => 'mqtts://localhost:8883',
    root: () => Uint8Array.of(1, 2, 3),
    nowMs: () => nowMs,
    randomBytes,
    onCutOff: (device) => cutOff.push(device),
  });
});
afterEach(() => database.close());

function publicJwk(namedCurve = 'P-256'): Record<string, unknown> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve });
  return publicKey.export({ format: 'jwk' });
}
async function newCode(): Promise<string> {
  const made = await enrolment.add({ id: 'gate-1' }, 'tester');
  if (!made.ok) throw new Error(made.code);
  return made.value.code;
}
async function enrol(code: string, more: object = {}) {
  const { csr } = await makeRequest();
  return enrolment.enrol({ code, csr, encryptionKey: publicJwk(), software: 'test', ...more });
}
const serialOf = (result: Awaited<ReturnType<typeof enrol>>) =>
  result.ok ? new X509Certificate(result.value.certificate).serialNumber.toLowerCase() : '';

describe('codes', () => {
  it('name the authority and are not kept', async () => {
    const code = await newCode();
    expect(code).toMatch(/^LK1-[A-Z2-7]{26}-[A-Z2-7]{16}$/);
    expect(code.endsWith(authority.codeFingerprint)).toBe(true);
    const row = await database.db.selectFrom('device').selectAll().executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain(code.slice(4, 30));
    expect(row.state).toBe('awaiting-enrolment');
  });
  it('work once', async () => {
    const code = await newCode();
    expect((await enrol(code)).ok).toBe(true);
    expect(await enrol(code)).toMatchObject({ ok: false, code: 'code-refused' });
  });
  it('work once however many try at the same time', async () => {
    const code = await newCode();
    const results = await Promise.all(Array.from({ length: 8 }, () => enrol(code)));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    const winner = results.find(({ ok }) => ok);
    expect(winner && (await enrolment.admit(DEVICE, serialOf(winner)))).toBe(true);
  });
  it('are read whatever their case and spaces', async () => {
    expect((await enrol(` ${(await newCode()).toLowerCase().replaceAll('-', ' - ')} `)).ok).toBe(true);
  });
  it('expire', async () => {
    const code = await newCode();
    nowMs += 25 * 3_600_000;
    expect(await enrol(code)).toMatchObject({ ok: false, code: 'code-refused' });
  });
  it('are worth nothing once a newer one is made', async () => {
    const first = await newCode();
    const second = await newCode();
    expect(await enrol(first)).toMatchObject({ ok: false, code: 'code-refused' });
    expect((await enrol(second)).ok).toBe(true);
  });
  it.each(['', 'LK1', `LK1-${'A'.repeat(26)}-${'B'.repeat(16)}`])('%j is refused', async (code) => {
    await newCode();
    expect(await enrol(code)).toMatchObject({ ok: false, code: 'code-refused' });
  });
});

describe('what a controller gets', () => {
  it('is all it needs, for the key of its request', async () => {
    const result = await enrol(await newCode());
    expect(result).toMatchObject({
      ok: true,
      value: {
        site: 'campus',
        device: 'gate-1',
        campusId: '00000000c0ffee01',
        ca: authority.certificate,
        mqttUrl: 'mqtts://localhost:8883',
        root: 'AQID',
      },
    });
    const row = await database.db.selectFrom('device').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({
      state: 'enrolled',
      code_hash: null,
      certificate_serial: serialOf(result),
      software: 'test',
    });
    expect(JSON.parse(row.encryption_jwk ?? '')).toMatchObject({ kty: 'EC', crv: 'P-256' });
  });
  it.each<[string, () => object | Promise<object>]>([
    ['a request of another curve', async () => ({ csr: (await makeRequest('P-384')).csr })],
    ['no request', () => ({ csr: 'x' })],
    ['an encryption key of another curve', () => ({ encryptionKey: publicJwk('P-384') })],
    ['a private encryption key', () => ({ encryptionKey: { ...publicJwk(), d: 'A'.repeat(43) } })],
    ['a point off the curve', () => ({ encryptionKey: { ...publicJwk(), y: 'A'.repeat(43) } })],
    ['no encryption key', () => ({ encryptionKey: {} })],
  ])('%s is refused and leaves the code good', async (_name, change) => {
    const code = await newCode();
    expect(await enrol(code, await change())).toMatchObject({ ok: false, code: 'invalid-request' });
    expect((await enrol(code)).ok).toBe(true);
  });
});

describe('certificates in force', () => {
  it("are the device's last one only", async () => {
    const first = await enrol(await newCode());
    expect(await enrolment.admit(DEVICE, serialOf(first))).toBe(true);
    const code = await newCode();
    expect(await enrolment.admit(DEVICE, serialOf(first))).toBe(true);
    const second = await enrol(code);
    expect(await enrolment.admit(DEVICE, serialOf(first))).toBe(false);
    expect(await enrolment.admit(DEVICE, serialOf(second))).toBe(true);
    expect(cutOff).toEqual(['gate-1', 'gate-1']);
  });
  it('end with a revocation, and a new code brings the device back', async () => {
    const first = await enrol(await newCode());
    expect(await enrolment.revoke('gate-1', 'tester')).toEqual({ ok: true, value: { changed: true } });
    expect(await enrolment.revoke('gate-1', 'tester')).toEqual({ ok: true, value: { changed: false } });
    expect(await enrolment.admit(DEVICE, serialOf(first))).toBe(false);
    const code = await newCode();
    expect(await enrolment.admit(DEVICE, serialOf(first))).toBe(false);
    expect(await enrolment.admit(DEVICE, serialOf(await enrol(code)))).toBe(true);
    expect(await enrolment.revoke('gate-9', 'tester')).toMatchObject({ ok: false, code: 'not-found' });
  });
  it('a device nobody enrolled has none', async () => {
    expect(await enrolment.admit(DEVICE, '00')).toBe(false);
  });
});

describe('renewal', () => {
  const YEAR_MS = 365 * 86_400_000;
  interface Identity {
    readonly certificate: string;
    readonly key: string;
  }
  async function enrolled(): Promise<Identity> {
    const { csr, key } = await makeRequest();
    const given = await enrol(await newCode(), { csr });
    if (!given.ok) throw new Error(given.code);
    return { certificate: given.value.certificate, key };
  }
  const serialIn = (pem: string) => new X509Certificate(pem).serialNumber.toLowerCase();
  async function renew({ certificate, key }: Identity, proofKey = key, device = 'gate-1') {
    const next = await makeRequest();
    const proof = sign('sha256', renewalStatement(device, next.csr), createPrivateKey(proofKey)).toString('base64url');
    const renewed = await enrolment.renew(DEVICE, { id: '00'.repeat(8), csr: next.csr, certificate, proof });
    return { renewed, key: next.key };
  }

  it('admits both certificates until the new one has connected, then it alone', async () => {
    const first = await enrolled();
    nowMs += 7 * YEAR_MS;
    const { renewed } = await renew(first);
    if (!renewed.ok) throw new Error(renewed.code);
    expect(await enrolment.admit(DEVICE, serialIn(first.certificate))).toBe(true);
    expect(await enrolment.admit(DEVICE, serialIn(first.certificate)), 'still').toBe(true);
    expect(await enrolment.admit(DEVICE, serialIn(renewed.value))).toBe(true);
    expect(await enrolment.admit(DEVICE, serialIn(first.certificate))).toBe(false);
    expect(await enrolment.admit(DEVICE, serialIn(renewed.value))).toBe(true);
  });
  it('is for who holds the present key, not for who speaks in its name', async () => {
    const first = await enrolled();
    nowMs += 7 * YEAR_MS;
    const stranger = await makeRequest();
    expect((await renew(first, stranger.key)).renewed).toMatchObject({ code: 'refused' });
    expect((await renew(first, first.key, 'gate-2')).renewed).toMatchObject({ code: 'refused' });
    expect((await renew({ ...first, certificate: 'nothing' })).renewed).toMatchObject({ code: 'refused' });
  });
  it('waits until half of the life is over', async () => {
    const first = await enrolled();
    expect((await renew(first)).renewed).toMatchObject({ code: 'not-due' });
  });
  it('is none for a revoked device, and what was given before the revocation is worth nothing', async () => {
    const first = await enrolled();
    nowMs += 7 * YEAR_MS;
    const { renewed } = await renew(first);
    if (!renewed.ok) throw new Error(renewed.code);
    await enrolment.revoke('gate-1', 'tester');
    expect(await enrolment.admit(DEVICE, serialIn(renewed.value))).toBe(false);
    expect((await renew(first)).renewed).toMatchObject({ code: 'refused' });
    await enrol(await newCode());
    expect(await enrolment.admit(DEVICE, serialIn(renewed.value))).toBe(false);
  });
});
