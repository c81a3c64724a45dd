// SPDX-License-Identifier: Apache-2.0
// noble keeps every address it ever heard. Phones change theirs all day, and a toy that floods the air with advertisements sends a
// new one with each: without an end to it the process grows until the machine has nothing left for its doors.
import type { Noble } from './noble.ts';

/** More than a building advertises at a time. */
export const MOST_KNOWN = 4_096;

/** Once there are more: all but those with a link. Whoever advertises is known again a moment later. Gives whose addresses are gone. */
export function forgetStrangers(noble: Noble, most: number): readonly string[] {
  const { _gap: gap } = noble._bindings;
  const known = Object.values(noble._peripherals);
  if (Math.max(known.length, Object.keys(gap._discoveries).length) <= most) return [];
  const gone = known.filter(({ state }) => state === 'disconnected' || state === 'error');
  for (const { id } of gone) {
    for (const table of [noble._peripherals, noble._services, noble._characteristics, noble._descriptors])
      delete table[id];
    delete noble._discoveredPeripheralUUids[id];
    for (const table of ['_addresses', '_addresseTypes', '_connectable'] as const) delete noble._bindings[table][id];
  }
  gap._discoveries = {};
  return gone.map(({ address }) => address.toLowerCase());
}
