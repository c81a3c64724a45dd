// SPDX-License-Identifier: Apache-2.0
// All services of the API, from the gateway's parts.
import type { ExplainBody, Explanation } from '@latchkey/protocols/api/operations';
import type { KeychainService, LockService } from '../../http/keychain-service.ts';
import type { OwnService } from '../../http/own-service.ts';
import type { ApiResult, ApiServices, CommandService, DeviceService } from '../../http/services.ts';
import { appendAudit, verifyAudit } from '../audit.ts';
import type { Metrics } from '../metrics.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { grantsOfNumber, putGrants } from '../sign-in/grants.ts';
import { pageOfAudit } from './audit.ts';
import { createBuildingFinder } from './buildings.ts';
import { type CardServiceOptions, createCardService } from './cards.ts';
import { createCollections } from './collections.ts';
import { createDeviceReader } from './devices.ts';
import { createEventReader, type EventWake } from './events.ts';

export interface ServiceParts {
  readonly context: RegistryContext;
  readonly isOnline: (device: string) => boolean;
  readonly enrolment: Pick<DeviceService, 'add' | 'enrol' | 'revoke'>;
  readonly commands: CommandService;
  readonly confirm: CardServiceOptions['confirm'];
  readonly explain: (body: ExplainBody) => Promise<ApiResult<Explanation>>;
  readonly imports: ApiServices['import'];
  readonly own: OwnService;
  readonly keychain: KeychainService;
  readonly locks: LockService;
  readonly wake: EventWake;
  readonly metrics: Metrics;
  readonly ready: () => boolean;
}

export function composeServices(parts: ServiceParts): ApiServices {
  const { context, isOnline, enrolment, confirm } = parts;
  const { database, now } = context;
  const cards = createCardService({ context, confirm });
  const devices = createDeviceReader(database.db, isOnline);
  return {
    ...createCollections(context, isOnline),
    buildings: createBuildingFinder(database.db),
    roles: {
      get: (number) => grantsOfNumber(database.db, number),
      put: (number, grants, actor) => putGrants(context, number, grants, actor),
    },
    cards,
    cardFinder: cards,
    devices: {
      list: () => devices.list(),
      get: (id) => devices.get(id),
      add: (body, actor) => enrolment.add(body, actor),
      enrol: (body) => enrolment.enrol(body),
      revoke: (id, actor) => enrolment.revoke(id, actor),
    },
    commands: parts.commands,
    events: createEventReader({
      db: database.reader,
      wake: parts.wake,
      recordLook: (actor, subject, filter) =>
        database.transaction(({ trx }) =>
          appendAudit(trx, now(), actor, [{ action: 'events-look', subject, detail: { ...filter } }]),
        ),
    }),
    audit: { page: (query) => pageOfAudit(database.reader, query), verify: () => verifyAudit(database.reader) },
    own: parts.own,
    keychain: parts.keychain,
    locks: parts.locks,
    explain: parts.explain,
    import: parts.imports,
    ready: parts.ready,
    metrics: () => parts.metrics.render(),
  };
}
