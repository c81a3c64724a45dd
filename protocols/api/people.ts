// SPDX-License-Identifier: Apache-2.0
// People, groups and cards of the registry, as the API shows and takes them. A card's number enters but never comes back out:
// answers hold the last four digits, enough for a clerk to tell two cards apart (promise 7).
import { z } from 'zod';
import { credentialClass } from '../ids.ts';
import { displayName, instant, pageOf, pageQuery, personNumber, slug } from './common.ts';

export const personKind = z.enum(['resident', 'staff', 'visitor']);

const place = z.string().trim().max(60, 'use at most 60 characters');
const personFields = {
  name: displayName,
  kind: personKind,
  groups: z.array(slug).max(50),
  validFrom: instant.nullable(),
  validUntil: instant.nullable(),
  extendedAccess: z.boolean().describe('doors stay released longer for this person'),
  antiPassbackExempt: z.boolean(),
  building: place,
  room: place,
  bed: place,
  className: place,
};
export const person = z
  .object({
    number: personNumber,
    ...personFields,
    college: place.describe('from the import; no right depends on it'),
    active: z
      .boolean()
      .describe('false: left; the record stays for the sake of past events, no list holds their cards'),
  })
  .meta({ id: 'Person' });
export const personBody = z.object({
  name: personFields.name,
  kind: personKind.default('resident'),
  groups: personFields.groups.default([]),
  validFrom: personFields.validFrom.default(null),
  validUntil: personFields.validUntil.default(null),
  extendedAccess: personFields.extendedAccess.default(false),
  antiPassbackExempt: personFields.antiPassbackExempt.default(false),
  building: place.default(''),
  room: place.default(''),
  bed: place.default(''),
  className: place.default(''),
});
export const personQuery = z.object({ ...pageQuery, group: slug.optional(), number: personNumber.optional() });
export const personPage = pageOf(person);

export const group = z.object({ id: slug, name: displayName, members: z.int().min(0) }).meta({ id: 'Group' });
export const groupBody = z.object({ name: displayName });
export const groupList = z.object({ items: z.array(group) });

export const CARD_STATES = ['active', 'lost', 'frozen', 'withdrawn'] as const;
export const cardState = z.enum(CARD_STATES);
export const card = z
  .object({
    id: z.string().describe('of this card in this gateway'),
    person: personNumber,
    ending: z.string().describe('last four hex digits of its number'),
    class: credentialClass,
    state: cardState,
    validUntil: instant.nullable(),
  })
  .meta({ id: 'Card' });
export const cardPage = pageOf(card);
export const cardQuery = z.object({ ...pageQuery, person: personNumber.optional(), state: cardState.optional() });

export const cardNumber = z
  .string()
  .trim()
  .min(1, 'give the card number')
  .max(40, 'a card number has at most 40 characters')
  .describe('as printed or as the card office stores it; never returned');
export const cardForm = z.string().max(40).describe('spelling of the number, such as hex or decimal-reversed');

export const cardIssue = z.object({
  number: cardNumber,
  form: cardForm.optional(),
  person: personNumber,
  class: credentialClass.default('uid-only'),
  validUntil: instant.nullable().default(null),
});
export const cardReplace = z.object({ number: cardNumber, form: cardForm.optional() });
/** By card id, by card number, or by person (all of that person's cards). */
export const cardLookup = z.object({ number: cardNumber, form: cardForm.optional() });

export const CARD_ACTIONS = ['lose', 'freeze', 'unfreeze', 'found', 'withdraw'] as const;
export const cardAction = z.enum(CARD_ACTIONS);
export const cardChange = z
  .object({
    cards: z.array(card),
    phones: z.array(z.string()).optional().describe('ids of phones that stopped with the cards of their person'),
    denySeq: z.int().optional().describe('sequence of the deny broadcast this led to'),
    confirmation: z
      .object({
        online: z.int().describe('controllers connected when the deny was sent'),
        confirmed: z.int().describe('of them, those that reported it in force'),
        confirmedMs: z.int().nullable().describe('until the last of them, from the call; null if not all did in time'),
      })
      .optional(),
  })
  .meta({ id: 'CardChange' });
/** One card, or every card and phone of a person, stopped in one call. */
export const revocation = z
  .object({
    number: cardNumber.optional(),
    form: cardForm.optional(),
    person: personNumber.optional(),
    reason: z.enum(['lost', 'frozen', 'withdrawn']).default('lost'),
  })
  .refine((body) => (body.number === undefined) !== (body.person === undefined), {
    error: 'give either number or person',
    path: ['number'],
  });

export type Person = z.infer<typeof person>;
export type PersonBody = z.infer<typeof personBody>;
export type PersonQuery = z.infer<typeof personQuery>;
export type Group = z.infer<typeof group>;
export type GroupBody = z.infer<typeof groupBody>;
export type Card = z.infer<typeof card>;
export type CardQuery = z.infer<typeof cardQuery>;
export type CardIssue = z.infer<typeof cardIssue>;
export type CardReplace = z.infer<typeof cardReplace>;
export type CardLookup = z.infer<typeof cardLookup>;
export type CardAction = z.infer<typeof cardAction>;
export type CardChange = z.infer<typeof cardChange>;
export type Revocation = z.infer<typeof revocation>;
