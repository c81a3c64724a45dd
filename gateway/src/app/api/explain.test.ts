// SPDX-License-Identifier: Apache-2.0
// Whom and what the explainer judges: a person's cards, lost ones too, and phones in use.
import { randomBytes } from 'node:crypto';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { issueCard, loseCard } from '../registry/cards.ts';
import { enrolPhone, withdrawPhone } from '../registry/phones.ts';
import {
  ACTOR,
  furnish,
  NOW_MS,
  openTestRegistry,
  type TestRegistry,
  uidOf,
  value,
} from '../registry/registry.test-support.ts';
import { createExplainer } from './explain.ts';

let registry: TestRegistry;
beforeEach(async () => {
  registry = await openTestRegistry();
  await furnish(registry);
});
afterEach(() => registry.close());

const enrol = async (): Promise<number> => {
  const enrolment = {
    person: 'S1',
    name: 'phone',
    algorithm: 'ES256' as const,
    publicKey: 'k',
    key32: randomBytes(32),
  };
  return value(await enrolPhone(registry.context, { ...enrolment, replaces: undefined }, 2, 'S1')).phone;
};

it('judges the cards of a person and the phones in use, each by its class', async () => {
  const explain = createExplainer({
    db: registry.database.db,
    nowMs: () => NOW_MS,
    listOf: async () => undefined,
    deniesSince: async () => EMPTY_OVERLAY,
    campusPrf: () => registry.context.campusPrf,
  });
  const ask = async () => value(await explain({ portal: 'north', person: 'S1', direction: 'in' }));
  expect((await ask()).notes).toContain('this person has no card or phone in use');
  const issue = { uid: uidOf('1a2b3c4d'), person: 'S1', class: 'uid-only' as const, validUntilMs: null };
  const card = value(await issueCard(registry.context, issue, ACTOR)).cards[0] as number;
  value(await loseCard(registry.context, card, ACTOR));
  const [stopped, phone] = [await enrol(), await enrol()];
  value(await withdrawPhone(registry.context, 'S1', stopped, 'S1'));
  const { cards, notes } = await ask();
  expect(cards).toMatchObject([
    { card: String(card), ending: '3c4d', class: 'uid-only' },
    { card: null, phone: String(phone), ending: '', class: 'phone-code' },
  ]);
  expect(notes).toContainEqual(expect.stringContaining('only the gate can tell'));
});
