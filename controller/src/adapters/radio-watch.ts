// SPDX-License-Identifier: Apache-2.0
// Sets a radio up again that has fallen silent (reference: lock, adapter reset): one that does not start, and one that has no
// links and has heard nothing for a minute, though locks and a hundred other things advertise all the time.
import type { Clock } from '../ports/clock.ts';
import type { LockLink, LockRadio } from '../ports/lock-radio.ts';
import { countedLink } from './counted-link.ts';

export interface RadioWatchParts {
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly log: (message: string, fields: object) => void;
}

const SILENT_MS = 60_000;
/** A building at night may be silent with a radio that is well. */
const MOST_SILENT_MS = 10 * 60_000;

export function watchRadio(radio: LockRadio, { clock, log }: RadioWatchParts): LockRadio {
  let links = 0;
  let heardMs = clock.monotonic();
  let patienceMs = SILENT_MS;
  let cancel: (() => void) | undefined;
  let closed = false;

  function lookAgain(inMs: number): void {
    if (!closed) cancel = clock.after(inMs, () => void look());
  }

  async function look(): Promise<void> {
    const leftMs = heardMs + patienceMs - clock.monotonic();
    // A lock does not advertise while it is connected.
    if (links > 0 || leftMs > 0) return lookAgain(Math.max(leftMs, SILENT_MS / 2));
    log('a radio hears nothing, set up again', { silentS: Math.round(patienceMs / 1_000) });
    patienceMs = Math.min(MOST_SILENT_MS, patienceMs * 2);
    heardMs = clock.monotonic();
    await radio.reset().catch((error: Error) => log('a radio was not set up again', { reason: error.message }));
    lookAgain(patienceMs);
  }

  return {
    async start(listener) {
      lookAgain(SILENT_MS);
      await radio.start((seen) => {
        heardMs = clock.monotonic();
        patienceMs = SILENT_MS;
        listener(seen);
      });
    },
    async connect(address, deadlineMs, onReached): Promise<LockLink> {
      const link = await radio.connect(address, deadlineMs, onReached);
      links += 1;
      return countedLink(link, () => {
        links -= 1;
        heardMs = clock.monotonic();
      });
    },
    reset: () => radio.reset(),
    async close() {
      closed = true;
      cancel?.();
      await radio.close();
    },
  };
}
