// SPDX-License-Identifier: Apache-2.0
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { explainRecord } from '@latchkey/protocols/authorization/decide';
import { buildList } from '@latchkey/protocols/authorization/list-build';
import { compilePolicy, encodePolicy } from '@latchkey/protocols/authorization/policy';
import { NO_END } from '@latchkey/protocols/authorization/record';
import { sha256 } from '@latchkey/protocols/bytes/hash';
import { CREDENTIAL_CLASSES, type CredentialClass, type Direction } from '@latchkey/protocols/ids';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompiledScope, compileScope } from './compile-scope.ts';
import type { ScopeSnapshot, SnapshotLevel, SnapshotPortal } from './scope-snapshot.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-23T00:00:00Z');
const HOURS = 48;
const LAST_CLASS = 2;

/** A registry as people think of it; turned into columns for the compiler, and judged line by line by the naive model. */
interface Card {
  readonly serial: number;
  readonly class: number;
  readonly blocked: boolean;
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}
interface Person extends Omit<Card, 'serial' | 'class' | 'blocked'> {
  readonly kind: 'resident' | 'staff' | 'visitor';
  readonly groups: readonly string[];
  readonly extended: boolean;
  readonly exempt: boolean;
  readonly cards: readonly Card[];
}
interface Registry {
  readonly people: readonly Person[];
  readonly levels: readonly SnapshotLevel[];
  readonly portals: readonly SnapshotPortal[];
}

const GROUPS = ['a', 'b', 'c'];
const PORTALS = ['north', 'south'];
const SCHEDULES = [
  {
    id: 'always',
    intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }],
    onHolidays: 'as-usual' as const,
  },
  { id: 'never', intervals: [], onHolidays: 'closed' as const },
  { id: 'unused', intervals: [], onHolidays: 'closed' as const },
];

const instant = fc.option(
  fc.integer({ min: 0, max: HOURS * 60 }).map((minute) => START + minute * MINUTE),
  { freq: 3 },
);
const validity = fc.record({ fromMs: instant, untilMs: instant });
const card = fc
  .record({
    serial: fc.integer({ min: 1, max: 1e9 }),
    class: fc.integer({ min: 0, max: LAST_CLASS }),
    blocked: fc.integer({ min: 0, max: 7 }).map((odds) => odds === 0),
  })
  .chain((base) => validity.map((valid) => ({ ...base, ...valid })));
const person: fc.Arbitrary<Person> = fc
  .record({
    kind: fc.constantFrom('resident' as const, 'staff' as const, 'visitor' as const),
    groups: fc.uniqueArray(fc.constantFrom(...GROUPS), { minLength: 1 }),
    extended: fc.boolean(),
    exempt: fc.boolean(),
    cards: fc.array(card, { minLength: 1, maxLength: 2 }),
  })
  .chain((base) => validity.map((valid) => ({ ...base, ...valid })));
const level: fc.Arbitrary<SnapshotLevel> = fc.record({
  id: fc.string({ minLength: 1, maxLength: 4 }),
  groups: fc.uniqueArray(fc.constantFrom(...GROUPS), { minLength: 1 }),
  portals: fc.uniqueArray(fc.constantFrom(...PORTALS)),
  directions: fc.uniqueArray(fc.constantFrom<Direction>('in', 'out'), { minLength: 1 }),
  schedule: fc.constantFrom('always', 'never'),
  validFromMs: instant,
  validUntilMs: instant,
});
const portal = (id: string): fc.Arbitrary<SnapshotPortal> =>
  fc.record({
    id: fc.constant(id),
    antiPassback: fc.constant({ mode: 'off' as const }),
    assurance: fc.array(
      fc.record({
        class: fc.constantFrom<CredentialClass>('uid-only', 'authenticated-card'),
        schedule: fc.constantFrom('always', 'never'),
      }),
      { maxLength: 2 },
    ),
    afterExpiry: fc.constant('keep-all' as const),
    askGateway: fc.boolean(),
  });
const registry: fc.Arbitrary<Registry> = fc.record({
  people: fc.array(person, { maxLength: 8 }),
  levels: fc.uniqueArray(level, { maxLength: 5, selector: ({ id }) => id }),
  portals: fc.tuple(portal('north'), portal('south')).map((portals) => [...portals]),
});

const idOf = ({ serial }: Card, owner: number) => sha256(new TextEncoder().encode(`${owner}/${serial}`)).slice(0, 16);
const cardsOf = ({ people }: Registry) =>
  people.flatMap((holder, owner) => holder.cards.map((held) => ({ owner, holder, card: held, id: idOf(held, owner) })));

