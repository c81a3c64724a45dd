// SPDX-License-Identifier: Apache-2.0
// Schedules, holidays and access levels.
import { calendarDate, slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/rights';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';
import { registerCollection } from './collection.ts';

export function registerRights(app: Api, services: ApiServices): void {
  const tag = 'rights';
  registerCollection(app, {
    path: '/v1/schedules',
    tag,
    noun: 'schedule',
    id: slug,
    item: schema.schedule,
    body: schema.scheduleBody,
    collection: services.schedules,
  });
  registerCollection(app, {
    path: '/v1/holidays',
    tag,
    noun: 'holiday, by date',
    id: calendarDate,
    item: schema.holiday,
    body: schema.holidayBody,
    collection: services.holidays,
  });
  registerCollection(app, {
    path: '/v1/levels',
    tag,
    noun: 'access level',
    id: slug,
    item: schema.level,
    body: schema.levelBody,
    collection: services.levels,
  });
}
