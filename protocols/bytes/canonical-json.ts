// SPDX-License-Identifier: Apache-2.0
// JSON with sorted keys and no spaces, so that the same document always has the same bytes and the same hash.
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

export const encodeJson = (value: unknown): Uint8Array => encoder.encode(canonicalJson(value));

/** `undefined` for bytes that are no UTF-8 JSON text (no JSON text has that value). */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
