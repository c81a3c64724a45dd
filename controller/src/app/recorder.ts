// SPDX-License-Identifier: Apache-2.0
// Writes events down before anything moves, and lets a door open all the same when the disk does not answer within 50 ms:
// nobody stands in the rain because of an SD card (DESIGN 1.2). What the disk refused waits in memory and is tried again.
import type { JournalEvent } from '@latchkey/protocols/mqtt/events';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import type { Log } from './log.ts';

export const JOURNAL_CAP_MS = 50;
const RETRY_MS = 2_000;
/** Events kept in memory while the disk refuses; beyond it the oldest are lost, and the alarm says that the disk is to blame. */
const MAX_BACKLOG = 5_000;

export interface Recorder {
  /** Never rejects. Resolves once durable, or `stalled` after 50 ms, or `failed`; the event is written in any case if it ever can be. */
  record(event: JournalEvent): Promise<'durable' | 'stalled' | 'failed'>;
  /** Events refused so far and not yet written. */
  waiting(): number;
  /** What the disk refused is tried once more; what it refuses again is lost, and counted in the log. */
  close(): Promise<void>;
}

export interface RecorderParts {
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  /** The journal began or ceased to answer in time. */
  readonly onStalled: (stalled: boolean) => void;
  readonly onDurable: () => void;
}

export function createRecorder({ journal, clock, log, onStalled, onDurable }: RecorderParts): Recorder {
  const backlog: JournalEvent[] = [];
  let late = 0;
  let cancelRetry: (() => void) | undefined;
  let closed = false;

  function keep(event: JournalEvent): void {
    if (backlog.length >= MAX_BACKLOG) {
      backlog.shift();
      log.error({}, 'event lost, the disk has refused too many');
    }
    backlog.push(event);
    if (!cancelRetry && !closed) cancelRetry = clock.after(RETRY_MS, retry);
  }

  function retry(): void {
    cancelRetry = undefined;
    for (const event of backlog.splice(0)) void append(event);
  }

  async function append(event: JournalEvent): Promise<'durable' | 'failed'> {
    try {
      await journal.append(event);
      onDurable();
      return 'durable';
    } catch (error) {
      log.warn({ reason: (error as { code?: string }).code ?? 'unknown' }, 'event not written');
      keep(event);
      return 'failed';
    }
  }

  return {
    record(event) {
      return new Promise((resolve) => {
        let isLate = false;
        const cancel = clock.after(JOURNAL_CAP_MS, () => {
          isLate = true;
          late += 1;
          // The door first, then the complaint.
          resolve('stalled');
          if (late === 1) onStalled(true);
        });
        void append(event).then((outcome) => {
          cancel();
          resolve(outcome);
          if (!isLate) return;
          late -= 1;
          if (late === 0) onStalled(false);
        });
      });
    },
    waiting: () => backlog.length,
    async close() {
      closed = true;
      cancelRetry?.();
      const last = backlog.splice(0).map((event) => journal.append(event));
      const lost = (await Promise.allSettled(last)).filter(({ status }) => status === 'rejected').length;
      if (lost > 0) log.error({ lost }, 'events lost, the disk refused them to the end');
    },
  };
}
