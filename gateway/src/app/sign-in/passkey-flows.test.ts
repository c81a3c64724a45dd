// SPDX-License-Identifier: Apache-2.0
// Challenges nobody stores: computed, bound to a purpose, good for a while and once.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  openTemporaryDatabase,
  type TemporaryDatabase,
} from '../../adapters/database/temporary-database.test-support.ts';
import { createPasskeyFlows, type PasskeyFlows } from './passkey-flows.ts';

let database: TemporaryDatabase;
let flows: PasskeyFlows;
let nowMs = 1_800_000_000_000;
beforeAll(async () => {
  database = await openTemporaryDatabase();
  flows = createPasskeyFlows({ key: randomBytes(32), database, nowMs: () => nowMs });
});
afterAll(async () => database.close());

it('a challenge comes back from its flow, for its purpose only', () => {
  const { flow, challenge } = flows.open('sign-in');
  expect(flow.length).toBeLessThanOrEqual(64);
  expect(challenge).toHaveLength(32);
  expect(flows.challengeOf(flow, 'sign-in')).toBe(Buffer.from(challenge).toString('base64url'));
  expect(flows.challengeOf(flow, 'register 1 x')).not.toBe(Buffer.from(challenge).toString('base64url'));
  expect(flows.open('sign-in').flow).not.toBe(flow);
});

it('a flow expires, and none can be made that lasts longer', () => {
  const { flow } = flows.open('sign-in');
  nowMs += 5 * 60_000;
  expect(flows.challengeOf(flow, 'sign-in')).toBeUndefined();
  const forged = Buffer.from(flow, 'base64url');
  forged.writeUInt32BE(0xffff_ffff, 16);
  expect(flows.challengeOf(forged.toString('base64url'), 'sign-in')).toBeUndefined();
});

it('another spelling of a flow is none, so that it cannot be used once in each', () => {
  const { flow } = flows.open('sign-in');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(flow.at(-1) ?? '');
  const twin = flow.slice(0, -1) + alphabet[last ^ 1];
  expect(Buffer.from(twin, 'base64url')).toEqual(Buffer.from(flow, 'base64url'));
  expect(flows.challengeOf(twin, 'sign-in')).toBeUndefined();
});

it('a flow is used up once, and forgotten when it would have expired', async () => {
  const { flow } = flows.open('sign-in');
  expect(await Promise.all([flows.useUp(flow), flows.useUp(flow)])).toEqual([true, false]);
  expect(await flows.useUp(flow)).toBe(false);
  nowMs += 10 * 60_000;
  await flows.sweep();
  expect(await database.db.selectFrom('used_flow').selectAll().execute()).toEqual([]);
});
