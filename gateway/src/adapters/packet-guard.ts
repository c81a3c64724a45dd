// SPDX-License-Identifier: Apache-2.0
// Ends a connection that announces a packet larger than allowed, before its bytes pile up in the parser: MQTT lets anybody
// announce 256 MB.

export interface PacketGuard {
  /** `false` once the stream has announced a packet above the cap or a length that is none; it stays false. */
  feed(chunk: Uint8Array): boolean;
  /** From the next packet on. */
  setCap(maxBytes: number): void;
}

const MAX_LENGTH_BYTES = 4;

/** Follows the packets' fixed headers (MQTT 3.1.1, 2.2) and skips what is between them. */
export function createPacketGuard(firstCap: number): PacketGuard {
  let cap = firstCap;
  let skip = 0;
  let lengthBytes = -1;
  let length = 0;
  let sound = true;

  /** Takes one byte of a fixed header. */
  function header(byte: number): void {
    if (lengthBytes < 0) {
      lengthBytes = 0;
      length = 0;
      return;
    }
    length += (byte & 0x7f) * 128 ** lengthBytes;
    lengthBytes += 1;
    if ((byte & 0x80) !== 0) {
      if (lengthBytes === MAX_LENGTH_BYTES) sound = false;
      return;
    }
    if (length > cap) sound = false;
    skip = length;
    lengthBytes = -1;
  }

  return {
    feed(chunk) {
      for (let at = 0; at < chunk.length && sound; ) {
        if (skip > 0) {
          const step = Math.min(skip, chunk.length - at);
          skip -= step;
          at += step;
        } else {
          header(chunk[at] ?? 0);
          at += 1;
        }
      }
      return sound;
    },
    setCap(maxBytes) {
      cap = maxBytes;
    },
  };
}
