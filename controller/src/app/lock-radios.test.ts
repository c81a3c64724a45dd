// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { joinLockRadios } from '../adapters/lock-radios.ts';
import { watchRadio } from '../adapters/radio-watch.ts';
import { type LockLink, type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';
import { labClock } from './lab-clock.test-support.ts';

function fakeRadio(adapter: string) {
  let listener: ((seen: SeenLock) => void) | undefined;
  const state = { resets: 0, connects: 0, fails: false, isGone: false, ends: [] as (() => void)[] };
  const radio: LockRadio = {
    async start(given) {
      listener = given;
      if (state.fails) throw new Error(`${adapter} does not come up`);
    },
    async connect() {
      state.connects += 1;
      if (state.isGone) throw new LockRadioError('not-seen');
      let onClosed: (() => void) | undefined;
      const end = () => onClosed?.();
      state.ends.push(end);
      return {
        room: 20,
        onFrame: () => undefined,
        onClosed: (given: () => void) => void (onClosed = given),
        close: async () => end(),
      } as unknown as LockLink;
    },
    async reset() {
      state.resets += 1;
    },
    close: async () => undefined,
  };
  const hear = (rssi: number, address = 'aa') =>
    listener?.({ address, rssi, manufacturerData: new Uint8Array(3), adapter });
  return { radio, state, hear };
}

const quiet = () => undefined;

describe('several radios', () => {
  it('reach a lock through the one that hears it best, and through another where that has no links left', async () => {
    const [one, other] = [fakeRadio('hci0'), fakeRadio('hci1')];
    const radio = joinLockRadios([one.radio, other.radio], quiet);
    await radio.start(quiet);
    one.hear(-50);
    other.hear(-80);
    for (let n = 0; n < 7; n += 1) await radio.connect('aa', 1_000);
    expect([one.state.connects, other.state.connects]).toEqual([5, 2]);
    one.state.ends[0]?.();
    await radio.connect('aa', 1_000);
    expect([one.state.connects, other.state.connects]).toEqual([6, 2]);
  });

  it('that hear a lock alike share the links', async () => {
    const [one, other] = [fakeRadio('hci0'), fakeRadio('hci1')];
    const radio = joinLockRadios([one.radio, other.radio], quiet);
    await radio.start(quiet);
    one.hear(-60);
    other.hear(-63);
    for (let n = 0; n < 4; n += 1) await radio.connect('aa', 1_000);
    expect([one.state.connects, other.state.connects]).toEqual([2, 2]);
  });

  it('reach a lock through the other once the one that heard it best does not any more, until that one hears it again', async () => {
    const [one, other] = [fakeRadio('hci0'), fakeRadio('hci1')];
    const radio = joinLockRadios([one.radio, other.radio], quiet);
    await radio.start(quiet);
    one.hear(-50);
    other.hear(-80);
    one.state.isGone = true;
    await expect(radio.connect('aa', 1_000)).rejects.toMatchObject({ code: 'not-seen' });
    await radio.connect('aa', 1_000);
    expect([one.state.connects, other.state.connects]).toEqual([1, 1]);
    one.state.isGone = false;
    one.hear(-50);
    await radio.connect('aa', 1_000);
    expect([one.state.connects, other.state.connects]).toEqual([2, 1]);
  });

  it('remember no end of addresses, and those heard last', async () => {
    const { radio: one, state, hear } = fakeRadio('hci0');
    const radio = joinLockRadios([one], quiet);
    await radio.start(quiet);
    hear(-50, 'first');
    hear(-50);
    for (let n = 0; n < 4_095; n += 1) hear(-70, `phone ${n}`);
    hear(-50);
    hear(-70, 'one more');
    await radio.connect('aa', 1_000);
    await expect(radio.connect('first', 1_000)).rejects.toMatchObject({ code: 'not-seen' });
    expect(state.connects).toBe(1);
  });

  it('serve as long as one of them starts, and say which does not', async () => {
    const [one, other] = [fakeRadio('hci0'), fakeRadio('hci1')];
    const said: object[] = [];
    other.state.fails = true;
    await joinLockRadios([one.radio, other.radio], (_, fields) => void said.push(fields)).start(quiet);
    expect(said).toEqual([{ reason: 'hci1 does not come up' }]);
    one.state.fails = true;
    await expect(joinLockRadios([one.radio, other.radio], quiet).start(quiet)).rejects.toThrow('does not come up');
  });
});

describe('a radio that falls silent', () => {
  it('is set up again after a minute, ever more seldom, and not while it is heard', async () => {
    const clock = labClock();
    const { radio, state, hear } = fakeRadio('hci0');
    const watched = watchRadio(radio, { clock, log: quiet });
    await watched.start(quiet);
    for (let n = 0; n < 10; n += 1) {
      hear(-60);
      await clock.advance(30_000);
    }
    expect(state.resets).toBe(0);
    await clock.advance(60_000);
    expect(state.resets).toBe(1);
    await clock.advance(3_600_000);
    expect(state.resets).toBeGreaterThan(5);
    expect(state.resets).toBeLessThan(12);
    await watched.close();
  });

  it('is left alone while a lock is connected: it does not advertise then', async () => {
    const clock = labClock();
    const { radio, state } = fakeRadio('hci0');
    const watched = watchRadio(radio, { clock, log: quiet });
    await watched.start(quiet);
    const link = await watched.connect('aa', 1_000);
    await clock.advance(600_000);
    expect(state.resets).toBe(0);
    await link.close();
    await clock.advance(120_000);
    expect(state.resets).toBe(1);
    await watched.close();
  });

  it('is set up again where it does not even start', async () => {
    const clock = labClock();
    const { radio, state } = fakeRadio('hci0');
    state.fails = true;
    const watched = watchRadio(radio, { clock, log: quiet });
    await expect(watched.start(quiet)).rejects.toThrow('does not come up');
    await clock.advance(60_000);
    expect(state.resets).toBe(1);
    await watched.close();
  });
});
