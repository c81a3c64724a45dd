// SPDX-License-Identifier: Apache-2.0
// The gateway's authority: made once, private, renews what nears its end, signs only keys whose holder asked.
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeviceId, deviceId } from '@latchkey/protocols/ids';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuthority } from './ca.ts';
import { makeRequest } from './device.test-support.ts';

const DAY_MS = 86_400_000;
const DEVICE = deviceId.parse('gate-1');
let directory: string;
let nowMs: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ca-'));
  nowMs = Date.now();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (names: readonly string[] = ['gateway.campus.example']) =>
  openAuthority({ directory, names, nowMs: () => nowMs, randomBytes });

const request = async (curve?: string, name?: string) => (await makeRequest(curve, name)).csr;

describe('certificate authority', () => {
  it('is made at first start and is the same at the next', async () => {
    const first = await open();
    const second = await open();
    expect(second.certificate).toBe(first.certificate);
    expect(second.server).toEqual(first.server);
    expect(first.codeFingerprint).toMatch(/^[A-Z2-7]{16}$/);
  });

  it('keeps every private key for its owner', async () => {
    await open();
    for (const name of ['ca-key.pem', 'server-key.pem']) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
    expect(statSync(directory).mode & 0o077).toBe(0);
  });

  it('certifies the server for its own and the configured names', async () => {
    const { server, certificate } = await open();
    const leaf = new X509Certificate(server.cert);
    expect(leaf.verify(new X509Certificate(certificate).publicKey)).toBe(true);
    expect(leaf.checkHost('localhost')).toBeDefined();
    expect(leaf.checkHost('gateway.campus.example')).toBeDefined();
    expect(leaf.checkHost('evil.example')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBeDefined();
    expect(leaf.checkIP('::1')).toBeDefined();
  });

  it('a controller whose clock says 1970 can still connect', async () => {
    const { server, certificate } = await open();
    for (const pem of [server.cert, certificate]) expect(Date.parse(new X509Certificate(pem).validFrom)).toBe(0);
  });

  it('renews the server certificate near its end, and when a name is added, under the same authority', async () => {
    const first = await open();
    nowMs += 350 * DAY_MS;
    const renewed = await open();
    expect(renewed.certificate).toBe(first.certificate);
    expect(renewed.server.cert).not.toBe(first.server.cert);
    expect((await open(['other.example'])).server.cert).not.toBe(renewed.server.cert);
  });

  it('renews it while it runs as well, once, and leaves a good one alone', async () => {
    const authority = await open();
    expect(await authority.renewServer()).toBeUndefined();
    nowMs += 350 * DAY_MS;
    const renewed = await authority.renewServer();
    expect(Date.parse(new X509Certificate(renewed?.cert ?? '').validTo)).toBeGreaterThan(nowMs + 300 * DAY_MS);
    expect(await authority.renewServer()).toBeUndefined();
    expect((await open()).server).toEqual(renewed);
  });

  it('refuses to start with half an authority instead of making a new one', async () => {
    await open();
    rmSync(join(directory, 'ca-key.pem'));
    await expect(open()).rejects.toThrow(/belong together/);
  });

  it('refuses to start with a key of another authority', async () => {
    await open();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(directory, 'ca-key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await expect(open()).rejects.toThrow(/does not belong/);
  });
});

describe('certificates of controllers', () => {
  const issue = async (pem: string, device: DeviceId = DEVICE) => (await open()).issue(pem, device);

  it('carry the device as common name, whatever name the request asks for', async () => {
    const issued = await issue(await request('P-256', 'CN=admin'));
    if (!issued.ok) throw new Error(issued.detail);
    const certificate = new X509Certificate(issued.value.certificate);
    expect(certificate.subject).toBe('CN=gate-1');
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.serialNumber.toLowerCase()).toBe(issued.value.serial);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(issued.value.fingerprint);
    expect(certificate.verify(new X509Certificate(readFileSync(join(directory, 'ca.pem'))).publicKey)).toBe(true);
  });

  it('never share a serial', async () => {
    const pem = await request();
    const authority = await open();
    const serials = await Promise.all([1, 2, 3].map(() => authority.issue(pem, DEVICE)));
    expect(new Set(serials.map((each) => (each.ok ? each.value.serial : ''))).size).toBe(3);
  });

  it('are refused to a request that is not signed by its key', async () => {
    const pem = await request();
    const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
    der[der.length - 5] = (der[der.length - 5] ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    expect(await issue(forged)).toMatchObject({ ok: false, code: 'bad-request' });
  });

  it.each(['P-384', 'P-521'])('are refused to a %s key', async (curve) => {
    expect(await issue(await request(curve))).toMatchObject({ ok: false, code: 'bad-request' });
  });

  it.each([
    '',
    'nonsense',
    'x'.repeat(5_000),
    '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----',
  ])('are refused to what is no request', async (text) => {
    expect(await issue(text)).toMatchObject({ ok: false, code: 'bad-request' });
  });
});
