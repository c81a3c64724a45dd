// SPDX-License-Identifier: Apache-2.0
// Profile B: phones that the gate's list does not hold yet.
import { verify } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import vectors from '../../fixtures/codes/certificates.json' with { type: 'json' };
import { CAMPUS, codeOf, makeKey, type TestKey } from '../authorization/authority.test-support.ts';
import { importVerifyingKey, type Keyring } from '../authorization/keys.ts';
import type { AuthorizationList } from '../authorization/list-load.ts';
import { acceptRoot, encodeRoot, rootDigest, signRoot } from '../authorization/root-document.ts';
import { concatBytes } from '../bytes/equal.ts';
import { fromHex, toHex } from '../bytes/hex.ts';
import { CERTIFICATE_STATEMENT, certificateHolds, issueCertificate, keyIdOf } from './certificate.ts';
import { toDecimal } from './decimal.ts';
import {
  at,
  denying,
  gateWith,
  listOf,
  makeAuthority,
  makePhone,
  must,
  NIGHT_ONLY,
  NOW_MS,
  planAt,
  verdict,
  ZONE,
  ZONE_POLICY,
} from './gate.test-support.ts';
import { makeCode, type PhoneKey } from './make-code.ts';
import { algorithmByteOf, CERTIFICATE, CERTIFIED_DIGITS, decodePassCode } from './pass-code.ts';
import { importJwk } from './pass-key.ts';

const NOW_MINUTE = NOW_MS / 60_000;
const HOURS = 60;

let issuer: TestKey;
let keyring: Keyring;
let withdrawn: Keyring;
let list: AuthorizationList;
let phone: PhoneKey;
let listed: PhoneKey;

beforeAll(async () => {
  const authority = await makeAuthority();
  issuer = await makeKey();
  const ringWith = async (keys: typeof authority.document.keys, version: number) => {
    const document = { ...authority.document, version, epoch: version, keys };
    const signers = authority.roots.slice(0, 2).map(({ key }) => key);
    const trust = { kind: 'pinned' as const, digest: rootDigest(encodeRoot(document)) };
    return must(await acceptRoot(trust, await signRoot(document, signers))).keyring;
  };
  const issuing = { role: 'code' as const, scopes: 'all' as const, jwk: issuer.jwk };
  keyring = await ringWith([...authority.document.keys, issuing], 1);
  withdrawn = await ringWith(authority.document.keys, 2);
  phone = await makePhone();
  listed = await makePhone('EdDSA');
  list = await listOf(authority, [{ phone: listed, flags: 4 }]);
});

interface Change {
  readonly phone?: PhoneKey;
  readonly key?: TestKey;
  readonly expiry?: number;
  readonly profile?: number;
  readonly zone?: number;
  readonly policyRoot?: Uint8Array;
}

function certify(change: Change = {}): Promise<Uint8Array> {
  const to = change.phone ?? phone;
  const subject = {
    campusId: CAMPUS,
    zone: change.zone ?? ZONE,
    policyRoot: change.policyRoot ?? list.policy.digest,
    algorithmByte: algorithmByteOf(to.algorithm, to.parity),
    publicKey: to.publicKey,
  };
  const grant = { expiry: change.expiry ?? NOW_MINUTE + 24 * HOURS, profile: change.profile ?? 0 };
  return issueCertificate((change.key ?? issuer).key, subject, grant);
}

async function present(change: Change = {}, context = {}): Promise<string> {
  const text = await makeCode(change.phone ?? phone, planAt(), await certify(change));
  return verdict(gateWith(list, { keyring, ...context }).check(text));
}

describe('certificate', () => {
  it('of the vectors holds, states what they state, and is read as they expect', async () => {
    const { subject, expected, issuer: named } = vectors;
    const raw = (hex: string) => must(fromHex(hex));
    const certificate = must(CERTIFICATE.decode(raw(vectors.certificate)));
    expect(certificate).toMatchObject(expected);
    const key = must(await importVerifyingKey({ kty: 'OKP', crv: 'Ed25519', x: named.x }));
    expect(key.kid).toBe(named.kid);
    const of = {
      campusId: vectors.campusId,
      zone: subject.zone,
      algorithmByte: subject.algorithmByte,
      policyRoot: raw(subject.policyRoot),
      publicKey: raw(subject.publicKey),
    };
    expect(certificateHolds(certificate, of, [key])).toBe(true);
    expect(certificateHolds(certificate, of, [])).toBe(false);
    expect(verify(null, raw(vectors.statement), importJwk(key.jwk), certificate.signature)).toBe(true);
    expect(CERTIFICATE_STATEMENT.size).toBe(raw(vectors.statement).length);
  });
  it('names its key by the first two bytes of the kid', async () => {
    expect(keyIdOf('a1b2c3d4e5f60718')).toBe(0xa1b2);
    expect(must(CERTIFICATE.decode(await certify())).keyId).toBe(keyIdOf(issuer.key.kid));
  });
  it('a keyring gives the keys of a role and scope, and no others', () => {
    expect(keyring.all('code', 7).map(({ kid }) => kid)).toEqual([issuer.key.kid]);
    expect(keyring.all('list', 7)).toHaveLength(1);
    expect(keyring.all('list', 99)).toEqual([]);
    expect(keyring.all('list')).toEqual([]);
    expect(withdrawn.all('code', 7)).toEqual([]);
    expect(codeOf(keyring.find(issuer.key.kid, 'list', 7))).toBe('wrong-role');
  });
});

