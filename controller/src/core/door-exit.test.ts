// SPDX-License-Identifier: Apache-2.0
// Request to exit (reference: door, Details).
import { describe, expect, it } from 'vitest';
import { alarm, doorBench, doorConfig, kinds, lockdown, mode, outcomes } from './door.test-support.ts';

const config = doorConfig();

describe('request to exit', () => {
  it('unlocks, masks the forced alarm and is recorded', () => {
    const door = doorBench(config);
    door.input('requestToExit', 'asserted');
    expect([mode(door), door.energised()]).toEqual(['Accessed', true]);
    expect(kinds(door.told())).toContain('request-to-exit');
    door.open();
    expect(alarm(door)).toBe('Normal');
  });

  it('extends while active', () => {
    const door = doorBench(config);
    door.input('requestToExit', 'asserted');
    door.wait(60_000);
    expect(door.energised()).toBe(true);
    door.input('requestToExit', 'quiet');
    door.wait(5_000);
    expect(door.energised()).toBe(false);
  });

  it('stuck for longer than its time is an alarm that ends with it, and the door says what it is all the while', () => {
    const door = doorBench(config);
    const stuck = () =>
      door
        .told()
        .flatMap((told) => (told.type === 'alarm' && told.alarm === 'exit-request-stuck' ? [told.active] : []));
    door.input('requestToExit', 'asserted');
    door.wait(59_999);
    expect(stuck()).toEqual([]);
    door.wait(1);
    expect(stuck()).toEqual([true]);
    door.wait(600_000);
    expect([stuck(), mode(door), door.state().reported.lock, alarm(door)]).toEqual([
      [],
      'Accessed',
      'Unlocked',
      'Normal',
    ]);
    door.input('requestToExit', 'quiet');
    expect(stuck()).toEqual([false]);
    door.wait(600_000);
    expect([stuck(), door.state().reported.lock]).toEqual([[], 'Locked']);
  });

  it('made again and again, each time for less, is not stuck; a cut line ends the alarm and is a fault instead', () => {
    const door = doorBench(config);
    const alarmsTold = () =>
      door.told().flatMap((told) => (told.type === 'alarm' ? [`${told.alarm} ${told.active}`] : []));
    for (let presses = 0; presses < 5; presses += 1) {
      door.input('requestToExit', 'asserted');
      door.wait(50_000);
      door.input('requestToExit', 'quiet');
      door.wait(1_000);
    }
    expect(alarmsTold()).toEqual([]);
    door.input('requestToExit', 'asserted');
    door.wait(60_000);
    door.input('requestToExit', 'fault');
    expect(alarmsTold()).toEqual(['exit-request-stuck true', 'input-fault true', 'exit-request-stuck false']);
  });

  it('frees the door in every mode, and leaves the mode as it is', () => {
    const door = doorBench(config);
    lockdown(door);
    door.input('requestToExit', 'asserted');
    expect([mode(door), door.energised()]).toEqual(['LockedDown', true]);
    door.input('requestToExit', 'quiet');
    door.wait(5_000);
    expect([mode(door), door.energised()]).toEqual(['LockedDown', false]);
  });

  it('survives a lockdown that cuts a card short', () => {
    const door = doorBench(config);
    door.grant('a');
    door.input('requestToExit', 'asserted');
    lockdown(door);
    expect([door.energised(), outcomes(door)]).toEqual([true, ['a not-taken']]);
  });

  it('is ignored for a while after a grant, and counts if still made then', () => {
    const door = doorBench(doorConfig({ requestToExit: { input: 'exit', mode: 'unlock', ignoreAfterGrantMs: 4_000 } }));
    door.grant('a');
    door.told();
    door.input('requestToExit', 'asserted');
    expect(kinds(door.told())).toEqual([]);
    door.wait(4_000);
    expect(kinds(door.told())).toEqual(['request-to-exit']);
  });

  it('while ignored, does not keep a card release going', () => {
    const door = doorBench(
      doorConfig({ requestToExit: { input: 'exit', mode: 'unlock', ignoreAfterGrantMs: 20_000 } }),
    );
    door.grant('a');
    door.input('requestToExit', 'asserted');
    door.wait(5_000);
    expect(mode(door)).toBe('Locked');
  });

  it('an opening that debouncing shows just after it relocked is no forced door', () => {
    const door = doorBench(config);
    door.input('requestToExit', 'asserted');
    door.input('requestToExit', 'quiet');
    door.wait(5_100);
    door.open();
    expect(alarm(door)).toBe('Normal');
    door.close();
    door.wait(1_000);
    door.open();
    expect(alarm(door)).toBe('DoorForcedOpen');
  });

  it('made again, keeps masking although the first one has run out', () => {
    const door = doorBench(doorConfig({ requestToExit: { input: 'exit', mode: 'mask', ignoreAfterCloseMs: 30_000 } }));
    door.input('requestToExit', 'asserted');
    door.input('requestToExit', 'quiet');
    door.open();
    door.input('requestToExit', 'asserted');
    door.wait(10_000);
    door.close();
    door.open();
    expect(alarm(door)).toBe('Normal');
  });

  it('is ignored while the door is open', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    door.told();
    door.input('requestToExit', 'asserted');
    expect([kinds(door.told()), door.energised()]).toEqual([[], false]);
  });

  it('is not ignored after a start, which closes nothing', () => {
    const door = doorBench(doorConfig({ requestToExit: { input: 'exit', mode: 'unlock', ignoreAfterCloseMs: 2_000 } }));
    door.input('requestToExit', 'asserted');
    expect(door.energised()).toBe(true);
  });

  it('is ignored for a while after a close, and counts if still made then', () => {
    const door = doorBench(doorConfig({ requestToExit: { input: 'exit', mode: 'unlock', ignoreAfterCloseMs: 2_000 } }));
    door.grant('a');
    door.open();
    door.close();
    door.input('requestToExit', 'asserted');
    expect(door.energised()).toBe(false);
    door.wait(2_000);
    expect(door.energised()).toBe(true);
  });

  it('in mask mode does not unlock and masks forced while active and for releaseTime after', () => {
    const door = doorBench(doorConfig({ requestToExit: { input: 'exit', mode: 'mask' } }));
    door.input('requestToExit', 'asserted');
    expect([mode(door), door.energised()]).toEqual(['Locked', false]);
    door.wait(60_000);
    door.input('requestToExit', 'quiet');
    door.wait(4_999);
    door.open();
    expect(alarm(door)).toBe('Normal');
    door.close();
    door.wait(1);
    door.open();
    expect(alarm(door)).toBe('DoorForcedOpen');
  });
});
