// SPDX-License-Identifier: Apache-2.0
// The mechanics of a lock: bolt and motor, sensors of bolt and door, battery, the knob inside. Egress never depends on software:
// the knob draws the bolt whatever the firmware thinks.
export type Bolt = 'thrown' | 'drawn' | 'jammed';

export interface LockTimers {
  monotonic(): number;
  after(delayMs: number, action: () => void): () => void;
}

export type BodyEvent = 'bolt' | 'door' | 'knob' | 'battery' | 'tamper';

export interface LockBody {
  readonly bolt: Bolt;
  readonly isDoorOpen: boolean;
  /** Percent. */
  readonly battery: number;
  /** Set by whoever is inside: no opening from outside but against it. */
  readonly isPrivate: boolean;
  /** Resolves with where the bolt's sensor says that it is. Only one move at a time. */
  move(to: 'thrown' | 'drawn'): Promise<Bolt>;
  isMoving(): boolean;
  onEvent(listener: (event: BodyEvent) => void): void;
  /** What people do to it. */
  setJammed(isJammed: boolean): void;
  setDoor(isOpen: boolean): void;
  setBattery(percent: number): void;
  setPrivate(isPrivate: boolean): void;
  turnKnob(): void;
  tamper(): void;
  /** Lights up and sounds, so that somebody in the corridor sees which one it is. */
  identify(): void;
  /** Times the motor drew the bolt. */
  readonly drawn: number;
  /** Times it showed itself. */
  readonly identified: number;
}

const MOTOR_MS = 350;
/** A motor gives up after this long against a jam, and costs this much of the battery. */
const JAM_MS = 1_200;
const MOVES_A_PERCENT = 80;

export function createLockBody(timers: LockTimers): LockBody {
  let listener: (event: BodyEvent) => void = () => undefined;
  let jams = false;
  let moving = false;
  let moves = 0;
  const state = { bolt: 'thrown' as Bolt, isDoorOpen: false, battery: 100, isPrivate: false, drawn: 0, identified: 0 };

  function spend(): void {
    moves += 1;
    if (moves % MOVES_A_PERCENT !== 0) return;
    state.battery = Math.max(0, state.battery - 1);
    listener('battery');
  }

  return {
    get bolt() {
      return state.bolt;
    },
    get isDoorOpen() {
      return state.isDoorOpen;
    },
    get battery() {
      return state.battery;
    },
    get isPrivate() {
      return state.isPrivate;
    },
    get drawn() {
      return state.drawn;
    },
    get identified() {
      return state.identified;
    },
    isMoving: () => moving,
    move(to) {
      if (moving || state.bolt === to) return Promise.resolve(state.bolt);
      moving = true;
      return new Promise((resolve) => {
        timers.after(jams ? JAM_MS : MOTOR_MS, () => {
          moving = false;
          state.bolt = jams ? 'jammed' : to;
          if (!jams && to === 'drawn') state.drawn += 1;
          spend();
          listener('bolt');
          resolve(state.bolt);
        });
      });
    },
    onEvent(given) {
      listener = given;
    },
    setJammed(isJammed) {
      jams = isJammed;
      if (isJammed || state.bolt !== 'jammed') return;
      state.bolt = 'thrown';
      listener('bolt');
    },
    setDoor(isOpen) {
      if (state.isDoorOpen === isOpen) return;
      state.isDoorOpen = isOpen;
      listener('door');
    },
    setBattery(percent) {
      state.battery = percent;
      listener('battery');
    },
    setPrivate(isPrivate) {
      state.isPrivate = isPrivate;
    },
    turnKnob() {
      state.isPrivate = false;
      state.bolt = 'drawn';
      listener('knob');
    },
    tamper: () => listener('tamper'),
    identify() {
      state.identified += 1;
    },
  };
}
