// SPDX-License-Identifier: Apache-2.0
// A local network in memory: every link's neighbours are all the others. What passes can be looked at, and anything sent.
import type { ZoneLink } from './zone-link.ts';

export interface ZoneNetwork {
  join(): ZoneLink;
  /** Every datagram, in order. */
  readonly sent: Uint8Array[];
  /** A stranger's datagram, to everybody. */
  inject(datagram: Uint8Array): void;
}

export function zoneNetwork(): ZoneNetwork {
  const listeners = new Map<ZoneLink, (datagram: Uint8Array) => void>();
  const sent: Uint8Array[] = [];
  return {
    sent,
    inject(datagram) {
      for (const listener of listeners.values()) listener(datagram);
    },
    join() {
      const link: ZoneLink = {
        async start(listener) {
          listeners.set(link, listener);
        },
        send(datagram) {
          if (!listeners.has(link)) return;
          sent.push(datagram);
          for (const [other, listener] of listeners) if (other !== link) listener(datagram.slice());
        },
        async close() {
          listeners.delete(link);
        },
      };
      return link;
    },
  };
}
