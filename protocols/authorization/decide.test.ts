// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../bytes/hex.ts';
import { CREDENTIAL_CLASSES, type CredentialClass } from '../ids.ts';
import {
  type Authority,
  CAMPUS,
  CAMPUS_PRF_KEY,
  entriesOf,
  idOf,
  makeAuthority,
  makeList,
  must,
  NOW_MINUTE,
  NOW_MS,
  POLICY,
  PRF_KEY,
  range,
  SCOPE,
} from './authority.test-support.ts';
import { createPrf } from './credential-id.ts';
import { type DecisionInput, decide, explain, explainRecord, RULES } from './decide.ts';
import { type DenyOverlay, EMPTY_OVERLAY } from './deny-overlay.ts';
import { type AuthorizationList, loadList } from './list-load.ts';
import { type NaiveCase, naiveDecide } from './naive-model.test-support.ts';
import { encodePolicy, type PolicyDocument } from './policy.ts';

const scopePrf = createPrf(PRF_KEY);
const campusPrf = createPrf(CAMPUS_PRF_KEY);
let campus: Authority;
let list: AuthorizationList;

const load = async (change: Parameters<typeof makeList>[1]) =>
  must(
    await loadList(await makeList(campus.list.key, change), {
      keyring: campus.keyring,
      campusId: CAMPUS,
      scopeId: SCOPE,
    }),
  );

/** Cards 0 to 5: resident, staff, visitor, blocked, expired, needs an authenticated card. */
beforeAll(async () => {
  campus = await makeAuthority();
  const entries = entriesOf(range(6));
  entries.profiles.set([0, 1, 2, 0, 0, 0]);
  entries.flags.set([1, 2, 0, 4, 0, 0]);
  entries.until[4] = NOW_MINUTE;
  entries.classes[5] = CREDENTIAL_CLASSES['authenticated-card'];
  list = await load({ entries });
});

const overlayOf = (...cards: number[]): DenyOverlay => ({
  ...EMPTY_OVERLAY,
  entries: new Map(
    cards.map((card) => [toHex(campusPrf.key(idOf(card))), { epoch: 1, seq: 1, reason: 'lost', minute: 0 }]),
  ),
});

const ask = (card: number, change: Partial<DecisionInput> & { class?: CredentialClass } = {}) => {
  const { class: presented = 'uid-only', ...rest } = change;
  return decide({
    list,
    overlay: EMPTY_OVERLAY,
    credential: { id: idOf(card), class: presented },
    portal: 'north-gate',
    direction: 'in',
    instant: { ms: NOW_MS, quality: 'synced' },
    scopePrf,
    campusPrf,
    ...rest,
  });
};
const at = (ms: number) => ({ instant: { ms, quality: 'synced' as const } });
const EXPIRED = at((NOW_MINUTE + 10_080) * 60_000);

