// SPDX-License-Identifier: Apache-2.0
// From a card to a decision, recorded and carried out.
import type { Decision } from '@latchkey/protocols/authorization/decide';
import { portalId } from '@latchkey/protocols/ids';
import { journalEvent } from '@latchkey/protocols/mqtt/events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepAdmission } from './admission.ts';
import {
  type AdmissionContext,
  type AdmissionEffect,
  type AdmissionEvent,
  type AdmissionState,
  INITIAL_ADMISSION,
} from './admission-state.ts';
import { createAntiPassback } from './anti-passback.ts';

const granted: Decision = {
  outcome: 'granted',
  scope: 7,
  version: 3,
  profile: 1,
  extended: false,
  antiPassback: { mode: 'hard', area: 'dorm', exempt: false },
  holder: 'resident',
  askGateway: true,
};
const denied = (reason: NonNullable<Decision['reason']>): Decision => ({ ...granted, outcome: 'denied', reason });
const unknown = denied('UnknownCredential');

interface Setting {
  decision?: Decision;
  accessible?: boolean;
  online?: boolean;
}

/** A portal whose door concludes as the test says. */
function gate(setting: Setting = {}) {
  const ledger = createAntiPassback();
  let state: AdmissionState = INITIAL_ADMISSION;
  let now = 0;
  const effects: AdmissionEffect[] = [];
  const context = (): AdmissionContext => ({
    config: { id: portalId.parse('gate-1'), repeatWindowMs: 2_000, wrongAttempts: { limit: 5, windowMs: 60_000 } },
    decide: () => setting.decision ?? granted,
    stranger: () => unknown,
    refOf: () => '0'.repeat(16),
    checkCode: () => ({ kind: 'refused', reason: 'CodeUnreadable' }),
    isStillNew: () => true,
    isDenied: () => false,
    antiPassback: ledger,
    accessible: setting.accessible ?? true,
    online: setting.online ?? true,
    nowMs: 1_000_000 + now,
    boot: 'boot',
  });
  function feed(event: AdmissionEvent): readonly AdmissionEffect[] {
    const step = stepAdmission(context(), state, event);
    state = step.state;
    effects.push(...step.effects);
    for (const effect of step.effects)
      if (effect.kind === 'commit') ledger.commit(effect.by, effect.areas, context().nowMs);
    return step.effects;
  }
  const conclude = (outcome: 'taken' | 'not-taken') => (effect: AdmissionEffect) =>
    effect.kind === 'admit' ? feed({ kind: 'concluded', outcome, passage: effect.passage }) : [];
  return {
    setting,
    effects,
    state: () => state,
    wait: (ms: number) => {
      now += ms;
    },
    feed,
    tap: (who: string, reader = 'front') =>
      feed({
        kind: 'presented',
        reader,
        direction: 'in',
        credential: { id: new Uint8Array(16), ref: who.padStart(16, '0'), class: 'uid-only' },
        atMs: now,
      }),
    removed: () => feed({ kind: 'removed', reader: 'front', atMs: now }),
    unreadable: () => feed({ kind: 'unreadable', reader: 'front', atMs: now }),
    answer: (admission: string, outcome?: 'granted' | 'denied') =>
      feed({ kind: 'answered', admission, answer: outcome && { outcome }, atMs: now }),
    taken: (all: readonly AdmissionEffect[]) => all.flatMap(conclude('taken')),
    notTaken: (all: readonly AdmissionEffect[]) => all.flatMap(conclude('not-taken')),
  };
}

const reasons = (effects: readonly AdmissionEffect[]) =>
  effects.flatMap((each) => (each.kind === 'event' && each.event.type === 'access-denied' ? [each.event.reason] : []));
const kinds = (effects: readonly AdmissionEffect[]) => effects.map(({ kind }) => kind);
const alarms = (effects: readonly AdmissionEffect[]) =>
  effects.flatMap((each) => (each.kind === 'event' && each.event.type === 'alarm' ? [each.event.active] : []));

