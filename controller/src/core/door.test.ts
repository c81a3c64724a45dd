// SPDX-License-Identifier: Apache-2.0
// Modes and their writers, the lock and the inputs of a door (reference: door).
import { describe, expect, it } from 'vitest';
import {
  alarm,
  type DoorBench,
  doorBench,
  doorConfig,
  lockdown,
  mode,
  operator,
  outcomes,
  passage,
  refused,
} from './door.test-support.ts';
import { reportOf } from './door.ts';

const config = doorConfig();

describe('modes', () => {
  it('Blocked refuses momentary access but takes other mode changes', () => {
    const door = doorBench(config);
    operator(door, 'Blocked');
    expect(refused(door.grant('a'))).toEqual(['DoorNotAccessible']);
    expect(refused(door.feed({ kind: 'unlock-momentary', by: 'operator:li' }))).toEqual(['DoorNotAccessible']);
    expect(refused(operator(door, 'Unlocked'))).toEqual([]);
    expect(mode(door)).toBe('Unlocked');
  });

  it('LockedDown takes only its own release', () => {
    const door = doorBench(config);
    operator(door, 'Unlocked');
    lockdown(door);
    expect([mode(door), door.energised()]).toEqual(['LockedDown', false]);
    expect(refused(door.grant('a'))).toEqual(['DoorNotAccessible']);
    expect(refused(operator(door, 'Locked'))).toEqual(['door-locked-down']);
    door.feed({ kind: 'relinquish', writer: 'operator', by: 'operator:li' });
    expect(mode(door)).toBe('LockedDown');
    door.feed({ kind: 'relinquish', writer: 'lockdown', by: 'operator:li' });
    expect(mode(door)).toBe('Locked');
  });

  it('LockedOpen takes only its own release', () => {
    const door = doorBench(config);
    operator(door, 'LockedOpen');
    expect(refused(operator(door, 'Locked'))).toEqual(['door-locked-open']);
    expect(refused(door.grant('a'))).toEqual(['DoorNotAccessible']);
    expect([mode(door), door.energised()]).toEqual(['LockedOpen', true]);
    door.feed({ kind: 'relinquish', writer: 'operator', by: 'operator:li' });
    expect([mode(door), door.energised()]).toEqual(['Locked', false]);
  });

  it('DoubleLocked takes momentary access and goes back to it, masks no alarm, and gives way to other mode changes', () => {
    const door = doorBench(config);
    operator(door, 'DoubleLocked');
    expect([mode(door), door.energised()]).toEqual(['DoubleLocked', false]);
    door.grant('a');
    expect([mode(door), door.energised()]).toEqual(['Accessed', true]);
    door.wait(5_000);
    expect([mode(door), door.energised()]).toEqual(['DoubleLocked', false]);
    door.wait(1_000);
    door.open();
    expect(alarm(door)).toBe('DoorForcedOpen');
    door.close();
    operator(door, 'Unlocked');
    expect(mode(door)).toBe('Unlocked');
  });

  it('fire frees a door that is LockedDown, and the lockdown stands again when it is over', () => {
    const door = doorBench(config);
    lockdown(door);
    door.input('fire', 'asserted');
    expect([mode(door), door.energised()]).toEqual(['Unlocked', true]);
    door.input('fire', 'quiet');
    expect([mode(door), door.energised()]).toEqual(['LockedDown', false]);
  });

  it('writers rank fire, lockdown, operator, schedule, and each relinquishes its own', () => {
    const door = doorBench(config);
    door.feed({ kind: 'claim', writer: 'schedule', mode: 'Unlocked', by: 'schedule:day' });
    operator(door, 'Blocked');
    lockdown(door);
    door.input('fire', 'asserted');
    expect(mode(door)).toBe('Unlocked');
    door.input('fire', 'quiet');
    expect(mode(door)).toBe('LockedDown');
    door.feed({ kind: 'relinquish', writer: 'lockdown', by: 'operator:li' });
    expect(mode(door)).toBe('Blocked');
    door.feed({ kind: 'relinquish', writer: 'operator', by: 'operator:li' });
    expect(mode(door)).toBe('Unlocked');
    door.feed({ kind: 'relinquish', writer: 'schedule', by: 'schedule' });
    expect(mode(door)).toBe('Locked');
  });

  it('a lockdown cuts a release short and what was granted ends as not taken', () => {
    const door = doorBench(config);
    door.grant('a');
    lockdown(door);
    expect([mode(door), door.energised(), outcomes(door)]).toEqual(['LockedDown', false, ['a not-taken']]);
  });

  it('an operator momentary unlock ends like any access and enters nobody', () => {
    const door = doorBench(config);
    door.feed({ kind: 'unlock-momentary', by: 'operator:li' });
    expect(door.told()[0]).toEqual({ type: 'door-mode', portal: 'gate-1', mode: 'Accessed', by: 'operator:li' });
    door.wait(5_000);
    expect([mode(door), outcomes(door)]).toEqual(['Locked', []]);
  });
});

