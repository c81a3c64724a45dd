// SPDX-License-Identifier: Apache-2.0
// Which codes were accepted, by zone: here, and at the zone's other controllers, which are told before the relay moves
// (protocols/codes/zone-message). What they say only ever refuses; without them a code is known to this controller alone.
import { createSeenCodes, type SeenCode, type SeenCodes } from '@latchkey/protocols/codes/seen-codes';
import { openZoneMessage, sealZoneMessage, ZONE_REPEATS_MS } from '@latchkey/protocols/codes/zone-message';
import type { Clock } from '../ports/clock.ts';
import type { ZoneLink } from '../ports/zone-link.ts';

export interface ZoneCodes {
  /** Of a zone; the same for as long as this runs. */
  of(zone: number): SeenCodes;
  /** A code is accepted: noted, and told to the neighbours before it returns. False where a later one was seen already. */
  accept(zone: number, seen: SeenCode): boolean;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface ZoneCodesParts {
  /** Absent: no neighbours. */
  readonly link: ZoneLink | undefined;
  readonly clock: Pick<Clock, 'after'>;
  /** Boot id, 16 hex digits. */
  readonly boot: string;
  /** Zones of the lists in force, and the keys under which their controllers speak. */
  readonly zones: () => readonly { readonly zone: number; readonly key: Uint8Array }[];
  /** Trusted time, and by how much it may be wrong. */
  readonly nowMs: () => number;
  readonly driftMs: () => number;
}

export function createZoneCodes(parts: ZoneCodesParts): ZoneCodes {
  const { link, clock, boot } = parts;
  const zones = new Map<number, SeenCodes>();
  const repeats = new Set<() => void>();
  let seq = 0;

  function of(zone: number): SeenCodes {
    const known = zones.get(zone);
    if (known) return known;
    const made = createSeenCodes();
    zones.set(zone, made);
    return made;
  }

  function tell(zone: number, seen: SeenCode): void {
    const key = parts.zones().find((each) => each.zone === zone)?.key;
    if (!link || !key) return;
    seq += 1;
    const sentAtS = Math.floor(parts.nowMs() / 1_000);
    const datagram = sealZoneMessage(key, { zone, sender: boot, seq, sentAtS, seen: [seen] });
    link.send(datagram);
    for (const afterMs of ZONE_REPEATS_MS) repeat(link, datagram, afterMs);
  }

  function repeat(to: ZoneLink, datagram: Uint8Array, afterMs: number): void {
    const cancel = clock.after(afterMs, () => {
      repeats.delete(cancel);
      to.send(datagram);
    });
    repeats.add(cancel);
  }

  function hear(datagram: Uint8Array): void {
    const nowMs = parts.nowMs();
    const driftMs = parts.driftMs();
    for (const { zone, key } of parts.zones()) {
      const opened = openZoneMessage(key, datagram, { zone, boot, nowMs, driftMs });
      if (opened.ok) of(zone).merge(opened.value.seen, nowMs);
    }
  }

  return {
    of,
    accept(zone, seen) {
      const isNews = of(zone).raise(seen, parts.nowMs());
      if (isNews) tell(zone, seen);
      return isNews;
    },
    async start() {
      await link?.start(hear);
    },
    async close() {
      for (const cancel of repeats) cancel();
      await link?.close();
    },
  };
}
