// SPDX-License-Identifier: Apache-2.0
// Remembers what strangers say up to a bound: whoever means harm says something new every time.

/** The one that was not said again for longest makes room. */
export function remember<K, V>(known: Map<K, V>, key: K, value: V, most: number): void {
  known.delete(key);
  known.set(key, value);
  if (known.size <= most) return;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    return;
  }
}
