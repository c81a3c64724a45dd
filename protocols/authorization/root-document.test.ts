// SPDX-License-Identifier: Apache-2.0
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../bytes/base64url.ts';
import { type Authority, bitFlips, codeOf, makeAuthority, makeKey, must, SCOPE } from './authority.test-support.ts';
import { acceptRoot, encodeRoot, MAX_EPOCH_STEP, type RootDocument, rootDigest, signRoot } from './root-document.ts';

let campus: Authority;
let current: { kind: 'current'; document: RootDocument };

beforeAll(async () => {
  campus = await makeAuthority();
  current = { kind: 'current', document: campus.document };
});

const successor = (change: Partial<RootDocument> = {}): RootDocument => ({
  ...campus.document,
  version: 2,
  epoch: 2,
  ...change,
});
const rootKeys = (...which: number[]) => which.map((at) => (campus.roots[at] as Authority['roots'][0]).key);
const accept = async (document: RootDocument, ...signers: number[]) =>
  codeOf(await acceptRoot(current, await signRoot(document, rootKeys(...signers))));

describe('root document', () => {
  it('is taken first by the digest pinned at enrolment, and by no other', async () => {
    const digest = rootDigest(encodeRoot(campus.document));
    const accepted = must(await acceptRoot({ kind: 'pinned', digest }, campus.rootFrame));
    expect(accepted.digest).toBe(digest);
    expect(accepted.document).toEqual(campus.document);
    expect(codeOf(await acceptRoot({ kind: 'pinned', digest: '00'.repeat(32) }, campus.rootFrame))).toBe('not-pinned');
  });

  it('pinned, still needs the threshold of its own keys', async () => {
    const digest = rootDigest(encodeRoot(campus.document));
    const one = await signRoot(campus.document, rootKeys(0));
    expect(codeOf(await acceptRoot({ kind: 'pinned', digest }, one))).toBe('threshold-not-met');
  });

  it('gives keys for their role and their scopes only', async () => {
    const { keyring, list, deny } = campus;
    expect(codeOf(keyring.find(list.key.kid, 'list', SCOPE))).toBe('ok');
    expect(codeOf(keyring.find(list.key.kid, 'list', SCOPE + 2))).toBe('wrong-scope');
    expect(codeOf(keyring.find(list.key.kid, 'deny'))).toBe('wrong-role');
    expect(codeOf(keyring.find(deny.key.kid, 'deny', 12_345))).toBe('ok');
    expect(codeOf(keyring.find('0123456789abcdef', 'deny'))).toBe('unknown-key');
    expect(codeOf(keyring.find((campus.roots[0] as Authority['roots'][0]).key.kid, 'list', SCOPE))).toBe('unknown-key');
  });

  it('N+1 with the same root keys needs the threshold once over', async () => {
    expect(await accept(successor(), 0, 2)).toBe('ok');
    expect(await accept(successor(), 1)).toBe('threshold-not-met');
  });

  it('counts keys, not signatures', async () => {
    expect(await accept(successor(), 1, 1, 1)).toBe('threshold-not-met');
  });

  it('N+1 with new root keys needs the old AND the new', async () => {
    const fresh = [await makeKey(), await makeKey(), await makeKey('ES256')];
    const document = successor({ rootKeys: fresh.map(({ jwk }) => jwk) });
    const sign = async (keys: Parameters<typeof signRoot>[1]) =>
      codeOf(await acceptRoot(current, await signRoot(document, keys)));
    const freshKeys = fresh.map(({ key }) => key);
    expect(await sign([...rootKeys(0, 1), ...freshKeys.slice(1)])).toBe('ok');
    expect(await sign(rootKeys(0, 1, 2))).toBe('threshold-not-met');
    expect(await sign(freshKeys)).toBe('threshold-not-met');
    expect(await sign([...rootKeys(0), ...freshKeys])).toBe('threshold-not-met');
  });

  it('cannot lower the threshold without meeting the old one', async () => {
    expect(await accept(successor({ threshold: 1 }), 0)).toBe('threshold-not-met');
    expect(await accept(successor({ threshold: 1 }), 0, 1)).toBe('ok');
  });

  it('follows version by version, each with a newer epoch', async () => {
    expect(await accept(successor({ version: 1 }), 0, 1)).toBe('rollback');
    expect(await accept(successor({ version: 3 }), 0, 1)).toBe('version-gap');
    expect(await accept(successor({ epoch: 1 }), 0, 1)).toBe('epoch-not-newer');
    expect(await accept(successor({ epoch: 2 + MAX_EPOCH_STEP }), 0, 1)).toBe('epoch-jump');
    expect(await accept(successor({ campusId: '00'.repeat(8) }), 0, 1)).toBe('wrong-campus');
  });

  it('refuses a key named twice, and a root key with a second role', async () => {
    const [entry] = campus.document.keys;
    const twice = successor({
      keys: [...campus.document.keys, { ...(entry as RootDocument['keys'][0]), role: 'deny' }],
    });
    expect(await accept(twice, 0, 1)).toBe('duplicate-key');
    const rootJwk = campus.document.rootKeys[0] as RootDocument['rootKeys'][0];
    expect(await accept(successor({ keys: [{ role: 'list', scopes: 'all', jwk: rootJwk }] }), 0, 1)).toBe(
      'duplicate-key',
    );
    expect(await accept(successor({ rootKeys: [rootJwk, rootJwk] }), 0, 1)).toBe('duplicate-key');
  });

  it('refuses a key of small order', async () => {
    const x = toBase64url(Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0)));
    const keys = [
      { role: 'deny' as const, scopes: 'all' as const, jwk: { kty: 'OKP' as const, crv: 'Ed25519' as const, x } },
    ];
    expect(await accept(successor({ keys }), 0, 1)).toBe('small-order-key');
  });

  it('refuses members it does not know and thresholds that cannot be met', async () => {
    expect(await accept({ ...successor(), extra: 1 } as RootDocument, 0, 1)).toBe('malformed-root');
    expect(await accept(successor({ threshold: 4 }), 0, 1, 2)).toBe('malformed-root');
  });

  it('fails with any bit flipped', async () => {
    const frame = await signRoot(successor(), rootKeys(0, 1));
    for (const flipped of bitFlips(frame)) expect((await acceptRoot(current, flipped)).ok).toBe(false);
  });
});
