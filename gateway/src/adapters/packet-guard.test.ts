// SPDX-License-Identifier: Apache-2.0
// The guard follows packets however the stream is cut, and stops at the first that announces too much.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPacketGuard } from './packet-guard.ts';

/** A PUBLISH of so many bytes after its fixed header. */
function packet(length: number): Buffer {
  const header = [0x30];
  for (let left = length; ; left = Math.floor(left / 128)) {
    header.push((left & 0x7f) | (left >= 128 ? 0x80 : 0));
    if (left < 128) return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 0xff)]);
  }
}

describe('packet guard', () => {
  it('lets any run of packets within the cap through, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        (sizes, cuts) => {
          const stream = Buffer.concat(sizes.map(packet));
          const guard = createPacketGuard(1_000);
          for (let at = 0, cut = 0; at < stream.length; cut += 1) {
            const step = cuts[cut % cuts.length] ?? 1;
            expect(guard.feed(stream.subarray(at, at + step))).toBe(true);
            at += step;
          }
        },
      ),
    );
  });
  it('stops at a packet above the cap as soon as its length is known', () => {
    const guard = createPacketGuard(1_000);
    expect(guard.feed(Buffer.concat([packet(900), packet(1_001).subarray(0, 3)]))).toBe(false);
    expect(guard.feed(packet(1))).toBe(false);
  });
  it('stops at a length of more than four bytes', () => {
    expect(createPacketGuard(1_000).feed(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80))).toBe(false);
  });
  it('allows more once told', () => {
    const guard = createPacketGuard(100);
    guard.setCap(5_000);
    expect(guard.feed(packet(3_000))).toBe(true);
  });
});
