// SPDX-License-Identifier: Apache-2.0
// Momentary access: release, relock, taken and not taken, lanes (reference: door, Timers).
import { describe, expect, it } from 'vitest';
import {
  alarm,
  doorBench,
  doorConfig,
  kinds,
  lockdown,
  mode,
  operator,
  outcomes,
  passage,
  refused,
} from './door.test-support.ts';

const config = doorConfig();

describe('Accessed', () => {
  it('unlocks at the grant and relocks after releaseTime unless opened', () => {
    const door = doorBench(config);
    door.grant('a');
    expect([mode(door), door.energised()]).toEqual(['Accessed', true]);
    door.wait(4_999);
    expect(door.energised()).toBe(true);
    door.wait(1);
    expect([mode(door), door.energised()]).toEqual(['Locked', false]);
  });

  it('lasts extendedReleaseTime longer for people who need it', () => {
    const door = doorBench(config);
    door.grant('a', { extended: true });
    door.wait(14_999);
    expect(mode(door)).toBe('Accessed');
    door.wait(1);
    expect(mode(door)).toBe('Locked');
  });

  it('goes back to the mode before it', () => {
    const door = doorBench(config);
    operator(door, 'DoubleLocked');
    door.grant('a');
    expect(mode(door)).toBe('Accessed');
    door.wait(5_000);
    expect(mode(door)).toBe('DoubleLocked');
  });

  it('does not change an unlocked door, and leaves it unlocked', () => {
    const door = doorBench(config);
    operator(door, 'Unlocked');
    door.grant('a');
    door.wait(60_000);
    expect([mode(door), door.energised()]).toEqual(['Unlocked', true]);
  });

  it('relocks the moment the door opens when delayTimeBeforeRelock is 0', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    expect([mode(door), door.energised()]).toEqual(['Locked', false]);
  });

  it('relocks delayTimeBeforeRelock after the opening', () => {
    const door = doorBench(doorConfig({ timers: { delayTimeBeforeRelockMs: 3_000 } }));
    door.grant('a');
    door.wait(4_000);
    door.open();
    door.wait(2_999);
    expect(door.energised()).toBe(true);
    door.wait(1);
    expect([mode(door), door.energised()]).toEqual(['Locked', false]);
  });

  it('relocks on close even if time is left', () => {
    const door = doorBench(doorConfig({ timers: { delayTimeBeforeRelockMs: 20_000 } }));
    door.grant('a');
    door.open();
    door.close();
    expect([mode(door), door.energised()]).toEqual(['Locked', false]);
  });

  it('a second request while open does not undo the relock', () => {
    const door = doorBench(doorConfig({ timers: { delayTimeBeforeRelockMs: 3_000 } }));
    door.grant('a');
    door.open();
    door.wait(2_000);
    door.grant('b');
    door.wait(1_000);
    expect(door.energised()).toBe(false);
    door.grant('c');
    door.close();
    expect([mode(door), door.energised()]).toEqual(['Locked', false]);
  });

  it('a second request while open leaves a relock that is under way alone, sooner or later', () => {
    const door = doorBench(doorConfig({ timers: { delayTimeBeforeRelockMs: 20_000 } }));
    door.grant('a');
    door.open();
    door.wait(1_000);
    door.grant('b');
    door.wait(18_999);
    expect(door.energised()).toBe(true);
    door.wait(1);
    expect(door.energised()).toBe(false);
  });

  it('a relock that closing made needless does not cut the next access short', () => {
    const door = doorBench(doorConfig({ timers: { delayTimeBeforeRelockMs: 3_000 } }));
    door.grant('a');
    door.open();
    door.close();
    door.grant('b');
    door.wait(4_999);
    expect(mode(door)).toBe('Accessed');
  });

  it('a second request while closed extends and never shortens', () => {
    const door = doorBench(config);
    door.grant('a', { extended: true });
    door.wait(4_000);
    door.grant('b');
    door.wait(14_999);
    expect(mode(door)).toBe('Accessed');
    door.wait(1);
    expect(mode(door)).toBe('Locked');
  });

  it('tells of the relock and of what the lock then is', () => {
    const door = doorBench(config);
    door.grant('a');
    door.told();
    door.wait(5_000);
    expect(door.told()).toEqual([
      { type: 'door-mode', portal: 'gate-1', mode: 'Locked', by: 'relock' },
      { type: 'lock-state', portal: 'gate-1', state: 'Locked' },
    ]);
  });
});

