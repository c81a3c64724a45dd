// SPDX-License-Identifier: Apache-2.0
// Signed frame: the binary form of a JWS (RFC 7515). One deny takes under 220 bytes, and any JOSE library can check it:
// u8 count, then per signature u8 headerLen, protected header, u8 sigLen, signature; then the payload to the end.
import { CompactSign, compactVerify, type GeneralJWSInput } from 'jose';
import { toBase64url } from '../bytes/base64url.ts';
import { err, ok, type Result } from '../result.ts';
import {
  isSmallOrder,
  type KeyLookupError,
  type KeyRole,
  type Keyring,
  type SigningAlgorithm,
  type SigningKey,
  type VerifyingKey,
} from './keys.ts';

/** First four bytes of every payload: what is signed as one thing can never be read as another. */
export const MAGICS = {
  head: 'CWL1',
  deny: 'LKD1',
  beat: 'LKB1',
  freshness: 'LKF1',
  command: 'LKC1',
  answer: 'LKA1',
  time: 'LKT1',
  root: 'LKR1',
  prfKey: 'LKP1',
  retraction: 'LKU1',
  lock: 'LKK1',
  pairing: 'LKN1',
  corridors: 'LKG1',
} as const;
export type Magic = (typeof MAGICS)[keyof typeof MAGICS];

export const MAX_FRAME_BYTES = 262_144;
export const MAX_SIGNATURES = 16;
const SIGNATURE_BYTES = 64;
// One spelling only: a duplicate or extra member ("b64", "crit", a second "alg") cannot hide in it.
const HEADER = /^\{"alg":"(EdDSA|ES256)","kid":"([0-9a-f]{16})"\}$/;

export interface FrameSignature {
  readonly alg: SigningAlgorithm;
  readonly kid: string;
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedFrame {
  readonly signatures: readonly FrameSignature[];
  readonly payload: Uint8Array;
}

export type FrameError = 'malformed-frame' | 'wrong-magic' | KeyLookupError | 'bad-signature';

const encoder = new TextEncoder();
const headerText = (alg: SigningAlgorithm, kid: string) => `{"alg":"${alg}","kid":"${kid}"}`;

/** Signs with every key given; throws on none or too many: a bug of the caller. */
export async function signFrame(payload: Uint8Array, keys: readonly SigningKey[]): Promise<Uint8Array> {
  if (keys.length === 0 || keys.length > MAX_SIGNATURES) throw new RangeError('a frame takes 1 to 16 signatures');
  const parts: Uint8Array[] = [Uint8Array.of(keys.length)];
  for (const { alg, kid, key } of keys) {
    const header = encoder.encode(headerText(alg, kid));
    const compact = await new CompactSign(payload).setProtectedHeader({ alg, kid }).sign(key);
    const signature = Buffer.from(compact.slice(compact.lastIndexOf('.') + 1), 'base64url');
    parts.push(Uint8Array.of(header.length), header, Uint8Array.of(signature.length), signature);
  }
  return new Uint8Array(Buffer.concat([...parts, payload]));
}

/** Structure only, no signature checked. Parts are views into `bytes`. */
export function decodeFrame(bytes: Uint8Array): Result<SignedFrame, 'malformed-frame'> {
  if (bytes.length > MAX_FRAME_BYTES) return err('malformed-frame', `a frame takes at most ${MAX_FRAME_BYTES} bytes`);
  const count = bytes[0] ?? 0;
  if (count === 0 || count > MAX_SIGNATURES) return err('malformed-frame', 'a frame has 1 to 16 signatures');
  const signatures: FrameSignature[] = [];
  let at = 1;
  for (let index = 0; index < count; index++) {
    const headerLength = bytes[at] ?? 0;
    const header = bytes.subarray(at + 1, at + 1 + headerLength);
    const signatureAt = at + 2 + headerLength;
    const signature = bytes.subarray(signatureAt, signatureAt + SIGNATURE_BYTES);
    const parsed = HEADER.exec(String.fromCharCode(...header));
    if (!parsed) return err('malformed-frame', 'a protected header holds exactly alg and kid');
    if (bytes[signatureAt - 1] !== SIGNATURE_BYTES || signature.length !== SIGNATURE_BYTES) {
      return err('malformed-frame', 'a signature takes 64 bytes');
    }
    signatures.push({ alg: parsed[1] as SigningAlgorithm, kid: parsed[2] ?? '', header, signature });
    at = signatureAt + SIGNATURE_BYTES;
  }
  if (bytes.length - at < 4) return err('malformed-frame', 'the payload is missing');
  return ok({ signatures, payload: bytes.subarray(at) });
}

/** True where the payload starts with `magic`. */
export function hasMagic(payload: Uint8Array, magic: string): boolean {
  if (payload.length < magic.length) return false;
  for (let at = 0; at < magic.length; at++) if (payload[at] !== magic.charCodeAt(at)) return false;
  return true;
}

/** One signature of a frame, checked by `jose` as the compact JWS that it is. */
export async function verifySignature(
  payload: Uint8Array,
  signature: FrameSignature,
  key: VerifyingKey,
): Promise<boolean> {
  if (key.kid !== signature.kid || key.alg !== signature.alg || isSmallOrder(key.jwk)) return false;
  const compact = `${base64url(signature.header)}.${base64url(payload)}.${base64url(signature.signature)}`;
  try {
    await compactVerify(compact, key.key, { algorithms: [key.alg] });
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks a frame of one signature. Works on a copy, so what comes back is what was verified, whatever happens meanwhile to
 * the buffer passed in.
 */
export async function verifyFrame(
  bytes: Uint8Array,
  magic: Magic,
  keyring: Keyring,
  role: KeyRole,
  scope?: number,
): Promise<Result<{ payload: Uint8Array; kid: string; alg: SigningAlgorithm }, FrameError>> {
  if (bytes.length > MAX_FRAME_BYTES) return err('malformed-frame', `a frame takes at most ${MAX_FRAME_BYTES} bytes`);
  const frame = decodeFrame(new Uint8Array(bytes));
  if (!frame.ok) return frame;
  const [signature, ...more] = frame.value.signatures;
  if (signature === undefined || more.length > 0) return err('malformed-frame', 'exactly one signature is expected');
  if (!hasMagic(frame.value.payload, magic)) return err('wrong-magic', `expected ${magic}`);
  const key = keyring.find(signature.kid, role, scope);
  if (!key.ok) return key;
  if (!(await verifySignature(frame.value.payload, signature, key.value))) return err('bad-signature');
  return ok({ payload: frame.value.payload, kid: signature.kid, alg: signature.alg });
}

/** The same signatures as JSON (general serialisation) for other JOSE software. */
export function frameToJws(frame: SignedFrame): GeneralJWSInput & { payload: string } {
  return {
    payload: toBase64url(frame.payload),
    signatures: frame.signatures.map(({ header, signature }) => ({
      protected: toBase64url(header),
      signature: toBase64url(signature),
    })),
  };
}

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
