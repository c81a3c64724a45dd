// SPDX-License-Identifier: Apache-2.0
// The gate's rules one by one. `!` in front of a reason: nobody was named.
import { beforeAll, describe, expect, it } from 'vitest';
import { CAMPUS } from '../authorization/authority.test-support.ts';
import { createPrf } from '../authorization/credential-id.ts';
import type { AuthorizationList } from '../authorization/list-load.ts';
import {
  ALGORITHMS,
  at,
  codeAt,
  denying,
  gateWith,
  idOfPhone,
  listOf,
  makeAuthority,
  makePhone,
  NIGHT_ONLY,
  NOW_MS,
  planAt,
  verdict,
  ZONE_POLICY,
} from './gate.test-support.ts';
import { makeCode, type PhoneKey } from './make-code.ts';

let phones: Record<'ES256' | 'EdDSA', PhoneKey>;
let phone: PhoneKey;
let blocked: PhoneKey;
let expired: PhoneKey;
let byNight: PhoneKey;
let stranger: PhoneKey;
let list: AuthorizationList;
let asking: AuthorizationList;

beforeAll(async () => {
  phones = { ES256: await makePhone('ES256'), EdDSA: await makePhone('EdDSA') };
  phone = phones.ES256;
  blocked = await makePhone();
  expired = await makePhone();
  byNight = await makePhone();
  stranger = await makePhone();
  const listed = [
    { phone: phones.ES256 },
    { phone: phones.EdDSA },
    { phone: blocked, flags: 4 },
    { phone: expired, untilMinute: NOW_MS / 60_000 },
    { phone: byNight, profile: NIGHT_ONLY },
  ];
  const authority = await makeAuthority();
  list = await listOf(authority, listed);
  const portals = ZONE_POLICY.portals.map((portal) => ({ ...portal, askGateway: true }));
  asking = await listOf(authority, listed, { ...ZONE_POLICY, portals });
});

describe('a code of a listed phone', () => {
  it.each(ALGORITHMS)('%s: opens, and names its credential, scope and profile', async (algorithm) => {
    const gate = gateWith(list);
    const checked = gate.check(await codeAt(phones[algorithm]));
    expect(checked).toMatchObject({
      kind: 'identified',
      profile: 'A',
      credential: { id: idOfPhone(phones[algorithm]), class: 'phone-code' },
      decision: { outcome: 'granted', scope: 7, version: 1, profile: 0 },
      acceptance: { seen: { timeS: NOW_MS / 1_000 } },
    });
  });
  it('counts nothing by being checked: only what is noted is seen', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phone);
    gate.check(text);
    expect(verdict(gate.check(text))).toBe('granted');
    expect(gate.seen.size).toBe(0);
  });
});

describe('time window', () => {
  it.each([
    [-15_000, 'granted'],
    [-16_000, '!CodeExpired'],
    [5_000, 'granted'],
    [6_000, '!CodeFromFuture'],
  ])('a clock in step takes a code made %i ms from its own time: %s', async (offsetMs, expected) => {
    expect(verdict(gateWith(list).check(await codeAt(phone, offsetMs)))).toBe(expected);
  });
  it.each([
    [-45_000, 30_000, 'granted'],
    [-46_000, 30_000, '!CodeExpired'],
    [35_000, 30_000, 'granted'],
    [36_000, 30_000, '!CodeFromFuture'],
    [-20_000, 5_000, 'granted'],
    [-21_000, 5_000, '!CodeExpired'],
  ])('a code made %i ms away at a drift of %i ms: %s', async (offsetMs, driftMs, expected) => {
    expect(verdict(gateWith(list, { driftMs }).check(await codeAt(phone, offsetMs)))).toBe(expected);
  });
  it.each([30_001, Number.POSITIVE_INFINITY, Number.NaN])(
    'a clock that may be off by %d ms takes no one-way code',
    async (driftMs) => {
      const text = await codeAt(phone);
      expect(verdict(gateWith(list, { driftMs }).check(text))).toBe('!CodeClockUnsure');
    },
  );
  it('after a reboot nothing made before it is taken, not even a code that was never shown', async () => {
    const bootMs = NOW_MS - 2_000;
    expect(verdict(gateWith(list, { bootMs }).check(await codeAt(phone, -3_000)))).toBe('!CodeExpired');
    expect(verdict(gateWith(list, { bootMs }).check(await codeAt(phone, -2_000)))).toBe('granted');
  });
});

describe('where a code is for', () => {
  it('wrong zone', async () => {
    const text = await makeCode(phone, { ...planAt(), zone: 13 });
    expect(verdict(gateWith(list).check(text))).toBe('!CodeWrongZone');
  });
  it('a list without a zone takes no codes', async () => {
    expect(verdict(gateWith(list, { zone: undefined }).check(await codeAt(phone)))).toBe('!CodeWrongZone');
  });
  it('wrong campus: what another campus signs is forged here', async () => {
    const text = await makeCode(phone, { ...planAt(), campusId: 'ffffffffffffffff' });
    expect(verdict(gateWith(list).check(text))).toBe('!CodeForged');
    expect(CAMPUS).not.toBe('ffffffffffffffff');
  });
});

