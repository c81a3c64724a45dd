// SPDX-License-Identifier: Apache-2.0
// Forced and held, told apart and masked apart (reference: door).
import { describe, expect, it } from 'vitest';
import { alarm, alarms, doorBench, doorConfig, operator } from './door.test-support.ts';

const config = doorConfig();

describe('DoorForcedOpen', () => {
  it('is raised when a locked door opens, and ends when it closes', () => {
    const door = doorBench(config);
    door.open();
    expect(alarm(door)).toBe('DoorForcedOpen');
    door.wait(60_000);
    expect(alarm(door)).toBe('DoorForcedOpen');
    door.close();
    expect(alarm(door)).toBe('Normal');
  });

  it('is masked by Accessed and by Unlocked', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    expect(alarm(door)).toBe('Normal');
    door.close();
    operator(door, 'Unlocked');
    door.open();
    expect(alarm(door)).toBe('Normal');
  });

  it('is masked by its own schedule, which does not mask held', () => {
    const door = doorBench(config);
    door.feed({ kind: 'mask', forced: true, held: false });
    door.open();
    expect(alarm(door)).toBe('Normal');
    door.wait(30_000);
    expect(alarm(door)).toBe('DoorOpenTooLong');
  });

  it('is not cleared by a card or a request to exit on the open door', () => {
    const door = doorBench(config);
    door.open();
    door.grant('a');
    door.input('requestToExit', 'asserted');
    expect(alarm(door)).toBe('DoorForcedOpen');
  });

  it('is silenced when the door is unlocked, and not timed as held before', () => {
    const door = doorBench(config);
    door.open();
    door.told();
    door.wait(100_000);
    expect(alarms(door)).toEqual([]);
    operator(door, 'Unlocked');
    expect(alarm(door)).toBe('Normal');
  });

  it('is not raised for a door found open at the start, which is timed like any other', () => {
    const door = doorBench(config, { contactAtStart: 'asserted' });
    expect(alarm(door)).toBe('Normal');
    door.wait(30_000);
    expect(alarm(door)).toBe('DoorOpenTooLong');
  });

  it('is raised when a faulty contact comes back open on a locked door', () => {
    const door = doorBench(config);
    door.input('contact', 'fault');
    door.open();
    expect(alarm(door)).toBe('DoorForcedOpen');
  });
});

describe('DoorOpenTooLong', () => {
  it('warns preAlarmTime before openTime, then alarms, and ends when the door closes', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    door.wait(24_999);
    expect(alarms(door)).toEqual([]);
    door.wait(1);
    expect(alarms(door)).toEqual(['warning DoorOpenTooLong']);
    door.wait(5_000);
    expect(alarms(door)).toEqual(['DoorOpenTooLong']);
    door.close();
    expect(alarms(door)).toEqual(['Normal']);
  });

  it('waits extendedOpenTime longer for people who need it', () => {
    const door = doorBench(config);
    door.grant('a', { extended: true });
    door.open();
    door.wait(59_999);
    expect(alarm(door)).toBe('Normal');
    door.wait(1);
    expect(alarm(door)).toBe('DoorOpenTooLong');
  });

  it('is masked by its own schedule and by Unlocked, and timed anew when the mask ends', () => {
    const door = doorBench(config);
    door.feed({ kind: 'mask', forced: false, held: true });
    door.grant('a');
    door.open();
    door.wait(100_000);
    expect(alarm(door)).toBe('Normal');
    operator(door, 'Unlocked');
    door.feed({ kind: 'mask', forced: false, held: false });
    door.wait(100_000);
    expect(alarm(door)).toBe('Normal');
    operator(door, 'Locked');
    door.wait(29_999);
    expect(alarm(door)).toBe('Normal');
    door.wait(1);
    expect(alarm(door)).toBe('DoorOpenTooLong');
  });

  it('masked, gives no warning either', () => {
    const door = doorBench(config);
    door.feed({ kind: 'mask', forced: false, held: true });
    door.grant('a');
    door.open();
    door.wait(100_000);
    expect(alarms(door)).toEqual([]);
  });

  it('waits longer when somebody who needs it is granted at the open door', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    door.grant('b', { extended: true });
    door.wait(59_999);
    expect(alarm(door)).toBe('Normal');
    door.wait(1);
    expect(alarm(door)).toBe('DoorOpenTooLong');
  });

  it('is not cleared by a request to exit', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    door.wait(30_000);
    door.input('requestToExit', 'asserted');
    expect(alarm(door)).toBe('DoorOpenTooLong');
  });

  it('counts anew from a grant while the door is open', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    door.wait(20_000);
    door.grant('b');
    door.wait(29_999);
    expect(alarm(door)).toBe('Normal');
    door.wait(1);
    expect(alarm(door)).toBe('DoorOpenTooLong');
  });
});
