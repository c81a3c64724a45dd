// SPDX-License-Identifier: Apache-2.0
// JSON under signature: magic and canonical JSON as the payload of a signed frame. Commands, answers and time travel so.
import type { z } from 'zod';
import type { KeyRole, Keyring, SigningKey } from '../authorization/keys.ts';
import { type FrameError, type MAGICS, type Magic, signFrame, verifyFrame } from '../authorization/signed-frame.ts';
import { decodeJson, encodeJson } from '../bytes/canonical-json.ts';
import { err, ok, type Result } from '../result.ts';

/** What a controller is ready to verify and parse; a command takes about 400 bytes. */
export const MAX_SEALED_BYTES = 8_192;

const MAGIC_BYTES = 4;

export type SealedMagic = (typeof MAGICS)['command' | 'answer' | 'time' | 'lock' | 'pairing' | 'corridors'];
export type SealError = FrameError | 'too-large' | 'malformed-json';

/** Throws when `value` does not fit its schema or is too large: a bug of the caller. */
export async function sealJson<T>(
  magic: SealedMagic,
  schema: z.ZodType<T>,
  value: T,
  key: SigningKey,
): Promise<Uint8Array> {
  const json = encodeJson(schema.parse(value));
  const payload = new Uint8Array(MAGIC_BYTES + json.length);
  payload.set(new TextEncoder().encode(magic));
  payload.set(json, MAGIC_BYTES);
  const frame = await signFrame(payload, [key]);
  if (frame.length > MAX_SEALED_BYTES) throw new RangeError(`a sealed message takes at most ${MAX_SEALED_BYTES} bytes`);
  return frame;
}

/** Order of the checks: size, structure, magic, key and role, signature; only then is the JSON looked at. */
export async function openJson<T>(
  bytes: Uint8Array,
  magic: Magic,
  schema: z.ZodType<T>,
  keyring: Keyring,
  role: KeyRole,
): Promise<Result<T, SealError>> {
  if (bytes.length > MAX_SEALED_BYTES)
    return err('too-large', `a sealed message takes at most ${MAX_SEALED_BYTES} bytes`);
  const frame = await verifyFrame(bytes, magic, keyring, role);
  if (!frame.ok) return frame;
  const parsed = schema.safeParse(decodeJson(frame.value.payload.subarray(MAGIC_BYTES)));
  return parsed.success ? ok(parsed.data) : err('malformed-json', 'signed, but not a message of this kind');
}
