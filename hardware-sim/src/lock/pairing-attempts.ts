// SPDX-License-Identifier: Apache-2.0
// How often somebody may try the code on a lock's label (protocols/README.md, Pairing): counted in flash before the lock answers,
// forgotten once somebody has shown it, and waited for anew after a power cut.
import type { LockMemory } from './lock-memory.ts';

export interface PairingAttempts {
  /** False: too many, for now. Durable on return. */
  begin(): boolean;
  /** Somebody has shown the code. */
  forget(): void;
}

const FREE_ATTEMPTS = 5;
const FIRST_WAIT_MS = 30_000;
const MOST_WAIT_MS = 3_600_000;

const waitMs = (attempts: number): number =>
  attempts < FREE_ATTEMPTS ? 0 : Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - FREE_ATTEMPTS));

export function createPairingAttempts(memory: LockMemory, monotonic: () => number): PairingAttempts {
  const count = () => memory.read('pairing-attempts') ?? 0;
  let notBeforeMs = monotonic() + waitMs(count());
  return {
    begin() {
      if (monotonic() < notBeforeMs) return false;
      memory.write('pairing-attempts', count() + 1);
      notBeforeMs = monotonic() + waitMs(count());
      return true;
    },
    forget() {
      if (count() === 0) return;
      memory.remove('pairing-attempts');
      notBeforeMs = 0;
    },
  };
}
