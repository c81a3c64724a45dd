// SPDX-License-Identifier: Apache-2.0
// The API's small collections: read from the database, changed through the registry, which audits and marks lists.
import type { ApiServices } from '../../http/services.ts';
import { putHoliday, putSchedule, removeHoliday, removeSchedule } from '../registry/calendar.ts';
import { putRoster, removeRoster } from '../registry/duty-rosters.ts';
import { putLevel, removeLevel } from '../registry/levels.ts';
import { putBorrower, putLoanRule, removeBorrower, removeLoanRule } from '../registry/library.ts';
import { putGroup, putPerson, removeGroup, removePerson } from '../registry/people.ts';
import { putPortal, putScope, removePortal, removeScope } from '../registry/places.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { listRosters } from './duty-rosters.ts';
import { listBorrowers, listLoanRules, readBorrower } from './library.ts';
import { listGroups, pageOfPeople, readPerson } from './people.ts';
import { listPortals, listScopes } from './places.ts';
import { listHolidays, listLevels, listSchedules } from './rights.ts';

type Collections = Pick<
  ApiServices,
  | 'people'
  | 'groups'
  | 'scopes'
  | 'portals'
  | 'schedules'
  | 'holidays'
  | 'levels'
  | 'dutyRosters'
  | 'loanRules'
  | 'borrowers'
>;

/** What was just written is read back: reads go through the writer's connection, but pages of people. */
export function createCollections(context: RegistryContext, isOnline: (device: string) => boolean): Collections {
  const { db, reader } = context.database;
  return {
    people: {
      page: (query, reach) => pageOfPeople(reader, query, reach),
      get: (number) => readPerson(db, number),
      put: (number, body, actor) => putPerson(context, number, body, actor),
      remove: (number, actor) => removePerson(context, number, actor),
    },
    groups: {
      list: () => listGroups(db),
      get: async (id) => (await listGroups(db, id))[0],
      put: (id, body, actor) => putGroup(context, id, body, actor),
      remove: (id, actor) => removeGroup(context, id, actor),
    },
    scopes: {
      list: () => listScopes(db),
      get: async (id) => (await listScopes(db, id))[0],
      put: (id, body, actor) => putScope(context, id, body, actor),
      remove: (id, actor) => removeScope(context, id, actor),
    },
    portals: {
      list: () => listPortals(db, isOnline),
      get: async (id) => (await listPortals(db, isOnline, id))[0],
      put: (id, body, actor) => putPortal(context, id, body, actor),
      remove: (id, actor) => removePortal(context, id, actor),
    },
    schedules: {
      list: () => listSchedules(db),
      get: async (id) => (await listSchedules(db, id))[0],
      put: (id, body, actor) => putSchedule(context, id, body, actor),
      remove: (id, actor) => removeSchedule(context, id, actor),
    },
    holidays: {
      list: () => listHolidays(db),
      get: async (date) => (await listHolidays(db, date))[0],
      put: (date, body, actor) => putHoliday(context, date, body, actor),
      remove: (date, actor) => removeHoliday(context, date, actor),
    },
    levels: {
      list: () => listLevels(db),
      get: async (id) => (await listLevels(db, id))[0],
      put: (id, body, actor) => putLevel(context, id, body, actor),
      remove: (id, actor) => removeLevel(context, id, actor),
    },
    dutyRosters: {
      list: () => listRosters(db, context.now()),
      get: async (id) => (await listRosters(db, context.now(), id))[0],
      put: (id, body, actor) => putRoster(context, id, body, actor),
      remove: (id, actor) => removeRoster(context, id, actor),
    },
    loanRules: {
      list: () => listLoanRules(db),
      get: async (group) => (await listLoanRules(db, group))[0],
      put: (group, body, actor) => putLoanRule(context, group, body, actor),
      remove: (group, actor) => removeLoanRule(context, group, actor),
    },
    borrowers: {
      list: () => listBorrowers(db),
      get: (number) => readBorrower(db, number),
      put: (number, body, actor) => putBorrower(context, number, body, actor),
      remove: (number, actor) => removeBorrower(context, number, actor),
    },
  };
}
