// SPDX-License-Identifier: Apache-2.0
// The rules of a door, one test each (reference: door).
import { describe, expect, it } from 'vitest';
import { type DoorBench, doorBench, doorConfig, passage } from './door.test-support.ts';
import { reportOf } from './door.ts';
import type { EventBody } from './event-body.ts';

const config = doorConfig();
const mode = (door: DoorBench) => door.state().reported.mode;
const alarm = (door: DoorBench) => door.state().reported.alarm;
const kinds = (events: readonly EventBody[]) => events.map(({ type }) => type);
const outcomes = (door: DoorBench) =>
  door.effects.flatMap((effect) =>
    effect.kind === 'passage' ? [`${effect.passage.admission} ${effect.outcome}`] : [],
  );
const alarms = (door: DoorBench) =>
  door
    .told()
    .flatMap((event) => (event.type === 'door-alarm' ? [event.warning ? `warning ${event.alarm}` : event.alarm] : []));
const operator = (door: DoorBench, to: 'Locked' | 'Unlocked' | 'Blocked' | 'LockedOpen' | 'DoubleLocked') =>
  door.feed({ kind: 'claim', writer: 'operator', mode: to, by: 'operator:li' });
const lockdown = (door: DoorBench) =>
  door.feed({ kind: 'claim', writer: 'lockdown', mode: 'LockedDown', by: 'operator:li' });
const refused = (effects: readonly { kind: string; code?: string }[]) =>
  effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.code] : []));

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

  it('is ignored while the door is open', () => {
    const door = doorBench(config);
    door.grant('a');
    door.open();
    door.told();
    door.input('requestToExit', 'asserted');
    expect([kinds(door.told()), door.energised()]).toEqual([[], false]);
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
