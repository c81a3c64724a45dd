// SPDX-License-Identifier: Apache-2.0
// Enters a lock at the gateway, and before that the door it is in where there is none: a portal with a list of its own.
import { changed } from '@latchkey/protocols/api/common';
import type { LockBody } from '@latchkey/protocols/api/locks';
import { portal as portalSchema, scopeList } from '@latchkey/protocols/api/places';
import type { ApiClient } from './api-client.ts';
import { fail, failUsage } from './fail.ts';

/** Lists of rooms are numbered from here, so that the low numbers stay with gates. */
const FIRST_ROOM_SCOPE = 1_000;

interface Room {
  readonly building: string;
  readonly room: string;
  readonly floor: string;
  /** For people. */
  readonly name: string;
}

export interface LockHanger {
  /** False: it was so already. A door that is there keeps what it has. */
  hang(room: Room, body: LockBody): Promise<boolean>;
}

export function lockHanger(client: ApiClient): LockHanger {
  let scope: number | undefined;

  async function nextScope(): Promise<number> {
    if (scope === undefined) {
      const { items } = await client.call({ path: '/v1/scopes', answer: scopeList });
      scope = Math.max(FIRST_ROOM_SCOPE - 1, ...items.map(({ id }) => id));
    }
    scope += 1;
    return scope;
  }

  async function makeDoor(id: string, { name, building, room, floor }: Room): Promise<void> {
    const path = `/v1/portals/${encodeURIComponent(id)}`;
    const there = await client.find({ path, answer: portalSchema });
    if (there?.kind === 'lock') return;
    if (there) fail(`${id} is a ${there.kind}`, 'a lock needs a door of its own: choose another identifier');
    if (building === '' || room === '')
      failUsage(`there is no door ${id} yet`, 'name its building and room (--building, --room)');
    const own = await nextScope();
    await client.call({ method: 'PUT', path: `/v1/scopes/${own}`, body: { name }, answer: changed });
    const body = { name, kind: 'lock', building, room, floor, scope: own };
    await client.call({ method: 'PUT', path, body, answer: changed });
  }

  return {
    async hang(room, body) {
      await makeDoor(body.portal, room);
      return (await client.call({ method: 'POST', path: '/v1/locks', body, answer: changed })).changed;
    },
  };
}
