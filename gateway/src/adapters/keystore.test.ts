// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signFrame, verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ceremonyForDemo, isDemo } from './demo-ceremony.ts';
import { installRoot, type Keystore, openKeystore, wrapPrfKey } from './keystore.ts';
import { readPassphrase } from './passphrase.ts';
import { protectJson, unprotectJson } from './protected-json.ts';
import { createRoleKeys, loadRoleKeys } from './role-keys.ts';
import {
  createRootKeys,
  openRootKey,
  type RootPublic,
  requestOf,
  rootKeyFile,
  signPlannedRoot,
} from './root-ceremony.ts';

const CAMPUS = '00000000c0ffee01';
let dataDir: string;
let offline: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'latchkey-keys-'));
  offline = await mkdtemp(join(tmpdir(), 'latchkey-root-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true });
  await rm(offline, { recursive: true });
});

const opened = async (passphrase?: string): Promise<Keystore> => {
  const keystore = await openKeystore({ dataDir, passphrase });
  if (!keystore.ok) throw new Error(keystore.code);
  return keystore.value;
};

const ROOT_WORD = 'correct horse';
async function signedBy(numbers: readonly number[], set: 'current' | 'next', roots: RootPublic, previous?: Keystore) {
  const keys = await loadRoleKeys(dataDir, set, undefined);
  if (!keys.ok) throw new Error(keys.code);
  const signers = [];
  for (const number of numbers) {
    const key = await openRootKey(join(offline, rootKeyFile(number)), ROOT_WORD);
    if (!key.ok) throw new Error(key.code);
    signers.push(key.value);
  }
  const plan = { request: requestOf(keys.value), roots, campusId: CAMPUS, previous: previous?.root.document, nowMs: 1 };
  return signPlannedRoot(plan, signers);
}
const makeRoots = () => createRootKeys(offline, { shares: 3, threshold: 2 }, async () => ROOT_WORD);

describe('the root ceremony', () => {
  it('gives a gateway keys that controllers trust by the root document', async () => {
    await createRoleKeys(dataDir, 'current', undefined);
    const installed = await installRoot(
      { dataDir, passphrase: undefined },
      await signedBy([1, 3], 'current', await makeRoots()),
    );
    expect(installed.ok).toBe(true);
    const keystore = await opened();
    const frame = await signFrame(new TextEncoder().encode('LKB1 beat'), [keystore.key('deny')]);
    expect((await verifyFrame(frame, 'LKB1', keystore.root.keyring, 'deny')).ok).toBe(true);
    expect(keystore.root.document).toMatchObject({ version: 1, epoch: 1, campusId: CAMPUS, threshold: 2 });
  });

  it('takes no document below the threshold', async () => {
    await createRoleKeys(dataDir, 'current', undefined);
    const frame = await signedBy([2], 'current', await makeRoots());
    expect(await installRoot({ dataDir, passphrase: undefined }, frame)).toMatchObject({ code: 'threshold-not-met' });
    expect(await openKeystore({ dataDir, passphrase: undefined })).toMatchObject({ code: 'root-missing' });
  });

  it('takes no document that names the keys of another gateway', async () => {
    await createRoleKeys(dataDir, 'current', undefined);
    const frame = await signedBy([1, 2], 'current', await makeRoots());
    await createRoleKeys(dataDir, 'current', undefined);
    expect(await installRoot({ dataDir, passphrase: undefined }, frame)).toMatchObject({ code: 'keys-not-named' });
  });

  it('rotates the role keys with the next document and keeps what is sealed', async () => {
    await createRoleKeys(dataDir, 'current', undefined);
    const roots = await makeRoots();
    await installRoot({ dataDir, passphrase: undefined }, await signedBy([1, 2], 'current', roots));
    const before = await opened();
    const sealed = before.seal(Uint8Array.of(1, 2, 3));
    const old = await loadRoleKeys(dataDir, 'current', undefined);
    await createRoleKeys(dataDir, 'next', undefined, old.ok ? old.value.sealingKey : undefined);
    const second = await signedBy([2, 3], 'next', roots, before);
    expect((await installRoot({ dataDir, passphrase: undefined }, second)).ok).toBe(true);
    const after = await opened();
    expect(after.root.document).toMatchObject({ version: 2, epoch: 2 });
    expect(after.key('list').kid).not.toBe(before.key('list').kid);
    expect([...after.open(sealed)]).toEqual([1, 2, 3]);
    expect(after.rootsAfter(1).map(({ document }) => document.version)).toEqual([2]);
    expect(after.rootsAfter(0)).toHaveLength(2);
  });

  it('on one machine is for trials, and says so', async () => {
    expect(await ceremonyForDemo(dataDir, { campusId: CAMPUS, nowMs: 1 })).toBe(true);
    expect(await ceremonyForDemo(dataDir, { campusId: CAMPUS, nowMs: 2 })).toBe(false);
    expect(isDemo(dataDir)).toBe(true);
    expect((await opened()).root.document.issuedAtMs).toBe(1);
  });
});

describe('keys at rest', () => {
  it('are readable by their owner only', async () => {
    await ceremonyForDemo(dataDir, { nowMs: 1 });
    for (const name of await readdir(join(dataDir, 'keys'), { recursive: true }))
      expect((await stat(join(dataDir, 'keys', name))).mode & 0o077, name).toBe(0);
  });

  it('need their passphrase where there is one', async () => {
    await createRoleKeys(dataDir, 'current', 'open sesame');
    expect(await loadRoleKeys(dataDir, 'current', undefined)).toMatchObject({ code: 'passphrase-needed' });
    expect(await loadRoleKeys(dataDir, 'current', 'other')).toMatchObject({ code: 'wrong-passphrase' });
    expect((await loadRoleKeys(dataDir, 'current', 'open sesame')).ok).toBe(true);
    expect(await readFile(join(dataDir, 'keys', 'role-keys.json'), 'utf8')).not.toContain('"d"');
  });

  it('are refused when a bit of the file was changed', async () => {
    const text = await protectJson({ secret: 1 }, 'word');
    const file = JSON.parse(text) as { ciphertext: string };
    const bytes = Buffer.from(file.ciphertext, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    const changed = JSON.stringify({ ...file, ciphertext: bytes.toString('base64') });
    expect(await unprotectJson(changed, 'word')).toMatchObject({ code: 'wrong-passphrase' });
    expect(await unprotectJson(text, 'word')).toEqual({ ok: true, value: { secret: 1 } });
  });

  it('open with a passphrase that a command prints', async () => {
    const passphrase = await readPassphrase({ LATCHKEY_KEY_PASSPHRASE_COMMAND: 'printf "open sesame\\n"' });
    expect(passphrase).toEqual({ ok: true, value: 'open sesame' });
    expect(await readPassphrase({ LATCHKEY_KEY_PASSPHRASE_COMMAND: 'exit 1' })).toMatchObject({ ok: false });
    expect(await readPassphrase({})).toEqual({ ok: true, value: undefined });
  });
});

it('wraps a PRF key for the one controller that can unwrap it', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const jwe = await wrapPrfKey(await exportJWK(publicKey), new Uint8Array(16).fill(7));
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, privateKey);
  expect([...plaintext]).toEqual(Array.from({ length: 16 }, () => 7));
  expect(protectedHeader).toMatchObject({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM' });
  expect(jwe.length).toBeLessThan(2_000);
});
