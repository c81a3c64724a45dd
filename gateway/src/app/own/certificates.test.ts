// SPDX-License-Identifier: Apache-2.0
// Certificates against lists that were really published and gates that report them.
import { randomBytes } from 'node:crypto';
import { phoneId } from '@latchkey/protocols/authorization/credential-id';
import { compilePolicy } from '@latchkey/protocols/authorization/policy';
import { fromBase64url, toBase64url } from '@latchkey/protocols/bytes/base64url';
import { sha256, sha256Hex } from '@latchkey/protocols/bytes/hash';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { certificateHolds, certificateIssuers } from '@latchkey/protocols/codes/certificate';
import { CERTIFICATE } from '@latchkey/protocols/codes/pass-code';
import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPhoneKey } from '../../core/phone-key.ts';
import { createPublishOnce } from '../publisher.ts';
import { actOnCard, issueCard } from '../registry/cards.ts';
import { putLevel } from '../registry/levels.ts';
import { putPerson } from '../registry/people.ts';
import { enrolPhone, withdrawPhone } from '../registry/phones.ts';
import { putPortal } from '../registry/places.ts';
import {
  ACTOR,
  CAMPUS,
  furnish,
  level,
  NOW_MS,
  openTestRegistry,
  person,
  portal,
  randomUid,
  type TestRegistry,
  value,
} from '../registry/registry.test-support.ts';
import { createCertificates, type GiveCertificates } from './certificates.ts';

const HOUR_MS = 3_600_000;
let registry: TestRegistry;
let give: GiveCertificates;
let publish: () => Promise<unknown>;
let nowMs: number;

beforeEach(async () => {
  nowMs = NOW_MS;
  registry = await openTestRegistry();
  const { database, keystore } = registry;
  const common = { database, timeZone: 'Asia/Shanghai' };
  give = createCertificates({
    ...common,
    epoch: keystore.root.document.epoch,
    nowMs: () => nowMs,
    campusId: CAMPUS,
    key: keystore.key('code'),
  });
  publish = createPublishOnce({
    ...common,
    keystore,
    now: () => nowMs,
    onPublished: () => undefined,
    onProblem: (scope, problem) => {
      throw new Error(`scope ${scope}: ${problem}`);
    },
  });
  await furnish(registry);
  await database.db.insertInto('device').values({ id: 'gate-1', name: 'gate-1', state: 'enrolled' }).execute();
  value(await putPortal(registry.context, 'north', portal({ device: 'gate-1' }), ACTOR));
  // Somebody of the same rights, so that the profile is in the lists of before.
  const card = { uid: randomUid(), person: 'S1', class: 'uid-only' as const, validUntilMs: null };
  value(await issueCard(registry.context, card, ACTOR));
  await publish();
  await report(1);
});
afterEach(() => registry.close());

/** The gate says that this version is in force. */
const report = (version: number) =>
  registry.database.db
    .insertInto('device_scope')
    .values({ device_id: 'gate-1', scope_id: 1, reported_epoch: 1, reported_version: version })
    .onConflict((conflict) => conflict.columns(['device_id', 'scope_id']).doUpdateSet({ reported_version: version }))
    .execute();

async function enrol(holder = 'S1') {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true });
  const { x = '', y = '' } = await exportJWK(publicKey);
  const point = Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const text = toBase64url(point);
  const key = value(await readPhoneKey('ES256', text));
  const enrolment = { person: holder, name: 'phone', algorithm: 'ES256' as const, publicKey: text, key32: key.key32 };
  const { phone } = value(await enrolPhone(registry.context, { ...enrolment, replaces: undefined }, 9, holder));
  const row = await registry.database.db
    .selectFrom('phone')
    .selectAll()
    .where('id', '=', phone)
    .executeTakeFirstOrThrow();
  return { row, key };
}

const policyOf = async (version: number) => {
  const row = await registry.database.db
    .selectFrom('list_version')
    .select('policy')
    .where('scope_id', '=', 1)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return row.policy as Uint8Array;
};