describe('granted is not entered', () => {
  it('is taken when the door opens', () => {
    const door = doorBench(config);
    door.grant('a');
    expect(outcomes(door)).toEqual([]);
    door.open();
    expect(outcomes(door)).toEqual(['a taken']);
    door.wait(120_000);
    expect(outcomes(door)).toEqual(['a taken']);
  });

  it('is not taken when entryTime passes', () => {
    const door = doorBench(doorConfig({ timers: { entryTimeMs: 8_000 } }));
    door.grant('a');
    door.wait(8_000);
    expect(outcomes(door)).toEqual([]);
    door.wait(300);
    expect(outcomes(door)).toEqual(['a not-taken']);
    expect(kinds(door.told())).toContain('access-not-taken');
  });

  it('is taken at the grant without a door contact', () => {
    const door = doorBench(doorConfig({ contact: undefined }));
    door.grant('a');
    expect(outcomes(door)).toEqual(['a taken']);
  });

  it('is taken at the grant while the contact is faulty', () => {
    const door = doorBench(config);
    door.input('contact', 'fault');
    door.grant('a');
    expect(outcomes(door)).toEqual(['a taken']);
    expect(mode(door)).toBe('Accessed');
  });

  it('two people granted before one opening are both taken, a third while it stands open too', () => {
    const door = doorBench(config);
    door.grant('a');
    door.grant('b');
    door.open();
    door.grant('c');
    expect(outcomes(door)).toEqual(['a taken', 'b taken', 'c taken']);
  });

  it('a card presented twice before one opening lets one person in', () => {
    const door = doorBench(config);
    door.feed({ kind: 'grant', passage: passage('a', 'in', '00000000000000aa'), extended: false });
    door.feed({ kind: 'grant', passage: passage('b', 'in', '00000000000000aa'), extended: false });
    door.open();
    expect(outcomes(door)).toEqual(['a not-taken', 'b taken']);
  });

  it('an opening that debouncing shows just after the relock is no forced door', () => {
    const door = doorBench(config);
    door.grant('a');
    door.wait(5_100);
    door.open();
    expect([alarm(door), outcomes(door)]).toEqual(['Normal', ['a taken']]);
  });

  it('a grant the door can no longer honour ends as not taken', () => {
    const door = doorBench(config);
    lockdown(door);
    expect(refused(door.grant('a'))).toEqual(['DoorNotAccessible']);
    expect(outcomes(door)).toEqual(['a not-taken']);
    expect(door.energised()).toBe(false);
  });

  it('more grants than people can stand there give way one by one, none is lost', () => {
    const door = doorBench(config);
    for (let i = 0; i < 20; i += 1) door.grant(`a${i}`);
    door.open();
    expect(outcomes(door)).toHaveLength(20);
    expect(outcomes(door).filter((each) => each.endsWith('not-taken'))).toHaveLength(4);
  });
});

describe('lane with a relay for each direction', () => {
  const lane = doorConfig({
    lock: { fail: 'secure', in: { output: 'inward' }, out: { output: 'outward' } },
    timers: { releaseTimeMs: 8_000 },
  });

  it('releases only the direction that was granted', () => {
    const door = doorBench(lane);
    door.grant('a', { direction: 'in' });
    expect([door.energised('inward'), door.energised('outward')]).toEqual([true, false]);
    door.grant('b', { direction: 'out' });
    expect([door.energised('inward'), door.energised('outward')]).toEqual([true, true]);
  });

  it('one turn takes one person and goes on for the next', () => {
    const door = doorBench(lane);
    door.grant('a');
    door.grant('b');
    door.open();
    door.close();
    expect([outcomes(door), door.energised('inward')]).toEqual([['a taken'], true]);
    door.open();
    expect([outcomes(door), door.energised('inward')]).toEqual([['a taken', 'b taken'], false]);
  });
});
