// SPDX-License-Identifier: Apache-2.0
// What holds of a door whatever happens in whatever order, and a second, naive model of who decides its mode.
import { MODE_WRITERS } from '@latchkey/protocols/mqtt/door-terms';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DoorBench, doorBench, doorConfig } from './door.test-support.ts';
import { reportOf } from './door.ts';

type Action = (door: DoorBench) => void;
const next = (door: DoorBench) => `g${door.granted.length}`;

const claimable = ['Locked', 'Unlocked', 'Blocked', 'DoubleLocked', 'LockedOpen', 'LockedDown'] as const;
const writer = fc.constantFrom('lockdown', 'operator', 'schedule');
const level = fc.constantFrom('quiet', 'asserted', 'fault');

const action: fc.Arbitrary<{ name: string; act: Action }> = fc.oneof(
  fc.record({ extended: fc.boolean(), direction: fc.constantFrom('in', 'out') }).map((options) => ({
    name: `grant ${JSON.stringify(options)}`,
    act: (door: DoorBench) => void door.grant(next(door), options),
  })),
  fc.constant({ name: 'momentary', act: (door: DoorBench) => void door.feed({ kind: 'unlock-momentary', by: 'x' }) }),
  fc.tuple(writer, fc.constantFrom(...claimable)).map(([who, mode]) => ({
    name: `${who} ${mode}`,
    act: (door: DoorBench) => void door.feed({ kind: 'claim', writer: who, mode, by: who }),
  })),
  writer.map((who) => ({
    name: `${who} relinquishes`,
    act: (door: DoorBench) => void door.feed({ kind: 'relinquish', writer: who, by: who }),
  })),
  fc.tuple(fc.boolean(), fc.boolean()).map(([forced, held]) => ({
    name: `mask ${forced} ${held}`,
    act: (door: DoorBench) => void door.feed({ kind: 'mask', forced, held }),
  })),
  fc.tuple(fc.constantFrom('contact', 'requestToExit', 'fire', 'tamper'), level).map(([role, to]) => ({
    name: `${role} ${to}`,
    act: (door: DoorBench) => door.input(role, to),
  })),
  fc.integer({ min: 1, max: 40_000 }).map((ms) => ({ name: `wait ${ms}`, act: (door: DoorBench) => door.wait(ms) })),
);
const history = fc.array(action, { maxLength: 40 });
const config = fc
  .record({
    lock: fc.constantFrom(
      { output: 'relay', fail: 'safe' },
      { output: 'relay', fail: 'secure' },
      { fail: 'safe', in: { output: 'relay' }, out: { output: 'other' } },
    ),
    contact: fc.constantFrom({ input: 'contact' }, undefined),
    requestToExit: fc.constantFrom(
      { input: 'exit', mode: 'unlock' },
      { input: 'exit', mode: 'unlock', ignoreAfterGrantMs: 3_000, ignoreAfterCloseMs: 3_000 },
    ),
    timers: fc.constantFrom({}, { delayTimeBeforeRelockMs: 4_000, preAlarmTimeMs: 0 }),
  })
  .map(doorConfig);

/** After this long without events every timer has run out. */
const LONG_MS = 600_000;
const check = (property: (door: DoorBench, setting: ReturnType<typeof doorConfig>) => void) =>
  fc.assert(
    fc.property(config, history, (setting, actions) => {
      const door = doorBench(setting);
      for (const { act } of actions) act(door);
      property(door, setting);
    }),
    { numRuns: 1_000 },
  );

const released = (door: DoorBench, setting: ReturnType<typeof doorConfig>) =>
  ['relay', 'other'].some((output) => door.energised(output) === (setting.lock.fail === 'secure'));