describe('decide', () => {
  it('grants, with the list and the profile that decided', () => {
    expect(ask(0)).toEqual({
      outcome: 'granted',
      scope: SCOPE,
      version: 1,
      profile: 0,
      extended: true,
      antiPassback: { mode: 'hard', area: 'dormitory', leaves: 'outside', exempt: false },
      holder: 'resident',
      askGateway: true,
    });
    expect(ask(1, { direction: 'out' })).toMatchObject({
      antiPassback: { area: 'outside', leaves: 'dormitory', exempt: true },
    });
  });

  it('says ListMissing without a list or its key', () => {
    expect(ask(0, { list: undefined })).toMatchObject({ outcome: 'denied', reason: 'ListMissing', scope: 0 });
    expect(ask(0, { scopePrf: undefined })).toMatchObject({ reason: 'ListMissing' });
  });

  it('refuses everybody while denies are known but cannot be read', () => {
    expect(ask(0, { campusPrf: undefined })).toMatchObject({ outcome: 'granted' });
    expect(ask(0, { campusPrf: undefined, overlay: overlayOf(1) })).toMatchObject({ reason: 'ListMissing' });
  });

  it('lets deny beat allow', () => {
    expect(ask(0, { overlay: overlayOf(0) })).toMatchObject({ outcome: 'denied', reason: 'CredentialDenied' });
    expect(ask(1, { overlay: overlayOf(0) })).toMatchObject({ outcome: 'granted' });
    expect(ask(99, { overlay: overlayOf(99) })).toMatchObject({ reason: 'CredentialDenied' });
  });

  it('names the reason of each refusal', () => {
    expect(ask(99)).toMatchObject({ reason: 'UnknownCredential', askGateway: true });
    expect(ask(99)).not.toHaveProperty('profile');
    expect(ask(3)).toMatchObject({ reason: 'CredentialNotEnabled' });
    expect(ask(4)).toMatchObject({ reason: 'CredentialExpired' });
    expect(ask(4, at(NOW_MS - 1))).toMatchObject({ outcome: 'granted' });
    expect(ask(0, { portal: 'laboratory' })).toMatchObject({ reason: 'Unauthorized' });
    expect(ask(0, { portal: 'no-such-portal' })).toMatchObject({
      reason: 'Unauthorized',
      antiPassback: { mode: 'off' },
    });
  });

  it('opens a right from its first minute and closes it with its last', () => {
    expect(ask(2, at((NOW_MINUTE - 60) * 60_000 - 1))).toMatchObject({ reason: 'CredentialNotActive' });
    expect(ask(2, at((NOW_MINUTE - 60) * 60_000))).toMatchObject({ outcome: 'granted' });
    expect(ask(2, at((NOW_MINUTE + 60) * 60_000 - 1))).toMatchObject({ outcome: 'granted' });
    expect(ask(2, at((NOW_MINUTE + 60) * 60_000))).toMatchObject({ reason: 'CredentialExpired' });
  });

  it('wants no cloneable UID after 22:00 where the portal says so', () => {
    const night = at(Date.parse('2026-11-22T22:00:00+08:00'));
    expect(ask(0, at(Date.parse('2026-11-22T21:59:59+08:00')))).toMatchObject({ outcome: 'granted' });
    expect(ask(0, night)).toMatchObject({ reason: 'AssuranceTooLow' });
    expect(ask(0, { ...night, class: 'authenticated-card' })).toMatchObject({ outcome: 'granted' });
    expect(ask(0, { ...night, class: 'phone-code' })).toMatchObject({ outcome: 'granted' });
  });

  it('takes no credential in a weaker class than it is listed in', () => {
    expect(ask(5)).toMatchObject({ reason: 'AssuranceTooLow' });
    expect(ask(5, { class: 'authenticated-card' })).toMatchObject({ outcome: 'granted' });
  });

  it('past the hard expiry follows the portal: residents may stay, visitors and laboratories stop', () => {
    expect(ask(0, { ...EXPIRED, class: 'phone-code' })).toMatchObject({ outcome: 'granted' });
    expect(ask(1, EXPIRED)).toMatchObject({ reason: 'ListExpired' });
    expect(ask(1, { ...EXPIRED, portal: 'laboratory' })).toMatchObject({ reason: 'ListExpired' });
    expect(ask(2, EXPIRED)).toMatchObject({ reason: 'ListExpired' });
  });

  it('past the hard expiry lets everybody with a right leave: egress stays free', () => {
    expect(ask(1, { ...EXPIRED, direction: 'out', class: 'phone-code' })).toMatchObject({ outcome: 'granted' });
  });

  it('explains with the very rules that decide', () => {
    const input: DecisionInput = {
      list,
      overlay: EMPTY_OVERLAY,
      credential: { id: idOf(0), class: 'uid-only' },
      portal: 'laboratory',
      direction: 'in',
      instant: { ms: NOW_MS, quality: 'synced' },
      scopePrf,
      campusPrf,
    };
    const { decision, steps } = explain(input);
    expect(decision).toEqual(decide(input));
    expect(steps.at(-1)).toEqual({ rule: 'right-at-portal', reason: 'Unauthorized' });
    expect(explain({ ...input, portal: 'north-gate' }).steps.map(({ rule }) => rule)).toEqual([...RULES]);
    const book = { scope: SCOPE, version: 1, hardExpiry: list.head.hardExpiry, policy: list.policy };
    const passage = {
      portal: 'laboratory',
      direction: 'in' as const,
      class: 'uid-only' as const,
      instant: input.instant,
    };
    expect(explainRecord(book, list.find(scopePrf.key(idOf(0))), false, passage)).toEqual({ decision, steps });
    expect(explainRecord(book, undefined, true, passage).decision.reason).toBe('CredentialDenied');
  });
});