function dictionary(texts: readonly string[]) {
  const values = [...new Set(texts)];
  return { values, indexes: Uint32Array.from(texts, (text) => values.indexOf(text)) };
}

/** As the database gives it. `shuffle` changes what the database does not order. */
function snapshotOf(source: Registry, shuffle = false): ScopeSnapshot {
  const members = source.people.flatMap(({ groups }, owner) => groups.map((group) => ({ owner, group })));
  const cards = cardsOf(source);
  const turn = <T>(items: readonly T[]) => (shuffle ? [...items].reverse() : [...items]);
  const numbers = (pick: (each: (typeof cards)[number]) => number | null) =>
    Float64Array.from(cards, (each) => pick(each) ?? Number.NaN);
  return {
    timeZone: 'Asia/Shanghai',
    zone: 7,
    holidays: turn(['2026-10-01', '2027-01-01']),
    schedules: turn(SCHEDULES),
    portals: turn(source.portals),
    levels: turn(source.levels).map((each) => ({
      ...each,
      portals: turn(each.portals),
      groups: turn(each.groups),
      directions: each.directions,
    })),
    members: {
      persons: Float64Array.from(members, ({ owner }) => owner),
      groups: dictionary(members.map(({ group }) => group)),
    },
    credentials: {
      persons: numbers(({ owner }) => owner),
      ids: Uint8Array.from(cards.flatMap(({ id }) => [...id])),
      classes: numbers(({ card: { class: value } }) => value),
      kinds: dictionary(cards.map(({ holder }) => holder.kind)),
      extended: numbers(({ holder }) => (holder.extended ? 1 : 0)),
      exempt: numbers(({ holder }) => (holder.exempt ? 1 : 0)),
      blocked: numbers(({ card: { blocked } }) => (blocked ? 1 : 0)),
      personFrom: numbers(({ holder }) => holder.fromMs),
      personUntil: numbers(({ holder }) => holder.untilMs),
      from: numbers(({ card: { fromMs } }) => fromMs),
      until: numbers(({ card: { untilMs } }) => untilMs),
    },
  };
}

