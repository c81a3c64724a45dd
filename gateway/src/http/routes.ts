// SPDX-License-Identifier: Apache-2.0
// Every route of the API, by subject.
import { registerCards } from './routes/cards.ts';
import { registerCommands } from './routes/commands.ts';
import { registerDevices } from './routes/devices.ts';
import { registerHistory } from './routes/history.ts';
import { registerImports } from './routes/imports.ts';
import { registerKeychain } from './routes/keychain.ts';
import { registerLibrary } from './routes/library.ts';
import { registerLocks } from './routes/locks.ts';
import { registerOwn } from './routes/own.ts';
import { registerPeople } from './routes/people.ts';
import { registerPersonPhones } from './routes/person-phones.ts';
import { registerPlaces } from './routes/places.ts';
import { registerRights } from './routes/rights.ts';
import { registerRoles } from './routes/roles.ts';
import { registerSystem } from './routes/system.ts';
import type { Api } from './server.ts';
import type { ApiServices } from './services.ts';

export async function registerRoutes(app: Api, services: ApiServices, monotonicMs: () => number): Promise<void> {
  registerSystem(app, services);
  registerPeople(app, services);
  registerRoles(app, services);
  registerPersonPhones(app, services);
  registerCards(app, services);
  registerPlaces(app, services);
  registerRights(app, services);
  registerDevices(app, services, monotonicMs);
  registerCommands(app, services);
  registerHistory(app, services);
  registerOwn(app, services.own, monotonicMs);
  registerKeychain(app, services.keychain, monotonicMs);
  registerLocks(app, services);
  registerLibrary(app, services);
  await registerImports(app, services);
}
