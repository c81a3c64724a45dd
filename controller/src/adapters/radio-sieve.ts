// SPDX-License-Identifier: Apache-2.0
// What of all that a radio hears is told: every lock, and of the hundreds of phones and watches around it only enough to know that
// it hears at all. A corridor full of people costs the controller of its doors nothing.
import { shortIdOf } from '@latchkey/protocols/lock/advertisement';
import type { SeenLock } from '../ports/lock-radio.ts';

const COMPANY_BYTES = 2;
const STRANGERS_A_SECOND = 10;

/** Whether this one is told. */
export function createRadioSieve(monotonicMs: () => number): (seen: Pick<SeenLock, 'manufacturerData'>) => boolean {
  let second = -1;
  let strangers = 0;
  return ({ manufacturerData }) => {
    if (shortIdOf(manufacturerData.subarray(COMPANY_BYTES)) !== undefined) return true;
    const now = Math.floor(monotonicMs() / 1_000);
    if (now !== second) strangers = 0;
    second = now;
    strangers += 1;
    return strangers <= STRANGERS_A_SECOND;
  };
}