describe('a door, whatever happens', () => {
  it('Accessed always ends, and the lock of a locked door is locked after its timers', () => {
    check((door, setting) => {
      door.input('requestToExit', 'quiet');
      door.wait(LONG_MS);
      const { mode } = door.state().reported;
      expect(mode).not.toBe('Accessed');
      expect(released(door, setting)).toBe(mode === 'Unlocked' || mode === 'LockedOpen');
    });
  });

  it('every grant ends in exactly one taken or not taken', () => {
    fc.assert(
      fc.property(config, history, (setting, actions) => {
        const door = doorBench(setting);
        for (const { act } of actions) act(door);
        door.wait(LONG_MS);
        const ended = door.effects.flatMap((e) => (e.kind === 'passage' ? [e.passage.admission] : []));
        const told = door
          .told()
          .flatMap((e) => (e.type === 'access-taken' || e.type === 'access-not-taken' ? [e.admission] : []));
        expect([...ended].sort()).toEqual([...door.granted].sort());
        expect(told).toEqual(ended);
      }),
      { numRuns: 1_000 },
    );
  });

  it('egress is never refused: a request on a door that is not open frees it at the latest when ignoring ends', () => {
    check((door, setting) => {
      door.input('requestToExit', 'quiet');
      door.wait(LONG_MS);
      if (door.state().door === 'Open') return;
      door.input('requestToExit', 'asserted');
      expect(released(door, setting)).toBe(true);
      door.wait(LONG_MS);
      expect(released(door, setting)).toBe(true);
    });
  });

  it('nothing momentary opens a door that is Blocked, LockedDown or LockedOpen', () => {
    check((door, setting) => {
      door.input('requestToExit', 'quiet');
      door.wait(LONG_MS);
      const { mode } = door.state().reported;
      if (mode !== 'Blocked' && mode !== 'LockedDown') return;
      const effects = [...door.grant(next(door)), ...door.feed({ kind: 'unlock-momentary', by: 'x' })];
      expect(effects.filter(({ kind }) => kind === 'refuse')).toHaveLength(2);
      expect(released(door, setting)).toBe(false);
    });
  });

  it('timers are bounded in number and in time, and what is reported is what is', () => {
    check((door, setting) => {
      for (const effect of door.effects)
        if (effect.kind === 'timer') expect(effect.afterMs > 0 && effect.afterMs < LONG_MS).toBe(true);
      expect(door.timers().size).toBeLessThan(32);
      expect([...door.timers().keys()].sort()).toEqual([...door.state().armed].sort());
      expect(door.state().reported).toEqual(reportOf(setting, door.state()));
    });
  });

  it('a door closed is never forced or held', () => {
    check((door) => {
      door.close();
      const { door: position, alarm } = door.state().reported;
      if (position === 'Closed') expect(['DoorForcedOpen', 'DoorOpenTooLong']).not.toContain(alarm);
    });
  });
});

describe('who decides the mode', () => {
  /** The rule as one would tell it: a list of what each wants, looked through from the top. */
  function naive(actions: readonly (readonly [string, string])[]): string {
    const wants: { who: string; what: string }[] = [];
    const shown = () => {
      for (const who of MODE_WRITERS) for (const want of wants) if (want.who === who) return want.what;
      return 'Locked';
    };
    for (const [who, what] of actions) {
      const mine = wants.findIndex((want) => want.who === who);
      const stuck = (shown() === 'LockedDown' || shown() === 'LockedOpen') && shown() !== what;
      if (who === 'operator' && what !== 'gives up' && stuck) continue;
      if (mine >= 0) wants.splice(mine, 1);
      if (what !== 'gives up') wants.push({ who, what });
    }
    return shown();
  }

  it('agrees with the naive model', () => {
    const claims = fc.tuple(writer, fc.constantFrom(...claimable, 'gives up' as const));
    fc.assert(
      fc.property(fc.array(claims, { maxLength: 30 }), (actions) => {
        const door = doorBench(doorConfig());
        for (const [who, what] of actions) {
          if (what === 'gives up') door.feed({ kind: 'relinquish', writer: who, by: who });
          else door.feed({ kind: 'claim', writer: who, mode: what, by: who });
        }
        expect(door.state().reported.mode).toBe(naive(actions));
      }),
      { numRuns: 2_000 },
    );
  });
});
