// SPDX-License-Identifier: Apache-2.0
// Who may borrow reaches a desk in a signed list like any other: rules of groups, blocks, and patron numbers that only a card opens.
import { openBorrowers } from '@latchkey/protocols/authorization/borrowers';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { loadList } from '@latchkey/protocols/authorization/list-load';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBorrowers, readBorrower } from './api/library.ts';
import { listParts } from './list-store.ts';
import { createPublishOnce, type PublishedList } from './publisher.ts';
import { issueCard } from './registry/cards.ts';
import { putLevel } from './registry/levels.ts';
import { putBorrower, putLoanRule, removeBorrower, removeLoanRule } from './registry/library.ts';
import { putGroup, putPerson, removePerson } from './registry/people.ts';
import { putPortal, putScope } from './registry/places.ts';
import { readPrfKey } from './registry/prf-keys.ts';
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
} from './registry/registry.test-support.ts';

const DESK_SCOPE = 50;
let registry: TestRegistry;
let published: PublishedList[];
let publish: ReturnType<typeof createPublishOnce>;
const uid = randomUid();
const PLAIN = { patron: null, blocked: false, reason: '' };

beforeEach(async () => {
  registry = await openTestRegistry();
  await furnish(registry);
  const { context } = registry;
  value(await putScope(context, DESK_SCOPE, { name: '图书馆' }, ACTOR));
  value(
    await putPortal(context, 'library-desk', portal({ scope: DESK_SCOPE, kind: 'desk', building: '图书馆' }), ACTOR),
  );
  for (const id of ['students', 'graduates']) value(await putGroup(context, id, { name: `${id} name` }, ACTOR));
  value(await putPerson(context, 'L1', person({ groups: ['students'], building: '', room: '' }), ACTOR));
  value(await putLevel(context, 'readers', level({ groups: ['students'], portals: ['library-desk'] }), ACTOR));
  value(await issueCard(context, { uid, person: 'L1', class: 'uid-only', validUntilMs: null }, ACTOR));
  published = [];
  publish = createPublishOnce({
    database: registry.database,
    keystore: registry.keystore,
    now: () => NOW_MS,
    timeZone: 'Asia/Shanghai',
    onPublished: (list) => published.push(list),
    onProblem: (scope, problem) => {
      throw new Error(`${scope}: ${problem}`);
    },
  });
});
afterEach(() => registry.close());

/** What a desk with the newest list knows of the card. */
async function known() {
  await publish();
  const place = published.filter(({ scope }) => scope === DESK_SCOPE).at(-1) as PublishedList;
  const parts = await listParts(registry.database.reader, place);
  if (!parts) throw new Error('pages are gone');
  const list = value(
    await loadList(parts, { keyring: registry.keystore.root.keyring, campusId: CAMPUS, scopeId: DESK_SCOPE }),
  );
  const { prf } = await readPrfKey(registry.database.reader, registry.keystore, list.head.prfKeyId);
  const id = cardId(uid);
  const record = list.find(prf.key(id));
  return {
    version: place.version,
    patron: openBorrowers(list.policy.document.borrowers).find(id, prf),
    terms: list.policy.document.profiles[record?.profile ?? -1]?.loans,
  };
}

