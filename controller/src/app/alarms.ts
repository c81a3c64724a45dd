// SPDX-License-Identifier: Apache-2.0
// Alarms of the controller: each is told when it begins and when it ends, and the standing ones are in every health message.
import type { AlarmKind } from '@latchkey/protocols/mqtt/door-terms';

export interface Alarms {
  /** `subject` tells two of a kind apart: a reader, an input, a scope. */
  set(alarm: AlarmKind, active: boolean, subject?: string): void;
  /** Told every time, standing for nothing: one attempt that failed, one list that was refused. */
  tell(alarm: AlarmKind, subject?: string): void;
  /** An alarm that a door records itself: among those standing until it ends. */
  note(told: AlarmNotice & { readonly portal?: string | undefined }): void;
  standing(): readonly string[];
}

export interface AlarmNotice {
  readonly alarm: AlarmKind;
  readonly active: boolean;
  readonly subject?: string | undefined;
}

const MAX_STANDING = 200;

export function createAlarms(onNotice: (notice: AlarmNotice) => void): Alarms {
  const standing = new Set<string>();
  const notice = (alarm: AlarmKind, active: boolean, subject?: string) =>
    onNotice(subject === undefined ? { alarm, active } : { alarm, active, subject: subject.slice(0, 120) });
  return {
    set(alarm, active, subject) {
      const name = subject === undefined ? alarm : `${alarm} ${subject}`;
      if (standing.has(name) === active) return;
      if (active) standing.add(name);
      else standing.delete(name);
      notice(alarm, active, subject);
    },
    note({ alarm, active, portal, subject }) {
      const name = [alarm, portal, subject].filter((each) => each !== undefined).join(' ');
      if (active) standing.add(name);
      else standing.delete(name);
    },
    tell: (alarm, subject) => notice(alarm, true, subject),
    standing: () => [...standing].slice(0, MAX_STANDING).map((name) => name.slice(0, 160)),
  };
}
