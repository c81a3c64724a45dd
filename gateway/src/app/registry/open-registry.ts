// SPDX-License-Identifier: Apache-2.0
// The registry over a database and a keystore: what its changes share, and who hears of them.
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { Keystore } from '../../adapters/keystore.ts';
import { addAlways } from './calendar.ts';
import { campusPrfKey, newPrfKey, type PrfKey } from './prf-keys.ts';
import type { Committed, RegistryContext } from './registry-context.ts';

export interface Registry {
  /** First argument of every change (people, cards, places, calendar, levels, imports). */
  readonly context: RegistryContext;
  readonly campusKey: PrfKey;
  /** Called after every commit that others must act on; the answer ends it. Listeners must not throw. */
  subscribe(listener: (committed: Committed) => void): () => void;
}

export interface RegistryOptions {
  readonly database: GatewayDatabase;
  readonly keystore: Pick<Keystore, 'seal' | 'open' | 'root'>;
  readonly now: () => number;
  readonly timeZone: string;
}

export async function openRegistry({ database, keystore, now, timeZone }: RegistryOptions): Promise<Registry> {
  const listeners = new Set<(committed: Committed) => void>();
  const campusKey = await campusPrfKey(database.db, keystore, now());
  const context: RegistryContext = {
    database,
    now,
    timeZone,
    epoch: () => keystore.root.document.epoch,
    campusPrf: campusKey.prf,
    newScopeKey: (trx) => newPrfKey(trx, keystore, 'scope', now()),
    onCommitted: (committed) => {
      for (const listener of listeners) listener(committed);
    },
  };
  await addAlways(context);
  return {
    context,
    campusKey,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