describe('admission', () => {
  it('granted: one record, and the passage that the door is to answer', () => {
    const [effect] = gate().tap('a1');
    expect(effect).toEqual({
      kind: 'admit',
      extended: false,
      passage: {
        portal: 'gate-1',
        direction: 'in',
        reader: 'front',
        credential: { ref: '00000000000000a1', class: 'uid-only' },
        admission: 'boot-1',
      },
      record: {
        type: 'access-granted',
        portal: 'gate-1',
        direction: 'in',
        reader: 'front',
        credential: { ref: '00000000000000a1', class: 'uid-only' },
        admission: 'boot-1',
        list: { scope: 7, version: 3 },
        profile: 1,
        via: 'list',
      },
    });
  });

  it('denied: a record with the reason, nothing for the door', () => {
    const effects = gate({ decision: denied('NotPermittedAtThisTime') }).tap('a');
    expect([kinds(effects), reasons(effects)]).toEqual([['event'], ['NotPermittedAtThisTime']]);
  });

  it('every record is an event of the wire contract', () => {
    const gates = [gate(), gate({ decision: unknown, online: false }), gate({ decision: denied('ListMissing') })];
    const records = gates.flatMap((each) => each.tap('ab'));
    for (const effect of records) {
      const event = effect.kind === 'admit' ? effect.record : effect.kind === 'event' ? effect.event : undefined;
      expect(journalEvent.safeParse({ ...event, at: 1, clock: 'synced' }).success).toBe(true);
    }
  });

  it('a good credential at a door that takes nobody is refused for the door', () => {
    expect(reasons(gate({ accessible: false }).tap('a'))).toEqual(['DoorNotAccessible']);
  });

  it('a second card while the first is open is decided and recorded on its own', () => {
    const door = gate();
    expect([kinds(door.tap('a')), kinds(door.tap('b'))]).toEqual([['admit'], ['admit']]);
  });

  it('a list that is missing is not counted as anybody', () => {
    const effects = gate({ decision: { ...denied('ListMissing'), scope: 0, version: 0 } }).tap('a');
    expect(effects[0]).not.toHaveProperty('event.list');
  });
});

describe('a card left lying', () => {
  it('is one event for as long as it chatters', () => {
    const door = gate();
    door.tap('a');
    for (let i = 0; i < 20; i += 1) {
      door.wait(1_500);
      expect(i % 2 === 0 ? door.tap('a') : door.removed()).toEqual([]);
    }
  });

  it('is a new event once it was away for the window', () => {
    const door = gate();
    door.notTaken(door.tap('a'));
    door.wait(500);
    door.removed();
    door.wait(2_000);
    expect(kinds(door.tap('a'))).toEqual(['admit']);
  });

  it('another card or another reader is another event', () => {
    const door = gate();
    door.tap('a');
    expect(kinds(door.tap('b'))).toEqual(['admit']);
    expect(kinds(door.tap('b', 'back'))).toEqual(['admit']);
  });

  it('an unreadable card is told once', () => {
    const door = gate();
    expect(door.unreadable()).toEqual([
      { kind: 'event', event: { type: 'unreadable-card', portal: 'gate-1', reader: 'front' } },
    ]);
    expect(door.unreadable()).toEqual([]);
  });
});

describe('anti-passback at admission', () => {
  it('commits on taken, not on the grant', () => {
    const door = gate();
    door.notTaken(door.tap('a'));
    door.wait(3_000);
    door.taken(door.tap('a'));
    door.wait(3_000);
    expect(reasons(door.tap('a'))).toEqual(['AntipassbackViolation']);
  });

  it('soft lets pass with a warning in the record', () => {
    const soft: Decision = { ...granted, antiPassback: { mode: 'soft', area: 'dorm', exempt: false } };
    const door = gate({ decision: soft });
    door.taken(door.tap('a'));
    door.wait(3_000);
    expect(door.tap('a')[0]).toMatchObject({ kind: 'admit', record: { warning: 'AntipassbackViolation' } });
  });

  it('an area that was left, for whatever has no name, is left once', () => {
    const out: Decision = { ...granted, antiPassback: { mode: 'hard', leaves: 'dorm', exempt: false } };
    const door = gate({ decision: out });
    door.taken(door.tap('a1'));
    door.wait(3_000);
    expect(reasons(door.tap('a1'))).toEqual(['AntipassbackViolation']);
  });

  it('a passage concluded twice counts once', () => {
    const door = gate();
    const admitted = door.tap('a');
    expect(kinds(door.taken(admitted))).toEqual(['commit']);
    expect(door.taken(admitted)).toEqual([]);
  });
});

