// SPDX-License-Identifier: Apache-2.0
// Duty rosters: who looks after which building or floor, shift by shift. Whoever is on duty opens its rooms, and nobody else of
// the staff does.
import { z } from 'zod';
import { displayName, instant, personNumber, slug } from './common.ts';

const shift = z.object({ person: personNumber, from: instant, until: instant.describe('at most 24 hours after from') });
const rosterFields = {
  building: displayName,
  floor: z.string().trim().min(1).max(20).optional().describe('absent: every floor'),
  shifts: z.array(shift).max(1_000, 'use at most 1000 shifts'),
};
export const dutyRosterBody = z.object(rosterFields);
export const dutyRoster = z
  .object({ id: slug, ...rosterFields, floor: z.string().nullable() })
  .meta({ id: 'DutyRoster', description: 'with the shifts that are not over' });

export type DutyRoster = z.infer<typeof dutyRoster>;
export type DutyRosterBody = z.infer<typeof dutyRosterBody>;
