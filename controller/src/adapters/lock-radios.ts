// SPDX-License-Identifier: Apache-2.0
// Several radios as one: each lock is reached through the one that heard it best, or the other where that has no links left.
import { remember } from '../core/remember.ts';
import { type LockLink, type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';
import { countedLink } from './counted-link.ts';

/** Links that one adapter holds (reference: lock, about 5). */
const LINKS_A_RADIO = 5;
/** Heard by another radio this much better only: within it, the one with fewer links. */
const ALIKE_DB = 10;
/** Addresses that are remembered: phones change theirs all day, and whoever means harm sends a new one every time. */
const MOST_HEARD = 4_096;

interface Place {
  readonly radio: LockRadio;
  readonly rssi: number;
}

export function joinLockRadios(
  radios: readonly LockRadio[],
  log: (message: string, fields: object) => void,
): LockRadio {
  const heard = new Map<string, Map<LockRadio, Place>>();
  const links = new Map<LockRadio, number>(radios.map((radio) => [radio, 0]));
  const count = (radio: LockRadio, by: number) => links.set(radio, (links.get(radio) ?? 0) + by);

  function note(radio: LockRadio, { address, rssi }: SeenLock): void {
    const places = heard.get(address) ?? new Map<LockRadio, Place>();
    remember(heard, address, places.set(radio, { radio, rssi }), MOST_HEARD);
  }

  /** It may have been unplugged since it heard that lock: the other is asked, until this one hears it again. */
  function forget(radio: LockRadio, address: string): void {
    const places = heard.get(address);
    if (places && places.size > 1) places.delete(radio);
  }

  return {
    async start(listener) {
      const started = await Promise.allSettled(
        radios.map((radio) =>
          radio.start((seen) => {
            note(radio, seen);
            listener(seen);
          }),
        ),
      );
      const failed = started.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
      for (const { message } of failed) log('a radio for locks does not start', { reason: message });
      // One that works serves; none is a mistake that a person has to hear of.
      if (failed[0] && failed.length === radios.length) throw failed[0];
    },
    async connect(address, deadlineMs, onReached): Promise<LockLink> {
      const places = [...(heard.get(address)?.values() ?? [])];
      const free = places.filter(({ radio }) => (links.get(radio) ?? 0) < LINKS_A_RADIO);
      const best = Math.max(...free.map(({ rssi }) => rssi));
      const alike = free.filter(({ rssi }) => rssi > best - ALIKE_DB);
      const [place] = alike.sort((a, b) => (links.get(a.radio) ?? 0) - (links.get(b.radio) ?? 0) || b.rssi - a.rssi);
      if (!place) throw new LockRadioError(places.length > 0 ? 'radio-down' : 'not-seen');
      const { radio } = place;
      count(radio, 1);
      try {
        const link = await radio.connect(address, deadlineMs, onReached);
        return countedLink(link, () => count(radio, -1));
      } catch (error) {
        count(radio, -1);
        forget(radio, address);
        throw error;
      }
    },
    async reset() {
      await Promise.all(radios.map((radio) => radio.reset()));
    },
    async close() {
      await Promise.all(radios.map((radio) => radio.close()));
    },
  };
}
