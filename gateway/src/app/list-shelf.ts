// SPDX-License-Identifier: Apache-2.0
// Signed lists in memory, as they are sent and decided by: read from the database, verified like a controller would, kept while
// there is room.
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { type AuthorizationList, loadList } from '@latchkey/protocols/authorization/list-load';
import type { Kysely } from 'kysely';
import type { Database } from '../adapters/database/schema.ts';
import { type ListPlace, listParts, newestList } from './list-store.ts';

export interface ListShelf {
  /** Newest list of a scope in this epoch; `undefined` before the first. */
  newest(scope: number): Promise<AuthorizationList | undefined>;
  /** A version by its digest; `undefined` where its pages are no longer kept. */
  get(place: ListPlace): Promise<AuthorizationList | undefined>;
  /** A newer version was published. */
  published(place: ListPlace): void;
  /** The scope is gone. */
  forget(scope: number): void;
}

export interface ListShelfOptions {
  readonly db: Kysely<Database>;
  readonly keyring: Keyring;
  readonly maxBytes?: number;
}

const MAX_BYTES = 268_435_456;

export const placeOf = ({ head, headHash }: AuthorizationList): ListPlace => ({
  scope: head.scopeId,
  epoch: head.epoch,
  version: head.version,
  digest: headHash,
});

export function createListShelf({ db, keyring, maxBytes = MAX_BYTES }: ListShelfOptions): ListShelf {
  const newest = new Map<number, ListPlace>();
  const shelf = new Map<string, Promise<AuthorizationList | undefined>>();
  const sizes = new Map<string, number>();

  async function read(place: ListPlace): Promise<AuthorizationList | undefined> {
    const parts = await listParts(db, place);
    if (!parts) return undefined;
    const trust = { keyring, campusId: keyring.campusId, scopeId: place.scope };
    const loaded = await loadList(parts, trust);
    // What controllers would refuse is a fault here, to be seen here.
    if (!loaded.ok) throw new Error(`list ${place.version} of scope ${place.scope} in the database: ${loaded.code}`);
    return loaded.value;
  }

  /** The least recently used go first. */
  function makeRoom(): void {
    let total = 0;
    for (const size of sizes.values()) total += size;
    for (const digest of shelf.keys()) {
      if (total <= maxBytes || shelf.size === 1) return;
      total -= sizes.get(digest) ?? 0;
      shelf.delete(digest);
      sizes.delete(digest);
    }
  }

  function get(place: ListPlace): Promise<AuthorizationList | undefined> {
    const known = shelf.get(place.digest);
    if (known) {
      shelf.delete(place.digest);
      shelf.set(place.digest, known);
      return known;
    }
    const reading = read(place);
    shelf.set(place.digest, reading);
    reading.then(
      (list) => {
        if (!list) shelf.delete(place.digest);
        else sizes.set(place.digest, list.records.length + list.policyBytes.length);
        makeRoom();
      },
      () => shelf.delete(place.digest),
    );
    return reading;
  }

  return {
    get,
    async newest(scope) {
      let place = newest.get(scope);
      if (!place) {
        place = await newestList(db, scope, keyring.epoch);
        const meanwhile = newest.get(scope);
        if (meanwhile) place = meanwhile;
        else if (place) newest.set(scope, place);
      }
      return place && get(place);
    },
    published(place) {
      const known = newest.get(place.scope);
      if (!known || known.version < place.version) newest.set(place.scope, place);
    },
    forget: (scope) => newest.delete(scope),
  };
}