const time = fc
  .record({ hour: fc.nat(23), minute: fc.constantFrom(0, 15, 30, 59) })
  .map(({ hour, minute }) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
const days = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 });
const until = fc.oneof(time, fc.constant('24:00'));
const HOLIDAYS = ['2026-11-22', '2026-11-23', '2026-10-25'];
const schedule = fc.record({
  id: fc.constant('s'),
  intervals: fc.array(fc.record({ days, from: time, until }), { maxLength: 3 }),
  onHolidays: fc.oneof(
    fc.constant('closed' as const),
    fc.constant('as-usual' as const),
    fc.array(fc.record({ days, from: time, until }, { requiredKeys: ['from', 'until'] }), { maxLength: 2 }),
  ),
});
const minute = fc.integer({ min: NOW_MINUTE - 60_000, max: NOW_MINUTE + 3_000 });
const className = fc.constantFrom(...(Object.keys(CREDENTIAL_CLASSES) as CredentialClass[]));
const portal = fc.record(
  {
    antiPassback: fc.constant({ mode: 'off' as const }),
    assurance: fc.array(fc.record({ class: className, schedule: fc.nat(2) }), { maxLength: 2 }),
    afterExpiry: fc.constantFrom('refuse-all' as const, 'keep-residents' as const, 'keep-all' as const),
    askGateway: fc.boolean(),
  },
  { requiredKeys: ['antiPassback', 'afterExpiry', 'askGateway'] },
);
const rule = fc.record(
  {
    portals: fc.array(fc.nat(1), { minLength: 1, maxLength: 2 }),
    directions: fc.constantFrom(['in' as const], ['out' as const], ['in' as const, 'out' as const]),
    schedule: fc.nat(2),
    fromMinute: minute,
    untilMinute: minute,
  },
  { requiredKeys: ['portals', 'schedule'] },
);
const profile = fc.record(
  {
    rules: fc.array(rule, { maxLength: 4 }),
    kind: fc.constantFrom('resident' as const, 'staff' as const, 'visitor' as const),
    assurance: className,
  },
  { requiredKeys: ['rules', 'kind'] },
);
const policy = fc
  .record({
    format: fc.constant(1 as const),
    timeZone: fc.constantFrom('Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
    holidays: fc.subarray(HOLIDAYS),
    schedules: fc.tuple(schedule, schedule, schedule),
    portals: fc.tuple(portal, portal),
    profiles: fc.tuple(profile, profile),
  })
  .map(
    (document) =>
      ({
        ...document,
        portals: document.portals.map((one, index) => ({ ...one, id: `door-${index}` as never })),
      }) as unknown as PolicyDocument,
  );
const card = fc.record({
  profile: fc.nat(1),
  blocked: fc.constantFrom(false, false, false, true),
  class: fc.constantFrom(0, 0, 0, 1, 2),
  untilMinute: fc.oneof({ weight: 3, arbitrary: fc.constant(0xffff_ffff) }, minute),
});
const instants = fc.array(
  fc.oneof(
    fc.integer({ min: NOW_MS - 7 * 86_400_000, max: NOW_MS + 7 * 86_400_000 }),
    // Both sides of the change of clocks in Berlin and New York.
    fc.integer({ min: Date.UTC(2026, 9, 24, 12), max: Date.UTC(2026, 9, 26, 12) }),
    minute.map((one) => one * 60_000),
  ),
  { minLength: 6, maxLength: 12 },
);

describe('decide and the naive model', () => {
  it('agree on random policies, cards, denies and times', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        policy,
        fc.tuple(card, card, card),
        fc.subarray(['0', '1', '2', '3']),
        minute,
        instants,
        async (document, cards, denied, hardExpiry, times) => {
          const entries = entriesOf(range(cards.length));
          cards.forEach((one, index) => {
            entries.profiles[index] = one.profile;
            entries.flags[index] = one.blocked ? 4 : 0;
            entries.classes[index] = one.class;
            entries.until[index] = one.untilMinute;
          });
          const loaded = await load({ policy: encodePolicy(document), entries, refreshBy: 0, hardExpiry });
          const overlay = overlayOf(...denied.map(Number));
          times.forEach((ms, index) => {
            const presented = index % 4;
            const shared = {
              portal: `door-${index % 3}`,
              direction: index % 5 === 0 ? ('out' as const) : ('in' as const),
            };
            const naive: NaiveCase = {
              ...shared,
              policy: document,
              hardExpiry,
              cards: cards.map((one, number) => ({ ...one, name: String(number) })),
              denied,
              card: String(index % 4),
              presented,
              ms,
            };
            const decision = decide({
              ...shared,
              list: loaded,
              overlay,
              credential: { id: idOf(index % 4), class: Object.keys(CREDENTIAL_CLASSES)[presented] as CredentialClass },
              instant: { ms, quality: 'free' },
              scopePrf,
              campusPrf,
            });
            const expected = naiveDecide(naive);
            seen.set(expected, (seen.get(expected) ?? 0) + 1);
            expect(decision.reason ?? decision.outcome).toBe(expected);
          });
        },
      ),
      { numRuns: 1_500 },
    );
    // The property is worth nothing if most cases end at the first rule.
    for (const outcome of [
      'granted',
      'CredentialNotActive',
      'NotPermittedAtThisTime',
      'AssuranceTooLow',
      'ListExpired',
      'Unauthorized',
    ]) {
      expect(seen.get(outcome), outcome).toBeGreaterThan(10);
    }
  });

  it('agree on the example policy at every hour of a year', () => {
    for (let hour = 0; hour < 366 * 24; hour += 5) {
      const ms = NOW_MS + hour * 3_600_000;
      const naive: NaiveCase = {
        policy: POLICY,
        hardExpiry: list.head.hardExpiry,
        cards: [{ name: '0', profile: 0, blocked: false, class: 0, untilMinute: 0xffff_ffff }],
        denied: [],
        card: '0',
        presented: 0,
        portal: 'north-gate',
        direction: 'in',
        ms,
      };
      const decision = ask(0, at(ms));
      expect(decision.reason ?? decision.outcome).toBe(naiveDecide(naive));
    }
  });
});
