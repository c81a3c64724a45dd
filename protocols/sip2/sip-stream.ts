// SPDX-License-Identifier: Apache-2.0
// Cuts a connection's bytes into messages (p.14): CR ends one, LF and CR LF are taken as well, leading line ends are skipped.
// A pure state machine with a bound: a server that never ends a message costs 64 KiB, not the desk's memory.

export const MAX_MESSAGE_BYTES = 65_536;
const CR = 0x0d;
const LF = 0x0a;

export interface SipStream {
  readonly pending: Uint8Array;
  /** What came was longer than any message; bytes are dropped up to the next line end. */
  readonly overflowed: boolean;
}

export const EMPTY_STREAM: SipStream = { pending: new Uint8Array(0), overflowed: false };

export interface SipCut {
  readonly stream: SipStream;
  readonly messages: readonly Uint8Array[];
  /** Messages dropped for their length. */
  readonly dropped: number;
}

export function cutMessages(stream: SipStream, chunk: Uint8Array): SipCut {
  const messages: Uint8Array[] = [];
  let { pending, overflowed } = stream;
  let dropped = 0;
  let from = 0;
  for (let at = 0; at < chunk.length; at++) {
    if (chunk[at] !== CR && chunk[at] !== LF) continue;
    const message = join(pending, chunk.subarray(from, at));
    if (overflowed || message.length > MAX_MESSAGE_BYTES) dropped += 1;
    else if (message.length > 0) messages.push(message);
    pending = EMPTY_STREAM.pending;
    overflowed = false;
    from = at + 1;
  }
  const rest = join(pending, chunk.subarray(from));
  if (overflowed || rest.length > MAX_MESSAGE_BYTES) {
    return { stream: { pending: EMPTY_STREAM.pending, overflowed: true }, messages, dropped };
  }
  return { stream: { pending: rest, overflowed: false }, messages, dropped };
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