describe('the list of a library desk', () => {
  it('knows the patron behind a card, and lends nothing by itself without a rule', async () => {
    expect(await known()).toMatchObject({ patron: 'L1', terms: undefined });
  });

  it('has the rule of the group, and the more generous of two', async () => {
    value(await putLoanRule(registry.context, 'students', { limit: 10, days: 30 }, ACTOR));
    expect((await known()).terms).toEqual({ group: 'students name', limit: 10, days: 30 });
    value(await putLoanRule(registry.context, 'graduates', { limit: 20, days: 60 }, ACTOR));
    const groups = ['students', 'graduates'];
    value(await putPerson(registry.context, 'L1', person({ groups, building: '', room: '' }), ACTOR));
    expect((await known()).terms).toMatchObject({ group: 'graduates name', limit: 20 });
    value(await removeLoanRule(registry.context, 'graduates', ACTOR));
    expect((await known()).terms).toMatchObject({ limit: 10 });
  });

  it('says who is blocked, and takes another number for a person', async () => {
    value(await putLoanRule(registry.context, 'students', { limit: 10, days: 30 }, ACTOR));
    value(
      await putBorrower(registry.context, 'L1', { patron: 'R-77', blocked: true, reason: 'books not returned' }, ACTOR),
    );
    expect(await known()).toMatchObject({ patron: 'R-77', terms: { blocked: true } });
    expect(await listBorrowers(registry.database.db)).toMatchObject([{ id: 'L1', patron: 'R-77', blocked: true }]);
    value(await removeBorrower(registry.context, 'L1', ACTOR));
    expect(await known()).toMatchObject({ patron: 'L1', terms: { limit: 10 } });
    expect(await readBorrower(registry.database.db, 'L1')).toEqual({ id: 'L1', ...PLAIN });
  });

  it('gets a new version for a change, and none for what changes nothing', async () => {
    const { version } = await known();
    value(await putLoanRule(registry.context, 'students', { limit: 10, days: 30 }, ACTOR));
    expect((await known()).version).toBe(version + 1);
    expect(value(await putLoanRule(registry.context, 'students', { limit: 10, days: 30 }, ACTOR))).toEqual({
      changed: false,
    });
    expect((await known()).version).toBe(version + 1);
  });

  it('shows no number and no rule in the list of a gate', async () => {
    value(await putLoanRule(registry.context, 'students', { limit: 10, days: 30 }, ACTOR));
    await publish();
    const gate = published.find(({ scope }) => scope === 1) as PublishedList;
    const policy = new TextDecoder().decode((await listParts(registry.database.reader, gate))?.policy);
    expect(policy).not.toMatch(/borrowers|loans/);
  });
});

describe('borrowers', () => {
  it('never share a number', async () => {
    value(await putPerson(registry.context, 'L2', person({ groups: ['students'] }), ACTOR));
    expect(await putBorrower(registry.context, 'L2', { ...PLAIN, patron: 'L1' }, ACTOR)).toMatchObject({
      code: 'already-exists',
    });
    value(await putBorrower(registry.context, 'L2', { ...PLAIN, patron: 'R-1' }, ACTOR));
    expect(await putBorrower(registry.context, 'L1', { ...PLAIN, patron: 'R-1' }, ACTOR)).toMatchObject({
      code: 'already-exists',
    });
  });

  it('have a number to themselves, whoever comes or comes back', async () => {
    const { context } = registry;
    const body = person({ groups: ['students'], building: '', room: '' });
    value(await putBorrower(context, 'L1', { ...PLAIN, patron: 'N1' }, ACTOR));
    const refused = { code: 'already-exists', detail: expect.stringMatching(/^number: L1 borrows .* on it/) };
    expect(await putPerson(context, 'N1', body, ACTOR)).toMatchObject(refused);
    value(await removeBorrower(context, 'L1', ACTOR));
    value(await putPerson(context, 'N1', body, ACTOR));
    value(await removePerson(context, 'N1', ACTOR));
    value(await putBorrower(context, 'L1', { ...PLAIN, patron: 'N1' }, ACTOR));
    expect(await putPerson(context, 'N1', body, ACTOR)).toMatchObject(refused);
    value(await removePerson(context, 'L1', ACTOR));
    value(await putPerson(context, 'N1', body, ACTOR));
  });

  it('are blocked for a reason', async () => {
    expect(await putBorrower(registry.context, 'L1', { ...PLAIN, blocked: true }, ACTOR)).toMatchObject({
      code: 'invalid-request',
    });
    expect(await putBorrower(registry.context, 'nobody', PLAIN, ACTOR)).toMatchObject({ code: 'not-found' });
    expect(await putLoanRule(registry.context, 'nobody', { limit: 1, days: 1 }, ACTOR)).toMatchObject({
      code: 'unknown-reference',
    });
  });

  it('gives nobody their own number back while somebody else borrows on it', async () => {
    const { context } = registry;
    value(await putPerson(context, 'L2', person({ groups: ['students'], building: '', room: '' }), ACTOR));
    value(await putBorrower(context, 'L1', { ...PLAIN, patron: 'R-1' }, ACTOR));
    value(await putBorrower(context, 'L2', { ...PLAIN, patron: 'L1' }, ACTOR));
    expect(await removeBorrower(context, 'L1', ACTOR)).toMatchObject({ code: 'already-exists' });
    value(await putBorrower(context, 'L2', PLAIN, ACTOR));
    value(await removeBorrower(context, 'L1', ACTOR));
  });
});