describe('a phone that the list lacks', () => {
  it('opens with a certificate, in the profile it gives', async () => {
    expect(await present()).toBe('granted');
    expect(await present({ profile: NIGHT_ONLY })).toBe('NotPermittedAtThisTime');
    expect(await present({ profile: 200 })).toBe('!UnknownCredential');
    const text = await makeCode(phone, planAt(), await certify({ profile: 1 }));
    expect(gateWith(list, { keyring }).check(text)).toMatchObject({ profile: 'B', decision: { profile: 1 } });
  });
  it('of either algorithm, and by an issuer of either', async () => {
    expect(await present({ phone: await makePhone('EdDSA') })).toBe('granted');
    const key = await makeKey('ES256');
    const verifying = must(await importVerifyingKey(key.jwk));
    expect(await present({ key }, { keyring: { ...keyring, all: () => [verifying] } })).toBe('granted');
  });
  it('without a certificate it is nobody', async () => {
    const text = await makeCode(phone, planAt());
    expect(verdict(gateWith(list, { keyring }).check(text))).toBe('!UnknownCredential');
  });
  it('denied since: the deny beats the certificate', async () => {
    expect(await present({}, { overlay: denying(phone) })).toBe('CredentialDenied');
  });
  it('replayed: its code is accepted once, like any other', async () => {
    const gate = gateWith(list, { keyring });
    const text = await makeCode(phone, planAt(), await certify());
    expect(verdict(gate.present(text))).toBe('granted');
    expect(verdict(gate.present(text, at(3_000)))).toBe('CodeReplayed');
  });
});

describe('a certificate is refused', () => {
  it('expired', async () => {
    expect(await present({ expiry: NOW_MINUTE })).toBe('CredentialExpired');
    expect(await present({ expiry: NOW_MINUTE + 1 })).toBe('granted');
  });
  it('longer than 72 h', async () => {
    expect(await present({ expiry: NOW_MINUTE + 72 * HOURS })).toBe('granted');
    expect(await present({ expiry: NOW_MINUTE + 72 * HOURS + 1 })).toBe('!CodeForged');
    expect(await present({ expiry: 0xffff_ffff })).toBe('!CodeForged');
  });
  it('of another policy', async () => {
    const policyRoot = list.policy.digest.slice();
    policyRoot[0] = (policyRoot[0] ?? 0) ^ 1;
    expect(await present({ policyRoot })).toBe('!CodeForged');
  });
  it('of another zone', async () => {
    expect(await present({ zone: ZONE + 1 })).toBe('!CodeForged');
  });
  it('of a withdrawn code key, of no key at all, of a key in another role', async () => {
    expect(await present({}, { keyring: withdrawn })).toBe('!CodeForged');
    expect(await present({}, { keyring: undefined })).toBe('!CodeForged');
    expect(await present({ key: await makeKey() })).toBe('!CodeForged');
  });
  it('by a key that only shares its two bytes of key id', async () => {
    const other = await makeKey();
    const impostor = { ...other, key: { ...other.key, kid: issuer.key.kid } };
    expect(await present({ key: impostor })).toBe('!CodeForged');
  });
  it('of another phone', async () => {
    const other = await makePhone();
    const text = await makeCode(phone, planAt(), await certify({ phone: other }));
    expect(verdict(gateWith(list, { keyring }).check(text))).toBe('!CodeForged');
  });
  it('for a phone that the list holds the certificate is not looked at: blocked stays blocked', async () => {
    expect(await present({ phone: listed })).toBe('CredentialNotEnabled');
  });
  it('with any bit flipped, in the code or in the certificate', async () => {
    const gate = gateWith(list, { keyring });
    const text = await makeCode(phone, planAt(), await certify());
    const read = must(decodePassCode(text));
    if (read.certificate === undefined) throw new Error('no certificate');
    const bytes = concatBytes([read.header, read.signature, CERTIFICATE.encode(read.certificate)]);
    expect(toDecimal(bytes, CERTIFIED_DIGITS)).toBe(text);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const checked = gate.check(toDecimal(flipped, CERTIFIED_DIGITS));
      expect(checked.kind, `bit ${bit} of ${toHex(bytes)}`).toBe('refused');
    }
  });
  it('in profile A it has no place: the length gives the profile', async () => {
    const text = await makeCode(phone, planAt(), await certify());
    expect(verdict(gateWith(list, { keyring }).check(text.slice(0, 251)))).toBe('!CodeUnreadable');
    expect(ZONE_POLICY.zone).toBe(ZONE);
  });
});