describe('a credential that no list knows', () => {
  it('online: the gateway is asked, and its grant admits', () => {
    const door = gate({ decision: unknown });
    expect(kinds(door.tap('a'))).toEqual(['ask']);
    expect(door.answer('boot-1', 'granted')[0]).toMatchObject({ kind: 'admit', record: { via: 'gateway' } });
  });

  it('online: refused on its word, and for want of an answer', () => {
    const door = gate({ decision: unknown });
    door.tap('a');
    expect(reasons(door.answer('boot-1', 'denied'))).toEqual(['UnknownCredential']);
    door.tap('b');
    expect(reasons(door.answer('boot-2'))).toEqual(['GatewayUnreachable']);
  });

  it('an answer counts once, and only for what was asked', () => {
    const door = gate({ decision: unknown });
    door.tap('a');
    door.answer('boot-1', 'granted');
    expect(door.answer('boot-1', 'granted')).toEqual([]);
    expect(door.answer('boot-9', 'granted')).toEqual([]);
  });

  it('a door that was locked down meanwhile stays shut', () => {
    const door = gate({ decision: unknown });
    door.tap('a');
    door.setting.accessible = false;
    expect(reasons(door.answer('boot-1', 'granted'))).toEqual(['DoorNotAccessible']);
  });

  it('offline, and where the portal does not ask, it is refused at once', () => {
    expect(reasons(gate({ decision: unknown, online: false }).tap('a'))).toEqual(['GatewayUnreachable']);
    expect(reasons(gate({ decision: { ...unknown, askGateway: false } }).tap('a'))).toEqual(['UnknownCredential']);
  });

  it('questions are bounded', () => {
    const door = gate({ decision: unknown });
    for (let i = 0; i < 10; i += 1) door.tap(`${i}`);
    expect(kinds(door.effects).filter((kind) => kind === 'ask')).toHaveLength(4);
    expect(reasons(door.effects)).toHaveLength(6);
  });
});

describe('wrong attempts', () => {
  it('alarm after five in the window, once, and end when they cease', () => {
    const door = gate({ decision: denied('Unauthorized') });
    for (let i = 0; i < 4; i += 1) door.tap(`${i}`);
    expect(alarms(door.effects)).toEqual([]);
    door.tap('5');
    door.tap('6');
    expect(alarms(door.effects)).toEqual([true]);
    door.feed({ kind: 'timer', name: 'wrong-attempts' });
    expect(alarms(door.effects)).toEqual([true, false]);
  });

  it('four in a window and one later are no alarm', () => {
    const door = gate({ decision: denied('Unauthorized') });
    for (let i = 0; i < 4; i += 1) door.tap(`${i}`);
    door.wait(60_000);
    door.tap('5');
    expect(alarms(door.effects)).toEqual([]);
  });

  it('refusals that the door or the network caused do not count', () => {
    const door = gate({ accessible: false });
    for (let i = 0; i < 9; i += 1) door.tap(`${i}`);
    expect(alarms(door.effects)).toEqual([]);
  });
});

it('no grant while the door takes nobody, one record for each presentation that is not a repeat, bounded state', () => {
  const tap = fc.record({
    who: fc.constantFrom('a', 'b', 'c', 'd'),
    wait: fc.integer({ min: 0, max: 4_000 }),
    accessible: fc.boolean(),
    online: fc.boolean(),
    decision: fc.constantFrom(granted, unknown, denied('CredentialDenied')),
  });
  fc.assert(
    fc.property(fc.array(tap, { maxLength: 60 }), (taps) => {
      const door = gate();
      for (const { who, wait, ...setting } of taps) {
        door.wait(wait);
        Object.assign(door.setting, setting);
        const before = door.state().next;
        const effects = door.tap(who);
        if (!setting.accessible) expect(kinds(effects)).not.toContain('admit');
        const decided = effects.filter((e) => e.kind === 'admit' || e.kind === 'ask' || reasons([e]).length > 0);
        expect(decided).toHaveLength(door.state().next - before);
        for (const effect of effects)
          if (effect.kind === 'ask' && wait % 2 === 0) door.answer(effect.admission, 'granted');
      }
      expect(door.state().open.length).toBeLessThanOrEqual(64);
      expect(door.state().asks.length).toBeLessThanOrEqual(4);
      expect(door.state().attempts.length).toBeLessThanOrEqual(5);
    }),
  );
});
