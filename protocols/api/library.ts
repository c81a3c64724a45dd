// SPDX-License-Identifier: Apache-2.0
// Who may borrow at library desks while the library's own system is away: rules by group, and what is known of single borrowers.
// The library's system decides whenever it answers.
import { z } from 'zod';
import { personNumber, slug } from './common.ts';

const ruleFields = {
  limit: z.int().min(0).max(999).describe('books that a desk lends without the library'),
  days: z.int().min(1).max(999).describe('until such a loan is due'),
};
export const loanRule = z
  .object({
    id: slug.describe('group whose members it is for; of several the one with the highest limit'),
    ...ruleFields,
  })
  .meta({ id: 'LoanRule' });
export const loanRuleBody = z.object(ruleFields);

/** As libraries write them on cards: printable, no blanks. */
const patronNumber = z.string().regex(/^[\x21-\x7e]{1,32}$/, 'use 1 to 32 printable characters without blanks');
const borrowerFields = {
  patron: patronNumber.nullable().describe("number in the library's system; null: the person's own number"),
  blocked: z.boolean().describe('nothing is lent without the library'),
  reason: z.string().trim().max(200).describe('of the block, for whoever lifts it'),
};
export const borrower = z.object({ id: personNumber, ...borrowerFields }).meta({ id: 'Borrower' });
export const borrowerBody = z.object({
  patron: borrowerFields.patron.default(null),
  blocked: borrowerFields.blocked.default(false),
  reason: borrowerFields.reason.default(''),
});

export type LoanRule = z.infer<typeof loanRule>;
export type LoanRuleBody = z.infer<typeof loanRuleBody>;
export type Borrower = z.infer<typeof borrower>;
export type BorrowerBody = z.infer<typeof borrowerBody>;
