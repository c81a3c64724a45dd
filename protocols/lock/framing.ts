// SPDX-License-Identifier: Apache-2.0
// Messages over ATT writes and notifications of 20 to 244 bytes (reference: lock, Framing): one byte (first, last, 6 bits of
// sequence), on the first the length of the whole message. A gap, a repeat or a wrong length drops the message, never joins two.
import { concatBytes } from '../bytes/equal.ts';
import { err, ok, type Result } from '../result.ts';

export const MAX_LOCK_MESSAGE_BYTES = 4_096;
const FIRST = 0x80;
const LAST = 0x40;
const SEQUENCE = 0x3f;
const HEADER_BYTES = 1;
const LENGTH_BYTES = 2;

/** Bytes of an ATT write without its opcode and handle. */
export const payloadOf = (mtu: number): number => mtu - 3;

/** Frames of one message; `room` is what a write carries, at least 4 bytes. `sequence` of the first; each next is one more. */
export function splitMessage(message: Uint8Array, room: number, sequence: number): Uint8Array[] {
  if (message.length > MAX_LOCK_MESSAGE_BYTES) throw new RangeError('a message takes at most 4,096 bytes');
  if (room < HEADER_BYTES + LENGTH_BYTES + 1) throw new RangeError('a frame carries at least 4 bytes');
  const frames: Uint8Array[] = [];
  let at = 0;
  do {
    const isFirst = frames.length === 0;
    const head = isFirst ? HEADER_BYTES + LENGTH_BYTES : HEADER_BYTES;
    const part = message.subarray(at, at + room - head);
    at += part.length;
    const frame = new Uint8Array(head + part.length);
    frame[0] = (isFirst ? FIRST : 0) | (at === message.length ? LAST : 0) | ((sequence + frames.length) & SEQUENCE);
    if (isFirst) new DataView(frame.buffer).setUint16(HEADER_BYTES, message.length, true);
    frame.set(part, head);
    frames.push(frame);
  } while (at < message.length);
  return frames;
}

/** What has come of a message that is not whole yet. */
export interface JoinState {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
  readonly next: number;
}

export type FrameFault = 'frame-empty' | 'frame-length' | 'frame-sequence' | 'frame-without-first';

export interface Joined {
  readonly state: JoinState | undefined;
  readonly message?: Uint8Array;
}

/** Takes the next frame. After a fault the state is empty: the sender begins its message again. */
export function joinFrame(state: JoinState | undefined, frame: Uint8Array): Result<Joined, FrameFault> {
  const flags = frame[0];
  if (flags === undefined) return err('frame-empty');
  const isFirst = (flags & FIRST) !== 0;
  if (isFirst && frame.length < HEADER_BYTES + LENGTH_BYTES) return err('frame-length');
  if (!isFirst && !state) return err('frame-without-first');
  if (!isFirst && state && (flags & SEQUENCE) !== state.next) return err('frame-sequence');
  const length = isFirst ? (frame[1] as number) | ((frame[2] as number) << 8) : (state as JoinState).length;
  if (length > MAX_LOCK_MESSAGE_BYTES) return err('frame-length');
  const part = frame.slice(isFirst ? HEADER_BYTES + LENGTH_BYTES : HEADER_BYTES);
  const parts = isFirst ? [part] : [...(state as JoinState).parts, part];
  const have = parts.reduce((sum, each) => sum + each.length, 0);
  if (have > length || (part.length === 0 && length > 0)) return err('frame-length');
  if ((flags & LAST) === 0) return ok({ state: { parts, length, next: ((flags & SEQUENCE) + 1) & SEQUENCE } });
  if (have !== length) return err('frame-length');
  return ok({ state: undefined, message: concatBytes(parts) });
}
