// SPDX-License-Identifier: Apache-2.0
// A link whose end is noticed by whoever handed it out, also where nobody else listens.
import type { LockLink } from '../ports/lock-radio.ts';

export function countedLink(link: LockLink, onEnded: () => void): LockLink {
  let ended = false;
  let told: (() => void) | undefined;
  link.onClosed(() => {
    ended = true;
    onEnded();
    told?.();
  });
  return {
    room: link.room,
    write: (frame) => link.write(frame),
    onFrame: (listener) => link.onFrame(listener),
    onClosed(listener) {
      if (ended) listener();
      else told = listener;
    },
    close: () => link.close(),
  };
}
