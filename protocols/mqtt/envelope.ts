// SPDX-License-Identifier: Apache-2.0
// The one payload form of MQTT messages: a JSON object, then, where a message carries bytes, NUL and the bytes.
// JSON text never holds a raw NUL, so the first one ends it.
import { err, ok, type Result } from '../result.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
const EMPTY = new Uint8Array(0);

export interface Envelope {
  readonly json: unknown;
  /** Empty where the message carries no bytes. A view into the received payload, not a copy. */
  readonly body: Uint8Array;
}

export function encodeEnvelope(json: object, body: Uint8Array = EMPTY): Uint8Array {
  const text = encoder.encode(JSON.stringify(json));
  if (body.length === 0) return text;
  const bytes = new Uint8Array(text.length + 1 + body.length);
  bytes.set(text);
  bytes.set(body, text.length + 1);
  return bytes;
}

/** Never throws: hostile bytes become `not-json`. */
export function decodeEnvelope(bytes: Uint8Array): Result<Envelope, 'not-json'> {
  const nul = bytes.indexOf(0);
  const text = nul < 0 ? bytes : bytes.subarray(0, nul);
  try {
    return ok({ json: JSON.parse(decoder.decode(text)) as unknown, body: nul < 0 ? EMPTY : bytes.subarray(nul + 1) });
  } catch {
    return err('not-json', 'the payload does not start with JSON text');
  }
}
