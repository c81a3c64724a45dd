// SPDX-License-Identifier: Apache-2.0
// How the controller is, every minute or so, scattered so that a campus does not speak in chorus.
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { health } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../ports/link.ts';

export type HealthReport = z.infer<typeof health>;

export interface HealthReporter {
  onUp(): void;
  /** Something changed that the gateway waits to hear of: report now, give or take a moment. */
  soon(): void;
  onDown(): void;
  close(): void;
}

export interface HealthParts {
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Pick<Clock, 'after'>;
  /** Uniform in [0, 1). */
  readonly unit: () => number;
  readonly report: () => Promise<HealthReport>;
}

const EVERY_MS = 60_000;
const JITTER = 0.2;
/** A thousand controllers hear of a lost card in the same instant; their answers are spread over this time. */
const SOON_SPREAD_MS = 50;

export function createHealthReporter({ link, clock, unit, report }: HealthParts): HealthReporter {
  let cancel: (() => void) | undefined;
  let up = false;

  function next(delayMs: number): void {
    cancel?.();
    cancel = clock.after(delayMs, () => {
      report()
        .then((message) => link.publish('health', encodeEnvelope(message)))
        // The next one will do.
        .catch(() => undefined);
      next(EVERY_MS * (1 - JITTER + 2 * JITTER * unit()));
    });
  }

  function stop(): void {
    up = false;
    cancel?.();
  }

  return {
    onUp() {
      up = true;
      next(EVERY_MS * JITTER * unit());
    },
    soon() {
      if (up) next(SOON_SPREAD_MS * unit());
    },
    onDown: stop,
    close: stop,
  };
}