function compiled(source: Registry, shuffle = false): CompiledScope {
  const result = compileScope(snapshotOf(source, shuffle));
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

interface Passage {
  readonly portal: string;
  readonly direction: Direction;
  readonly class: number;
  readonly nowMs: number;
}
const passage: fc.Arbitrary<Passage> = fc.record({
  portal: fc.constantFrom(...PORTALS),
  direction: fc.constantFrom<Direction>('in', 'out'),
  class: fc.integer({ min: 0, max: LAST_CLASS }),
  nowMs: fc.integer({ min: 0, max: HOURS * 60 }).map((minute) => START + minute * MINUTE),
});

const holds = (fromMs: number | null, untilMs: number | null, nowMs: number) =>
  (fromMs === null || fromMs <= nowMs) && (untilMs === null || nowMs < untilMs);

/** What the registry means, read line by line. */
function mayPass({ levels, portals }: Registry, holder: Person, held: Card, at: Passage): boolean {
  if (held.blocked) return false;
  if (!holds(holder.fromMs, holder.untilMs, at.nowMs) || !holds(held.fromMs, held.untilMs, at.nowMs)) return false;
  const demands = portals.find(({ id }) => id === at.portal)?.assurance ?? [];
  const least = Math.max(
    held.class,
    ...demands.map((demand) => (demand.schedule === 'always' ? CREDENTIAL_CLASSES[demand.class] : 0)),
  );
  if (at.class < least) return false;
  return levels.some(
    (each) =>
      each.schedule === 'always' &&
      each.groups.some((group) => holder.groups.includes(group)) &&
      each.portals.includes(at.portal) &&
      each.directions.includes(at.direction) &&
      holds(each.validFromMs, each.validUntilMs, at.nowMs),
  );
}

const CLASS_NAMES = Object.keys(CREDENTIAL_CLASSES) as CredentialClass[];

describe('the compiler', () => {
  it('gives a list that decides as the registry means', () => {
    fc.assert(
      fc.property(registry, fc.array(passage, { minLength: 1, maxLength: 12 }), (source, passages) => {
        const { policy, entries } = compiled(source);
        const ready = compilePolicy(encodePolicy(policy));
        if (!ready.ok) throw new Error(`${ready.code}: ${ready.detail}`);
        const book = { scope: 1, version: 1, hardExpiry: NO_END, policy: ready.value };
        for (const [index, { holder, card: held }] of cardsOf(source).entries()) {
          const record = {
            profile: entries.profiles[index] ?? -1,
            flags: entries.flags[index] ?? 0,
            credentialClass: entries.classes[index] ?? 0,
            untilMinute: entries.until[index] ?? 0,
          };
          for (const at of passages) {
            const { decision } = explainRecord(book, record, false, {
              portal: at.portal,
              direction: at.direction,
              class: CLASS_NAMES[at.class] as CredentialClass,
              instant: { ms: at.nowMs, quality: 'synced' },
            });
            expect(decision.outcome === 'granted').toBe(mayPass(source, holder, held, at));
            expect(decision.extended).toBe(holder.extended);
            if (!held.blocked) expect(decision.holder).toBe(holder.kind);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('gives the same bytes for the same registry, whatever order the database answers in', () => {
    fc.assert(
      fc.property(registry, (source) => {
        const [one, other] = [compiled(source), compiled(source, true)];
        expect(Buffer.from(encodePolicy(one.policy)).equals(encodePolicy(other.policy))).toBe(true);
        expect(one.entries).toEqual(other.entries);
      }),
    );
  });

  it('gives what the list builder takes', () => {
    fc.assert(
      fc.property(registry, (source) => {
        const ids = new Set(cardsOf(source).map(({ id }) => id.join()));
        fc.pre(ids.size === cardsOf(source).length);
        const { policy, entries } = compiled(source);
        const plan = {
          campusId: '00000000c0ffee01',
          scopeId: 1,
          epoch: 1,
          version: 1,
          issuedAtMs: START,
          refreshBy: 1,
          hardExpiry: 2,
          denySeq: 0,
          previousHeadHash: new Uint8Array(32),
          prfKeyId: 1,
          prf: createPrf(new Uint8Array(16)),
        };
        expect(buildList({ ...plan, policy: encodePolicy(policy), entries }).ok).toBe(true);
      }),
    );
  });

  it("leaves everybody else's records as they are when one is blocked that has no right", () => {
    fc.assert(
      fc.property(registry, (source) => {
        const gone: Person = {
          kind: 'staff',
          groups: [],
          extended: false,
          exempt: false,
          fromMs: null,
          untilMs: null,
          cards: [{ serial: 7, class: LAST_CLASS, blocked: true, fromMs: null, untilMs: null }],
        };
        fc.pre(source.people.some(({ cards }) => cards.some(({ blocked }) => !blocked)));
        const before = compiled(source);
        const after = compiled({ ...source, people: [...source.people, gone] });
        expect(after.policy).toEqual(before.policy);
        expect([...after.entries.profiles].slice(0, -1)).toEqual([...before.entries.profiles]);
      }),
    );
  });

  it('names the zone of identity codes, and none where there is none', () => {
    const snapshot = snapshotOf({ people: [], portals: [], levels: [] });
    const zoneOf = (zone: number | null) => {
      const result = compileScope({ ...snapshot, zone });
      return result.ok ? result.value.policy.zone : undefined;
    };
    expect([zoneOf(7), zoneOf(null)]).toEqual([7, undefined]);
  });

  it('names only schedules that something uses', () => {
    const source: Registry = { people: [], portals: [], levels: [] };
    expect(compiled(source).policy.schedules).toEqual([]);
  });

  it("keeps everybody else's profile when somebody with a beginning of their own comes", () => {
    const base: Person = {
      kind: 'resident',
      groups: ['a'],
      extended: false,
      exempt: false,
      fromMs: null,
      untilMs: null,
      cards: [{ serial: 1, class: 0, blocked: false, fromMs: null, untilMs: null }],
    };
    const levels: SnapshotLevel[] = [
      {
        id: 'l',
        groups: ['a'],
        portals: ['north'],
        directions: ['in', 'out'],
        schedule: 'always',
        validFromMs: null,
        validUntilMs: null,
      },
    ];
    const portals: SnapshotPortal[] = [
      { id: 'north', antiPassback: { mode: 'off' }, assurance: [], afterExpiry: 'keep-all', askGateway: true },
    ];
    const before = compiled({ people: [base, { ...base, kind: 'staff' }], levels, portals });
    const newcomer = { ...base, kind: 'visitor' as const, fromMs: START + MINUTE };
    const after = compiled({ people: [newcomer, base, { ...base, kind: 'staff' }], levels, portals });
    expect([...after.entries.profiles]).toEqual([2, ...before.entries.profiles]);
  });
});
