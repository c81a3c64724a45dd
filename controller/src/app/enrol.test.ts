// SPDX-License-Identifier: Apache-2.0
// Enrolment against a real HTTPS server: the code names the authority, the secret goes to nobody else, keys stay private.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSigningJwk, importSigningKey, toPublicJwk } from '@latchkey/protocols/authorization/keys';
import { signRoot } from '@latchkey/protocols/authorization/root-document';
import { deviceId } from '@latchkey/protocols/ids';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeAuthority, type TestAuthority } from '../adapters/authority.test-support.ts';
import { authorityFingerprint, parseEnrolmentCode } from '../adapters/enrolment-code.ts';
import { openKeyFolder } from '../adapters/key-folder.ts';
import { openSettingsFile } from '../adapters/settings-file.ts';
import { dataFolder } from './data-folder.ts';
import { enrol } from './enrol.ts';
import { readTlsIdentities } from './identity.ts';
import { NEW_SETTINGS, settingsSchema } from './settings-schema.ts';
import { openTrust } from './trust.ts';

const CAMPUS = '00112233445566aa';
const SECRET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

let authority: TestAuthority;
let root: string;
let directory: string;
let server: Server | undefined;
const addressOf = (of: Server | undefined) => `https://localhost:${(of?.address() as AddressInfo | undefined)?.port}`;
let bodies: Record<string, unknown>[];

async function makeRoot(): Promise<string> {
  const jwk = await generateSigningJwk();
  const open = toPublicJwk(jwk);
  const key = await importSigningKey(jwk);
  if (!open.ok || !key.ok) throw new Error('no root key');
  const document = {
    version: 1,
    epoch: 1,
    campusId: CAMPUS,
    threshold: 1,
    rootKeys: [open.value],
    keys: [],
    issuedAtMs: 1,
  };
  return Buffer.from(await signRoot(document, [key.value])).toString('base64url');
}

beforeAll(async () => {
  authority = await makeAuthority();
  root = await makeRoot();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'enrol-'));
  bodies = [];
});
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  rmSync(directory, { recursive: true, force: true });
});

type Change = (answer: Record<string, unknown>) => Record<string, unknown>;

