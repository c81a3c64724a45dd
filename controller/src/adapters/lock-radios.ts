// SPDX-License-Identifier: Apache-2.0
// Several radios as one: each lock is reached through the one that heard it best, or the other where that has no links left.
import { type LockLink, type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';

/** Links that one adapter holds (reference: lock, about 5). */
const LINKS_A_RADIO = 5;

interface Place {
  readonly radio: LockRadio;
  readonly rssi: number;
}

export function joinLockRadios(radios: readonly LockRadio[]): LockRadio {
  const heard = new Map<string, Map<LockRadio, Place>>();
  const links = new Map<LockRadio, number>(radios.map((radio) => [radio, 0]));
  const count = (radio: LockRadio, by: number) => links.set(radio, (links.get(radio) ?? 0) + by);

  function note(radio: LockRadio, { address, rssi }: SeenLock): void {
    const places = heard.get(address) ?? new Map<LockRadio, Place>();
    heard.set(address, places.set(radio, { radio, rssi }));
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
      // One that works serves; none is a mistake that a person has to hear of.
      if (failed[0] && failed.length === radios.length) throw failed[0];
    },
    async connect(address, deadlineMs): Promise<LockLink> {
      const places = [...(heard.get(address)?.values() ?? [])].sort((a, b) => b.rssi - a.rssi);
      const place = places.find(({ radio }) => (links.get(radio) ?? 0) < LINKS_A_RADIO);
      if (!place) throw new LockRadioError(places.length > 0 ? 'radio-down' : 'not-seen');
      const { radio } = place;
      count(radio, 1);
      try {
        const link = await radio.connect(address, deadlineMs);
        return {
          room: link.room,
          write: (frame) => link.write(frame),
          onFrame: (listener) => link.onFrame(listener),
          onClosed(listener) {
            link.onClosed(() => {
              count(radio, -1);
              listener();
            });
          },
          close: () => link.close(),
        };
      } catch (error) {
        count(radio, -1);
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
