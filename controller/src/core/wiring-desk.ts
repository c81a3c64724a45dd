// SPDX-License-Identifier: Apache-2.0
// Form of a library desk: its portal, reader and scanners, the page it serves, and the library's system behind it.
import { portalId } from '@latchkey/protocols/ids';
import { z } from 'zod';
import { libraryWiring } from './wiring-library.ts';
import { name, times } from './wiring-values.ts';

const MINUTE = 60_000;

const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text).source.length > 0;
  } catch {
    return false;
  }
};

export const deskWiring = z.strictObject({
  portal: portalId,
  /** On the screen and on receipts. */
  name: z.string().min(1).max(60),
  readers: z.array(name).max(8),
  mode: z.enum(['staffed', 'self-service'], 'say "staffed" or "self-service"').default('staffed'),
  /** The page, on this machine alone. */
  page: z.strictObject({ port: z.int().min(1, 'use 1 to 65535').max(65_535, 'use 1 to 65535') }),
  idle: z
    .strictObject({
      warnMs: times(5_000, 60 * MINUTE).default(90_000),
      endMs: times(6_000, 60 * MINUTE).default(120_000),
    })
    .prefault({}),
  /** Without it everything is kept here, for an export. */
  library: libraryWiring.optional(),
  /** Text of this form, typed or scanned, is a patron's number (staffed desks only). Without it every text is an item. */
  patronPattern: z
    .string()
    .min(1)
    .max(120)
    .refine(isPattern, 'give a regular expression, such as 20[0-9]{5}')
    .optional(),
});
export type DeskWiring = z.infer<typeof deskWiring>;

interface PortalPlace {
  readonly id: string;
  readonly display?: { readonly port: number } | undefined;
}

/** What the schema cannot see. */
export function deskProblems(
  desk: DeskWiring | undefined,
  portals: readonly PortalPlace[],
): { readonly field: string; readonly fix: string }[] {
  if (!desk) return [];
  const problems: { field: string; fix: string }[] = [];
  if (portals.some(({ id }) => id === desk.portal))
    problems.push({
      field: 'desk.portal',
      fix: 'it is described in portals: a desk has a portal of its own, without a door',
    });
  if (portals.some(({ display }) => display?.port === desk.page.port))
    problems.push({ field: 'desk.page.port', fix: 'a display has this port: give the page its own' });
  if (desk.idle.warnMs >= desk.idle.endMs)
    problems.push({ field: 'desk.idle.warnMs', fix: 'the warning comes before the end: use less than endMs' });
  return problems;
}