describe('lock', () => {
  it('fail-secure: energised releases; fail-safe: energised locks', () => {
    const secure = doorBench(config);
    const safe = doorBench(doorConfig({ lock: { output: 'relay', fail: 'safe' } }));
    expect([secure.energised(), safe.energised()]).toEqual([false, true]);
    secure.grant('a');
    safe.grant('a');
    expect([secure.energised(), safe.energised()]).toEqual([true, false]);
    expect([secure.state().reported.lock, safe.state().reported.lock]).toEqual(['Unlocked', 'Unlocked']);
  });

  it('is Unknown until the hardware confirmed, whatever was asked', () => {
    const door = doorBench(config);
    const asked = { ...door.state(), outputs: { relay: { wanted: true, actual: 'unknown' as const } } };
    expect(reportOf(config, asked).lock).toBe('Unknown');
  });

  it('an output that does not obey is a Fault with an alarm, retried until it does', () => {
    let works = true;
    const door = doorBench(config, { outputsWork: () => works });
    works = false;
    door.grant('a');
    expect(door.state().reported.lock).toBe('Fault');
    expect(door.told()).toContainEqual({
      type: 'alarm',
      alarm: 'output-fault',
      active: true,
      portal: 'gate-1',
      subject: 'relay, locked without power',
    });
    works = true;
    door.wait(1_000);
    expect([door.state().reported.lock, door.energised()]).toEqual(['Unlocked', true]);
    expect(door.told()).toContainEqual(expect.objectContaining({ alarm: 'output-fault', active: false }));
  });

  it('a release waits for its record unless the grant is recorded already; fire waits for nothing', () => {
    const outputs = (door: DoorBench) =>
      door.effects.flatMap((effect) => (effect.kind === 'output' ? [effect.afterRecord] : []));
    const exit = doorBench(config);
    exit.input('requestToExit', 'asserted');
    const card = doorBench(config);
    card.feed({ kind: 'grant', passage: passage('a'), extended: false });
    const fire = doorBench(config);
    fire.input('fire', 'asserted');
    expect([outputs(exit), outputs(card), outputs(fire)]).toEqual([[true], [false], [false]]);
  });
});

describe('inputs', () => {
  it('a faulty contact is Fault, never Closed', () => {
    const door = doorBench(config);
    door.input('contact', 'fault');
    expect(door.state().reported).toMatchObject({ door: 'Fault', alarm: 'Fault' });
    door.close();
    expect(door.state().reported).toMatchObject({ door: 'Closed', alarm: 'Normal' });
  });

  it('a contact that recovers closed does not cut a release short', () => {
    const door = doorBench(config);
    door.input('contact', 'fault');
    door.grant('a');
    door.close();
    expect(mode(door)).toBe('Accessed');
  });

  it('fire unlocks and is told; a faulty fire line neither starts nor ends it', () => {
    const door = doorBench(config);
    door.input('fire', 'fault');
    expect(mode(door)).toBe('Locked');
    door.input('fire', 'asserted');
    expect([mode(door), door.energised()]).toEqual(['Unlocked', true]);
    door.input('fire', 'fault');
    expect(mode(door)).toBe('Unlocked');
    expect(door.told()).toContainEqual({ type: 'alarm', alarm: 'fire', active: true, portal: 'gate-1' });
  });

  it('tamper is an alarm of its own and does not move the door', () => {
    const door = doorBench(config);
    door.input('tamper', 'asserted');
    expect([alarm(door), mode(door)]).toEqual(['Tamper', 'Locked']);
    door.input('tamper', 'quiet');
    expect(alarm(door)).toBe('Normal');
  });
});