it('bind the key to its profile in the policy that the gates have in force, for less than 72 hours', async () => {
  const policy = await policyOf(1);
  const { row, key } = await enrol();
  const [given, ...others] = await give(row, key);
  expect(others).toEqual([]);
  expect(given).toMatchObject({ zone: 1, expires: new Date(NOW_MS + 71 * HOUR_MS).toISOString() });
  const certificate = value(CERTIFICATE.decode(value(fromBase64url(given?.certificate ?? ''))));
  const { keyring } = registry.keystore.root;
  const issuer = value(keyring.find(registry.keystore.key('code').kid, 'code', 1));
  expect(certificateIssuers(certificate, [issuer], nowMs)).toHaveLength(1);
  const subject = {
    campusId: CAMPUS,
    zone: 1,
    policyRoot: sha256(policy),
    algorithmByte: key.algorithmByte,
    publicKey: key.key32,
  };
  expect(certificateHolds(certificate, subject, [issuer])).toBe(true);
  const profile = value(compilePolicy(policy)).profiles[certificate.profile];
  expect(profile?.rules.size).toBe(1);
  for (const wrong of [{ zone: 2 }, { policyRoot: randomBytes(32) }, { publicKey: randomBytes(32) }])
    expect(certificateHolds(certificate, { ...subject, ...wrong }, [issuer])).toBe(false);
});

it('are for the gate that is furthest behind, also when its own list has lost its pages here', async () => {
  for (let version = 2; version <= 6; version += 1) {
    await enrol();
    nowMs += 60_000;
    await publish();
  }
  const { row, key } = await enrol();
  expect(await give(row, key)).toHaveLength(1);
});

it('are not given where the gates have another policy, for a profile they lack, or where no gate reports', async () => {
  value(await putPerson(registry.context, 'V1', person({ kind: 'visitor', groups: ['dorm-1'] }), ACTOR));
  const visitor = await enrol('V1');
  expect(await give(visitor.row, visitor.key)).toEqual([]);
  value(await putLevel(registry.context, 'dorm', level({ directions: ['in'] }), ACTOR));
  const { row, key } = await enrol();
  expect(await give(row, key)).toEqual([]);
  await publish();
  expect(await give(row, key)).toEqual([]);
  await report(2);
  expect(await give(row, key)).toHaveLength(1);
  await registry.database.db.deleteFrom('device_scope').execute();
  expect(await give(row, key)).toEqual([]);
});

it('are not given to a phone that ended, to one at rest, or past the end of its person', async () => {
  const { row, key } = await enrol();
  const card = await registry.database.db.selectFrom('credential').select('id').executeTakeFirstOrThrow();
  value(await actOnCard(registry.context, card.id, 'freeze', ACTOR));
  expect(await give(row, key)).toEqual([]);
  value(await actOnCard(registry.context, card.id, 'unfreeze', ACTOR));
  const validUntil = new Date(NOW_MS + HOUR_MS).toISOString();
  value(await putPerson(registry.context, 'S1', person({ groups: ['dorm-1'], validUntil }), ACTOR));
  expect(await give(row, key)).toMatchObject([{ expires: validUntil }]);
  value(await withdrawPhone(registry.context, 'S1', row.id, 'S1'));
  expect(await give(row, key)).toEqual([]);
});

it('keep the phone in the list as blocked after it ended, however that came about', async () => {
  const { row, key } = await enrol();
  await give(row, key);
  value(await withdrawPhone(registry.context, 'S1', row.id, 'S1'));
  await publish();
  const list = await registry.database.db
    .selectFrom('list_version')
    .select(['credentials', 'policy'])
    .where('scope_id', '=', 1)
    .orderBy('version', 'desc')
    .executeTakeFirstOrThrow();
  expect(list.credentials).toBe(2);
  expect(row.credential_id).toBe(toHex(phoneId('ES256', key.key32)));
  nowMs += 72 * HOUR_MS;
  await publish();
  const later = await registry.database.db
    .selectFrom('list_version')
    .select('credentials')
    .where('scope_id', '=', 1)
    .orderBy('version', 'desc')
    .executeTakeFirstOrThrow();
  expect(later.credentials).toBe(1);
  expect(sha256Hex(list.policy ?? new Uint8Array())).toHaveLength(64);
});
