// SPDX-License-Identifier: Apache-2.0
// Import of CSV files: the answer is the difference, applied or not; errors name line and column and nothing is applied.
import { z } from 'zod';
import { queryFlag } from './common.ts';
import { apiError } from './errors.ts';
import { cardForm } from './people.ts';

export const IMPORT_KINDS = ['people', 'cards', 'levels'] as const;
export const importParams = z.object({ kind: z.enum(IMPORT_KINDS) });
export const importQuery = z.object({ dryRun: queryFlag, form: cardForm.optional() });

export const importDifference = z
  .object({
    applied: z.boolean(),
    added: z.int(),
    changed: z.int(),
    unchanged: z.int(),
    changes: z
      .array(
        z.object({ line: z.int(), action: z.enum(['add', 'change']), key: z.string(), fields: z.array(z.string()) }),
      )
      .describe('the first thousand'),
  })
  .meta({ id: 'ImportDifference' });
export const importProblem = z.object({
  line: z.int().describe('1 is the header'),
  column: z.string().describe('header name, or its position'),
  message: z.string(),
});
export const importRefusal = apiError.extend({ problems: z.array(importProblem) }).meta({ id: 'ImportRefusal' });

export type ImportKind = (typeof IMPORT_KINDS)[number];
export type ImportDifference = z.infer<typeof importDifference>;
export type ImportProblem = z.infer<typeof importProblem>;
