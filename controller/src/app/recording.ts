// SPDX-License-Identifier: Apache-2.0
// Where everything that happened goes: stamped with trusted time into the journal, alarms also into the log and into health.
import type { EventBody } from '../core/event-body.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import { type Alarms, createAlarms } from './alarms.ts';
import type { Log } from './log.ts';
import { createRecorder } from './recorder.ts';
import type { TrustedClock } from './trusted-clock.ts';

export interface Recording {
  readonly alarms: Alarms;
  /** Never rejects; resolves once durable, or after 50 ms. */
  readonly record: (body: EventBody) => Promise<unknown>;
  /** The same for a door: alarms that it records stand in health like every other. */
  readonly recordOfDoor: (body: EventBody) => Promise<unknown>;
  close(): Promise<void>;
}

export interface RecordingParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly time: Pick<TrustedClock, 'instant'>;
  readonly onDurable: () => void;
}

export function createRecording({ journal, clock, log, time, onDurable }: RecordingParts): Recording {
  const recorder = createRecorder({
    journal,
    clock,
    log,
    onStalled: (stalled) => alarms.set('journal-stalled', stalled),
    onDurable,
  });
  const record = (body: EventBody) => {
    const { ms, quality } = time.instant();
    return recorder.record({ ...body, at: Math.max(0, ms), clock: quality });
  };
  const alarms = createAlarms((notice) => {
    log.warn({ ...notice }, 'alarm');
    void record({ type: 'alarm', ...notice });
  });
  return {
    alarms,
    record,
    recordOfDoor(body) {
      if (body.type === 'alarm') {
        log.warn({ ...body }, 'alarm');
        alarms.note(body);
      }
      return record(body);
    },
    close: () => recorder.close(),
  };
}
