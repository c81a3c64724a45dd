// SPDX-License-Identifier: Apache-2.0
// Tells the gateway how the locks are: what changed, at most once a second, and all of them every minute (up/locks).
import type { PairingOutcome } from '@latchkey/protocols/lock/pairing-order';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { type LockReport, MAX_LOCKS_A_REPORT } from '@latchkey/protocols/mqtt/lock-messages';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../ports/link.ts';

export interface LockReporter {
  changed(lockId: string): void;
  /** Something else than a lock changed. */
  soon(): void;
  onUp(): void;
  onDown(): void;
}

export interface LockReporterParts {
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Pick<Clock, 'after'>;
  /** Public key of this corridor, in hex. */
  readonly corridor: string;
  readonly reports: () => readonly LockReport[];
  /** How orders to pair ended, until the gateway knows. */
  readonly pairings: () => readonly PairingOutcome[];
}

const SOON_MS = 1_000;
const EVERY_MS = 60_000;

export function createLockReporter({ link, clock, corridor, reports, pairings }: LockReporterParts): LockReporter {
  const dirty = new Set<string>();
  let up = false;
  let cancelSoon: (() => void) | undefined;
  let cancelAll: (() => void) | undefined;

  function tell(locks: readonly LockReport[]): void {
    for (let at = 0; at === 0 || at < locks.length; at += MAX_LOCKS_A_REPORT) {
      const ended = at === 0 ? pairings() : [];
      const locksHere = locks.slice(at, at + MAX_LOCKS_A_REPORT);
      const message = { corridor, locks: locksHere, ...(ended.length > 0 ? { pairings: ended } : {}) };
      // The next one will do.
      link.publish('locks', encodeEnvelope(message)).catch(() => undefined);
    }
  }

  function tellAll(): void {
    dirty.clear();
    tell(reports());
    cancelAll = clock.after(EVERY_MS, tellAll);
  }

  function flush(): void {
    cancelSoon = undefined;
    if (dirty.size > 0 || pairings().length > 0) tell(reports().filter(({ lockId }) => dirty.has(lockId)));
    dirty.clear();
  }

  return {
    changed(lockId) {
      if (!up) return;
      dirty.add(lockId);
      cancelSoon ??= clock.after(SOON_MS, flush);
    },
    soon() {
      if (up) cancelSoon ??= clock.after(SOON_MS, flush);
    },
    onUp() {
      up = true;
      tellAll();
    },
    onDown() {
      up = false;
      cancelSoon?.();
      cancelSoon = undefined;
      cancelAll?.();
    },
  };
}
