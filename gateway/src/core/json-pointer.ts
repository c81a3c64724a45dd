// SPDX-License-Identifier: Apache-2.0
// Reads a value out of foreign JSON by its pointer (RFC 6901).

export const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** `undefined` where there is nothing. Only what the JSON itself holds is found, nothing that objects inherit. */
export function atPointer(value: unknown, pointer: string): unknown {
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}
