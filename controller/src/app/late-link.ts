// SPDX-License-Identifier: Apache-2.0
// Publishes as soon as there is a link; until then everything is as with a link that is down.
import type { Link } from '../ports/link.ts';

export interface LateLink extends Pick<Link, 'publish' | 'reconnect'> {
  set(made: Link): void;
}

export function lateLink(): LateLink {
  let link: Link | undefined;
  return {
    set(made) {
      link = made;
    },
    reconnect: () => link?.reconnect?.(),
    publish: (kind, payload) => (link ? link.publish(kind, payload) : Promise.reject(new Error('no link yet'))),
  };
}
