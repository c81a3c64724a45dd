// SPDX-License-Identifier: Apache-2.0
// In which buildings things lie, for callers whose roles hold in some of them.
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';
import type { BuildingFinder } from '../../http/services.ts';
import { findCard } from './card-numbers.ts';
import { cardRow } from './people.ts';

export function createBuildingFinder(db: Kysely<Database>): BuildingFinder {
  const ofPerson = async (number: string) => {
    const row = await db.selectFrom('person').select('building').where('number', '=', number).executeTakeFirst();
    return row && named(row.building);
  };
  const ofPortal = async (id: string) => {
    const row = await db.selectFrom('portal').select('building').where('id', '=', id).executeTakeFirst();
    return row && named(row.building);
  };
  const ofCardRow = async (row: number) => {
    const found = await db
      .selectFrom('credential')
      .innerJoin('person', 'person.id', 'credential.person_id')
      .select('person.building')
      .where('credential.id', '=', row)
      .executeTakeFirst();
    return found && named(found.building);
  };
  return {
    ofPerson,
    ofPortal,
    ofCard: (id) => ofCardRow(cardRow(id)),
    async ofCardNumber(number, form) {
      const found = await findCard(db, number, form);
      return found.ok ? ofCardRow(found.value.id) : undefined;
    },
    async ofCommand(id) {
      const row = await db.selectFrom('command').select('portal_id').where('id', '=', id).executeTakeFirst();
      // A command to a whole controller is nobody's of one building.
      return row === undefined || row.portal_id === null ? undefined : ofPortal(row.portal_id);
    },
    async portalsWithin(buildings) {
      if (buildings.length === 0) return [];
      const rows = await db
        .selectFrom('portal')
        .select('id')
        .where('building', 'in', [...buildings])
        .where('building', '<>', '')
        .orderBy('id')
        .execute();
      return rows.map(({ id }) => id);
    },
  };
}

/** No name is no building: what has none belongs to the whole campus. */
const named = (building: string): string[] => (building === '' ? [] : [building]);