describe('the list decides before the signature is looked at', () => {
  it('no list, or no key to read it', async () => {
    const text = await codeAt(phone);
    expect(verdict(gateWith(undefined).check(text))).toBe('!ListMissing');
    expect(verdict(gateWith(list, { scopePrf: undefined }).check(text))).toBe('!ListMissing');
    const blind = gateWith(list, { overlay: denying(phone), campusPrf: undefined });
    expect(verdict(blind.check(text))).toBe('ListMissing');
  });
  it('a phone that no list holds is nobody', async () => {
    expect(verdict(gateWith(list).check(await codeAt(stranger)))).toBe('!UnknownCredential');
  });
  it('a list made under another PRF key holds nobody', async () => {
    const scopePrf = createPrf(new Uint8Array(16).fill(9));
    expect(verdict(gateWith(list, { scopePrf }).check(await codeAt(phone)))).toBe('!UnknownCredential');
  });
  it('denied phone: reported lost a second ago', async () => {
    expect(verdict(gateWith(list, { overlay: denying(phone) }).check(await codeAt(phone)))).toBe('CredentialDenied');
    expect(verdict(gateWith(list, { overlay: denying(stranger) }).check(await codeAt(phone)))).toBe('granted');
  });
  it('blocked, expired, outside the schedule, without a right here', async () => {
    const gate = gateWith(list);
    expect(verdict(gate.check(await codeAt(blocked)))).toBe('CredentialNotEnabled');
    expect(verdict(gate.check(await codeAt(expired)))).toBe('CredentialExpired');
    expect(verdict(gate.check(await codeAt(byNight)))).toBe('NotPermittedAtThisTime');
    expect(verdict(gate.check(await codeAt(phone), { portal: 'laboratory' }))).toBe('Unauthorized');
  });
  it('a refused code is not burnt: the same one opens where its holder has a right', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phone);
    expect(verdict(gate.present(text, { portal: 'laboratory' }))).toBe('Unauthorized');
    expect(verdict(gate.present(text))).toBe('granted');
  });
  it('an unknown phone is asked about only when it has proven its key, and never with a replayed code', async () => {
    const gate = gateWith(asking);
    const text = await codeAt(stranger);
    const checked = gate.check(text);
    expect(checked).toMatchObject({
      kind: 'identified',
      credential: { id: idOfPhone(stranger) },
      decision: { outcome: 'denied', reason: 'UnknownCredential', askGateway: true },
    });
    const forged = `${text.slice(0, -1)}${(Number(text.at(-1)) + 1) % 10}`;
    expect(verdict(gate.check(forged))).toBe('!UnknownCredential');
    if (checked.kind !== 'identified' || !checked.acceptance.seen) throw new Error('nothing to note');
    gate.seen.raise(checked.acceptance.seen, NOW_MS);
    expect(verdict(gate.check(text))).toBe('CodeReplayed');
  });
});

describe('replay', () => {
  it('at the same gate: the same code, and any made no later', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phone);
    expect(verdict(gate.present(text))).toBe('granted');
    expect(verdict(gate.present(text, at(2_001)))).toBe('CodeReplayed');
    expect(verdict(gate.present(await codeAt(phone, -1_000), at(2_001)))).toBe('CodeReplayed');
    expect(verdict(gate.present(await codeAt(phone, 0), at(2_001)))).toBe('CodeReplayed');
    expect(verdict(gate.present(await codeAt(phone, 1_000), at(2_001)))).toBe('granted');
  });
  it('at another gate of the zone, once the neighbour has told', async () => {
    const [one, other] = [gateWith(list), gateWith(list)];
    const text = await codeAt(phone);
    expect(verdict(other.check(text))).toBe('granted');
    const checked = one.present(text);
    if (checked.kind !== 'identified' || !checked.acceptance.seen) throw new Error('nothing to tell');
    expect(other.seen.merge([checked.acceptance.seen], NOW_MS)).toBe(1);
    expect(verdict(other.check(text))).toBe('CodeReplayed');
    expect(verdict(other.check(await codeAt(phone, 1_000)))).toBe('granted');
  });
  it('names whose code was replayed, but nobody for a forged one', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phone);
    gate.present(text);
    expect(gate.check(text, at(3_000))).toMatchObject({ kind: 'identified', credential: { id: idOfPhone(phone) } });
    const forged = `${text.slice(0, -1)}${(Number(text.at(-1)) + 1) % 10}`;
    expect(verdict(gate.check(forged, at(3_000)))).toBe('!CodeReplayed');
  });
  it('does not touch other phones', async () => {
    const gate = gateWith(list);
    gate.present(await codeAt(phone));
    expect(verdict(gate.present(await codeAt(phones.EdDSA)))).toBe('granted');
  });
});

describe('twice within 2 s', () => {
  it('the very same code at the same reader is one event', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phone);
    gate.present(text);
    expect(verdict(gate.present(text, at(100)))).toBe('repeat');
    expect(verdict(gate.present(text, at(2_000)))).toBe('repeat');
    expect(verdict(gate.present(text, at(2_001)))).toBe('CodeReplayed');
  });
  it('at another reader it is a replay at once', async () => {
    const gate = gateWith(list);
    const text = await codeAt(phone);
    gate.present(text);
    expect(verdict(gate.present(text, { ...at(100), reader: 'scanner-2' }))).toBe('CodeReplayed');
  });
  it('another code of the same second is a replay', async () => {
    const gate = gateWith(list);
    gate.present(await codeAt(phone));
    expect(verdict(gate.present(await codeAt(phone), at(100)))).toBe('CodeReplayed');
  });
  it('after a refusal nothing is a repeat', async () => {
    const gate = gateWith(list);
    const text = await codeAt(blocked);
    gate.present(text);
    expect(verdict(gate.present(text, at(100)))).toBe('CredentialNotEnabled');
  });
});