async function gateway(
  signer: TestAuthority = authority,
  change: Change = (same) => same,
  status = 200,
): Promise<string> {
  const own = await signer.issue('gateway', ['localhost']);
  server = createServer({ key: own.key, cert: `${own.cert}\n${signer.ca}` }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      bodies.push(body);
      void answerTo(body).then((answer) => {
        response.statusCode = status;
        response.end(JSON.stringify(change(answer)));
      });
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return addressOf(server);
}

async function answerTo(body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const certificate = await authority.issueFor(String(body['csr']), 'gate-1');
  return {
    site: 'campus',
    device: 'gate-1',
    campusId: CAMPUS,
    certificate,
    ca: authority.ca,
    mqttUrl: 'mqtts://localhost:8883',
    root,
  };
}

const codeFor = (signer: TestAuthority) => `LK1-${SECRET}-${authorityFingerprint(signer.caDer)}`;

async function run(address: string, code = codeFor(authority), replace = false) {
  const folder = dataFolder(directory);
  const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
  const result = await enrol({ gateway: address, code, folder, settings, software: 'test', replace });
  return { result, settings, folder };
}

describe('enrolment', () => {
  it('leaves a folder that knows its device, its keys and its root document', async () => {
    const { result, settings, folder } = await run(await gateway());
    expect(result).toMatchObject({ ok: true, value: { site: 'campus', device: 'gate-1', campusId: CAMPUS } });
    const certificate = new X509Certificate(readFileSync(join(folder.keys, 'tls-certificate.pem')));
    const key = createPrivateKey(readFileSync(join(folder.keys, 'tls-key.pem')));
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(createPublicKey(key).asymmetricKeyType).toBe('ec');
    expect(await openTrust(settings)).toMatchObject({ ok: true });
  });

  it('keeps every secret for its owner and sends none of them', async () => {
    const { folder } = await run(await gateway());
    for (const name of readdirSync(folder.keys)) expect(statSync(join(folder.keys, name)).mode & 0o077).toBe(0);
    expect(bodies).toHaveLength(1);
    expect(JSON.stringify(bodies)).not.toMatch(/PRIVATE|"d":/);
    expect(bodies[0]).toMatchObject({ code: codeFor(authority), encryptionKey: { kty: 'EC', crv: 'P-256' } });
  });

  it('again with --replace keeps what was seen, and the old identity until the new one has connected', async () => {
    const { settings } = await run(await gateway());
    const lists = { '7': { epoch: 1, version: 5, digest: 'ab'.repeat(32) } };
    await settings.update((data) => ({ ...data, trust: { ...data.trust, lists, campusKey: 9 } }));
    const address = addressOf(server);
    expect((await run(address)).result).toMatchObject({ ok: false, code: 'already-enrolled' });
    const again = await run(address, codeFor(authority), true);
    expect(again.result).toMatchObject({ ok: true, value: { device: 'gate-1' } });
    expect(again.settings.current().trust).toMatchObject({ lists, campusKey: 9, previousRoot: null });
    const found = await readTlsIdentities(openKeyFolder(again.folder.keys));
    expect(found.ok && found.value.all.map(({ isNext }) => isNext)).toEqual([true, false]);
  });

  it('again with a code of another device is refused', async () => {
    await run(await gateway());
    const folder = dataFolder(directory);
    const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
    const gate2 = deviceId.parse('gate-2');
    await settings.update((data) => ({ ...data, enrolment: data.enrolment && { ...data.enrolment, device: gate2 } }));
    const address = addressOf(server);
    expect((await run(address, codeFor(authority), true)).result).toMatchObject({ ok: false, code: 'other-device' });
  });

  it('sends nothing to a server of another authority than the code names', async () => {
    const { result } = await run(await gateway(await makeAuthority('Stranger')));
    expect(result).toMatchObject({ ok: false, code: 'wrong-authority' });
    expect(bodies).toEqual([]);
  });

  it('sends nothing to a server that shows the right authority and is not certified by it', async () => {
    const stranger = await makeAuthority('Stranger');
    const impostor = { ...stranger, ca: authority.ca };
    const { result } = await run(await gateway(impostor));
    expect(result.ok).toBe(false);
    expect(bodies).toEqual([]);
  });

  it.each<[string, Change]>([
    ['for another key', (answer) => ({ ...answer, certificate: authority.ca })],
    ['of another authority', (answer) => ({ ...answer, ca: answer['certificate'] })],
    ['of another campus', (answer) => ({ ...answer, campusId: 'ffffffffffffffff' })],
    ['with a broken root document', (answer) => ({ ...answer, root: 'AAAA' })],
    ['without a site', ({ site: _, ...answer }) => answer],
  ])('refuses an answer %s and stays not enrolled', async (_name, change) => {
    const { result, settings } = await run(await gateway(authority, change));
    expect(result).toMatchObject({ ok: false, code: 'bad-answer' });
    expect(settings.current().enrolment).toBeNull();
  });

  it("hands on the gateway's refusal in one line", async () => {
    const refuse: Change = () => ({ code: 'code-refused', message: 'this code was used before: make a new one' });
    const { result } = await run(await gateway(authority, refuse, 403));
    expect(result).toMatchObject({ ok: false, code: 'refused', detail: expect.stringContaining('make a new one') });
  });

  it('does not replace an enrolment', async () => {
    const address = await gateway();
    await run(address);
    expect((await run(address)).result).toMatchObject({ ok: false, code: 'already-enrolled' });
  });

  it.each(['', 'LK1-SHORT-CODE', `LK2-${SECRET}-AAAAAAAAAAAAAAAA`])(
    'refuses the code %j without any contact',
    async (code) => {
      expect((await run('https://localhost:1', code)).result).toMatchObject({ ok: false, code: 'bad-code' });
    },
  );
});

it('a code is read whatever its case and spaces', () => {
  const code = codeFor(authority);
  const spoken = ` ${code.toLowerCase().replace('-', ' - ')} `;
  expect(parseEnrolmentCode(spoken)).toEqual({ ok: true, value: { code, authority: code.slice(-16) } });
});
