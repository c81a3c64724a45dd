// SPDX-License-Identifier: Apache-2.0
// Field forms the API's resources share: identifiers, instants, pages. Instants are ISO 8601 with an offset, to the minute in
// rights because a list record holds minutes.
import { z } from 'zod';

export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'use 1 to 40 of a-z, 0-9 and "-"')
  .describe('identifier: 1 to 40 of a-z, 0-9 and "-"');
export const displayName = z.string().trim().min(1, 'give a name').max(120, 'use at most 120 characters');
export const personNumber = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'use 1 to 32 letters, digits, ".", "_" and "-"')
  .describe("student or staff number, the campus's own key of a person");

export const instant = z.iso
  .datetime({ offset: true, error: 'use ISO 8601 with an offset, such as 2026-09-01T00:00:00+08:00' })
  .describe('ISO 8601 with an offset');
export const clockTime = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'use HH:MM, at most 24:00');
export const calendarDate = z.iso.date('use a date, such as 2026-10-01');

/** Lists are paged by a cursor: opaque, valid as long as the data directory. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional().describe('`next` of the page before'),
};
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().optional().describe('absent on the last page') });

/** `true` and `false` in a query string. */
export const queryFlag = z.enum(['true', 'false'], 'use true or false').default('false').describe('true or false');

/** Answer of every change: the list versions it led to, so that a caller can wait until doors report them. */
export const changed = z.object({ changed: z.boolean().describe('false when everything was so already') });

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string | undefined;
}
export type Changed = z.infer<typeof changed>;
