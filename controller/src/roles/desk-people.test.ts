// SPDX-License-Identifier: Apache-2.0
// Who a card or a code names at the desk, by the signed list: its holder, nobody, or somebody who may borrow only from the library.
import { sealBorrowers } from '@latchkey/protocols/authorization/borrowers';
import { cardId, createPrf } from '@latchkey/protocols/authorization/credential-id';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import { acceptRoot, encodeRoot, rootDigest } from '@latchkey/protocols/authorization/root-document';
import type { CodeCheck } from '@latchkey/protocols/codes/check-code';
import type { PortalId } from '@latchkey/protocols/ids';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAMPUS_ID, type Campus, makeCampus, policyFor, SCOPE, uidOf } from '../app/campus.test-support.ts';
import { createDeskPeople, type DeskPeopleParts } from './desk-people.ts';

const PORTAL = 'library-desk' as PortalId;
const RULES = [{ portals: [0], schedule: 0 }];
const STUDENT = 0;
const OTHER = 1;
const WITHOUT_NUMBER = 2;
const STRANGER = 9;
const TERMS = { group: 'Students', limit: 5, days: 30 };

let campus: Campus;
let list: AuthorizationList;

beforeAll(async () => {
  campus = await makeCampus();
  const numbers = [STUDENT, OTHER].map((card) => ({ id: cardId(uidOf(card)), number: `202600${card}` }));
  const borrowers = sealBorrowers(numbers, campus.scopePrf);
  const policyDocument = policyFor([PORTAL], {
    profiles: [
      { kind: 'resident', rules: RULES, loans: TERMS },
      { kind: 'visitor', rules: RULES },
    ],
    ...(borrowers && { borrowers }),
  });
  const sealed = await campus.list(3, { policyDocument });
  const digest = rootDigest(encodeRoot(campus.root));
  const root = await acceptRoot({ kind: 'pinned', digest }, campus.rootFrame);
  if (!root.ok) throw new Error(root.code);
  const loaded = await loadList(sealed, { keyring: root.value.keyring, campusId: CAMPUS_ID, scopeId: SCOPE });
  if (!loaded.ok) throw new Error(loaded.code);
  list = loaded.value;
});

function desk(change: Partial<DeskPeopleParts> = {}) {
  return createDeskPeople({
    portal: PORTAL,
    listFor: () => list,
    overlay: () => EMPTY_OVERLAY,
    prf: () => campus.scopePrf,
    campusPrf: () => campus.campusPrf,
    standInPrf: createPrf(new Uint8Array(16)),
    instant: () => ({ ms: Date.now(), quality: 'synced' }),
    codes: { check: () => ({ kind: 'repeat' }), use: () => undefined },
    ...change,
  });
}
const card = (n: number, change: Partial<DeskPeopleParts> = {}) => desk(change).card(uidOf(n), 'uid-only');
const expired = () => ({ ms: (list.head.hardExpiry + 1) * 60_000, quality: 'synced' }) as const;

describe('a card at the desk', () => {
  it('names its holder with number and terms', () => {
    expect(card(STUDENT)).toMatchObject({
      kind: 'identified',
      person: { number: '2026000', terms: TERMS, blocks: [] },
    });
    expect(desk().borrowers()).toBe(2);
  });

  it('that no list holds names nobody', () => {
    expect(card(STRANGER)).toMatchObject({ kind: 'not-identified', notice: 'card-unknown' });
    expect(card(STUDENT, { listFor: () => undefined })).toMatchObject({ notice: 'card-unknown' });
  });

  it('without a patron number names nobody', () => {
    expect(card(WITHOUT_NUMBER)).toEqual({ kind: 'not-identified', notice: 'card-unknown' });
  });

  it('reported lost names nobody', () => {
    const key = Buffer.from(campus.campusPrf.key(cardId(uidOf(STUDENT)))).toString('hex');
    const overlay = {
      ...EMPTY_OVERLAY,
      entries: new Map([[key, { epoch: 1, seq: 1, reason: 'lost' as const, minute: 0 }]]),
    };
    expect(card(STUDENT, { overlay: () => overlay })).toMatchObject({
      notice: 'card-denied',
      detail: 'CredentialDenied',
    });
  });

  it('past the end of the list names its holder, and nothing is lent without the library', () => {
    expect(card(STUDENT, { instant: expired })).toMatchObject({
      kind: 'identified',
      person: { blocks: ['list-expired'] },
    });
    expect(card(STRANGER, { instant: expired })).toMatchObject({ kind: 'not-identified' });
  });
});

describe('a pass code at the desk', () => {
  const identified = (n: number): CodeCheck => {
    const credential = { id: cardId(uidOf(n)), class: 'phone-code' as const };
    const decision = {
      outcome: 'granted',
      scope: SCOPE,
      version: 1,
      profile: 0,
      extended: false,
      antiPassback: { mode: 'off', exempt: false },
      holder: 'resident',
      askGateway: false,
    } as const;
    return { kind: 'identified', profile: 'A', credential, decision, acceptance: {} };
  };
  const code = (check: CodeCheck) => {
    const used: string[] = [];
    const codes = {
      check: () => check,
      use: (_: PortalId, __: string, { text }: { text: string }) => void used.push(text),
    };
    return { event: desk({ codes }).code('scanner', 'digits', 0), used };
  };

  it('names its holder and is used up', () => {
    const { event, used } = code(identified(STUDENT));
    expect(event).toMatchObject({ kind: 'identified', person: { number: '2026000' } });
    expect(used).toEqual(['digits']);
  });

  it('that does not hold names nobody, and stays unused', () => {
    const { event, used } = code({ kind: 'refused', reason: 'CodeExpired' });
    expect(event).toEqual({ kind: 'not-identified', notice: 'code-refused', detail: 'CodeExpired' });
    expect(used).toEqual([]);
  });

  it('still before the scanner is no event', () => {
    expect(code({ kind: 'repeat' }).event).toBeUndefined();
  });
});
