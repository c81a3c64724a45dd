// SPDX-License-Identifier: Apache-2.0
// Time on the air of one adapter (Core 5.x, Vol 6 Part B 4.5): packets of a link travel in its connection events, one after the
// other, on the 1 Mbit/s PHY with data length extension. Links share the adapter: each has an equal part of the interval.

export interface EventLink {
  /** Once it has travelled, in one of the next events. `bytes`: of the packet's payload. */
  carry(way: 'up' | 'down', bytes: number, arrived: () => void): void;
  close(): void;
}

export interface ConnectionEvents {
  open(): EventLink;
  close(): void;
}

interface Packet {
  readonly bytes: number;
  readonly arrived: () => void;
}

const US_A_BYTE = 8;
/** Preamble, access address, header, checksum. */
const FRAMING_BYTES = 10;
const SPACE_US = 150;
const airUs = (bytes: number): number => (bytes + FRAMING_BYTES) * US_A_BYTE + SPACE_US;

export function createConnectionEvents(intervalMs: number): ConnectionEvents {
  const links = new Set<EventLink>();

  /** What is queued before an event travels in it, as far as there is time. */
  function exchange(down: Packet[], up: Packet[]): Packet[] {
    const budgetUs = (intervalMs * 1_000) / Math.max(1, links.size);
    const travelled: Packet[] = [];
    for (let usedUs = 0; down.length > 0 || up.length > 0; ) {
      // The side that has nothing to say answers with an empty packet.
      usedUs += airUs(down[0]?.bytes ?? 0) + airUs(up[0]?.bytes ?? 0);
      if (usedUs > budgetUs && travelled.length > 0) break;
      for (const packet of [down.shift(), up.shift()]) if (packet) travelled.push(packet);
    }
    return travelled;
  }

  function open(): EventLink {
    const anchorMs = performance.now();
    const [down, up]: [Packet[], Packet[]] = [[], []];
    let timer: NodeJS.Timeout | undefined;
    let event = 0;

    function arm(): void {
      if (timer || (down.length === 0 && up.length === 0)) return;
      const sinceMs = performance.now() - anchorMs;
      // Timers strike early by a fraction: an event that has been is not again.
      event = Math.max(event + 1, Math.ceil(sinceMs / intervalMs));
      timer = setTimeout(run, event * intervalMs - sinceMs);
    }

    function run(): void {
      timer = undefined;
      for (const { arrived } of exchange(down, up)) arrived();
      arm();
    }

    const link: EventLink = {
      carry(way, bytes, arrived) {
        (way === 'down' ? down : up).push({ bytes, arrived });
        arm();
      },
      close() {
        down.length = up.length = 0;
        clearTimeout(timer);
        links.delete(link);
      },
    };
    links.add(link);
    return link;
  }

  return {
    open,
    close() {
      for (const link of links) link.close();
    },
  };
}
