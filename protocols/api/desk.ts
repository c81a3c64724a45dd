// SPDX-License-Identifier: Apache-2.0
// Between a library desk's page and its controller, on the loopback of one machine (DESIGN 2, desk). `GET api/stream` is a
// stream of server-sent events: every `state` event is a whole snapshot. `POST api/act` takes one action; what came of it is
// in the next snapshot. `GET api/receipt` and, at staffed desks, `GET api/export?format=koc|csv` are read when somebody wants them.
// The page lies at `/desk/`, and the addresses are relative to it. A station opens with `/open?station=TOKEN`, which sets a cookie
// and leads to the page; without that cookie everything under `api/` answers 401 `not-opened`.
import { z } from 'zod';
import { PATRON_CONDITIONS } from '../sip2/enumerations.ts';
import {
  CONFLICT_DECISIONS,
  CONFLICT_HOLDERS,
  DESK_ACTS,
  DESK_COLOURS,
  DESK_NOTICES,
  DESK_SOUNDS,
  ITEM_MESSAGES,
  LIBRARY_STATES,
  LIST_BLOCKS,
} from './desk-terms.ts';

const millis = z.int().min(0).describe('epoch milliseconds');
const count = z.int().min(0);
const barcode = z.string().max(255);
/** In words of the library's own system, shown as they are: it gives no codes (reference: sip2, quirk 16). */
const libraryText = z.string().max(2_000);

const fee = z.object({ amount: z.string().max(40), currency: z.string().max(3).nullable() });

export const deskItem = z.object({
  id: z.string().describe('of this line; a line changes in place until it is final'),
  at: millis,
  act: z.enum(DESK_ACTS),
  item: barcode,
  title: z.string().nullable(),
  colour: z.enum(DESK_COLOURS),
  message: z.enum(ITEM_MESSAGES),
  detail: libraryText.nullable(),
  /** Free text by the standard: shown as it is when it cannot be read as a date. */
  due: z.object({ text: z.string().max(255), at: millis.nullable() }).nullable(),
  fee: fee.nullable(),
  sortBin: z.string().max(255).nullable(),
  /** Ending of the patron for whom a returned book is kept, staffed desks only. */
  holdFor: z.string().nullable(),
  /** Kept here, not yet in the library's system. */
  pending: z.boolean(),
});

export const deskBlock = z.object({
  condition: z.enum([...PATRON_CONDITIONS, ...LIST_BLOCKS]),
  /** False: worth knowing (no renewals, say), and books may be borrowed all the same. */
  blocksLoans: z.boolean(),
});

/** `limit` null: the library did not say. `count` null: it could not be asked. */
const counted = z.object({ count: count.nullable(), limit: count.nullable() });

export const deskPatron = z.object({
  /** Another with every patron taken up; the same card again goes on with the same session. */
  session: z.string(),
  name: z.string().nullable().describe('as the library has it; null offline'),
  number: z.string().nullable().describe('null on a self-service screen'),
  ending: z.string().describe('last characters of the number'),
  group: z.string().nullable(),
  /** `list`: the library could not be asked, so what is shown is from the signed list. */
  source: z.enum(['library', 'list']),
  blocks: z.array(deskBlock),
  mayBorrow: z.boolean(),
  charged: counted,
  overdue: counted,
  holds: counted,
  fines: count.nullable(),
  /** Owed in all; `limit` is where the library stops lending. */
  fees: fee.extend({ limit: z.string().max(40).nullable() }).nullable(),
  /** Items that wait for this patron. */
  holdsWaiting: z.array(z.string().max(255)).max(50),
  message: libraryText.nullable(),
});

/** A question that waits for the patron's yes. */
export const deskPrompt = z.object({
  kind: z.literal('fee'),
  line: z.string().describe('id of the item line'),
  act: z.enum(DESK_ACTS),
  item: barcode,
  fee,
  detail: libraryText.nullable(),
});

export const deskConflict = z.object({
  id: z.string(),
  number: count.describe('of the line in the journal of this desk'),
  act: z.enum(DESK_ACTS),
  item: barcode,
  patron: z.string().nullable().describe('number; null on a self-service screen and for returns'),
  at: millis.describe('when it happened at this desk, clock corrected'),
  due: millis.nullable(),
  refusedAt: millis.describe('when the library was told'),
  detail: libraryText.nullable(),
  holder: z.enum(CONFLICT_HOLDERS),
  /** As the library tells it; null where it does not. */
  holderNumber: z.string().nullable(),
  holderSince: millis.nullable(),
  holderDue: z.string().max(255).nullable(),
  suggested: z.enum(CONFLICT_DECISIONS),
});

export const deskState = z
  .object({
    seq: count.describe('rises with every snapshot'),
    now: millis,
    desk: z.object({
      name: z.string(),
      mode: z.enum(['staffed', 'self-service']),
      /** What an item scanned does: lend (renew where it is lent already), or return. */
      taking: z.enum(['loans', 'returns']),
      timeZone: z
        .string()
        .describe(
          "IANA name, of the campus: the library's days are days there, whatever the browser's machine is set to",
        ),
    }),
    library: z.object({
      state: z.enum(LIBRARY_STATES),
      since: millis,
      name: z.string().nullable(),
      /** What the library says of stored transactions (`off-line ok`); null before it said anything. */
      takesStored: z.boolean().nullable(),
    }),
    /** Who may borrow while the library is away. Null: no list here yet, so nobody can be served offline. */
    list: z
      .object({ version: count, issuedAt: millis, refreshBy: millis, hardExpiry: millis, borrowers: count })
      .nullable(),
    uploads: z.object({
      pending: count,
      conflicts: count,
      lastAt: millis.nullable(),
      /** Of those that wait, in a file for the library's own tools that nobody said yet to have imported; `upTo`: the last one's number. */
      exported: z.object({ count, upTo: count }).nullable(),
    }),
    patron: deskPatron.nullable(),
    items: z.array(deskItem).max(200).describe('of this session, newest first'),
    prompt: deskPrompt.nullable(),
    /** Played once: a page plays it when `seq` is another than the last it played, and not on its first snapshot. */
    sound: z.object({ seq: count, sound: z.enum(DESK_SOUNDS) }).nullable(),
    notice: z
      .object({
        seq: count,
        notice: z.enum(DESK_NOTICES),
        colour: z.enum(DESK_COLOURS),
        detail: libraryText.nullable(),
      })
      .nullable(),
    /** Set once the warning is due; the session ends then, unless anything is scanned or pressed. */
    idle: z.object({ endsAt: millis }).nullable(),
    /** Empty on a self-service screen. */
    conflicts: z.array(deskConflict).max(200),
  })
  .meta({ id: 'DeskState' });

/** Of the patron whom the page showed when it was pressed: with another one there by now it is refused as `other-session`. */
const ofPatron = z.string().max(20);

export const deskAction = z.discriminatedUnion('kind', [
  /** Whatever was typed or scanned into the one input: an item, a pass code, a patron's number (staffed only). */
  z.object({ kind: z.literal('scan'), text: z.string().min(1).max(600) }),
  z.object({ kind: z.literal('taking'), taking: z.enum(['loans', 'returns']) }),
  z.object({ kind: z.literal('renew'), session: ofPatron, item: barcode.min(1) }),
  z.object({ kind: z.literal('renew-all'), session: ofPatron }),
  /** Answer to `prompt`: the patron accepts the fee, or not. */
  z.object({ kind: z.literal('answer-fee'), line: z.string(), accept: z.boolean() }),
  /** Money taken at the desk, told to the library. Staffed only. */
  z.object({
    kind: z.literal('pay-fee'),
    session: ofPatron,
    amount: z.string().regex(/^\d{1,7}(?:\.\d{1,2})?$/, 'use an amount such as 12.50'),
    payment: z.enum(['cash', 'visa', 'creditCard']).default('cash'),
  }),
  /** Null: of nobody, where lines are left on the screen. */
  z.object({ kind: z.literal('end'), session: ofPatron.nullable() }),
  /** Anything that shows that somebody is there: idle time starts anew. */
  z.object({ kind: z.literal('still-here') }),
  /** Staffed only. `by` is recorded with the decision. */
  z.object({
    kind: z.literal('decide'),
    conflict: z.string(),
    decision: z.enum(CONFLICT_DECISIONS),
    by: z.string().trim().min(1, 'say who decides').max(40),
  }),
  /** Staffed only. The file was imported into the library's system: exported lines up to that number are done, recorded with `by`. */
  z.object({
    kind: z.literal('imported'),
    upTo: z.int().min(1),
    by: z.string().trim().min(1, 'say who imported it').max(40),
  }),
  /** Not taken in self-service: opening the station anew leads back to the mode that the desk was set up with. */
  z.object({ kind: z.literal('mode'), mode: z.enum(['staffed', 'self-service']) }),
]);

/** Answer of `POST api/act`: taken (the next snapshot shows what came of it), or why not. */
export const deskAnswer = z.object({
  ok: z.boolean(),
  code: z
    .enum([
      'not-opened',
      'wrong-origin',
      'bad-request',
      'not-in-self-service',
      'no-session',
      'other-session',
      'no-prompt',
      'no-conflict',
      'nothing-exported',
      'not-possible-offline',
      'busy',
    ])
    .optional(),
});

/** `GET api/receipt`: of the present session, or at a staffed desk of the one just ended. */
export const deskReceipt = z.object({
  library: z.string().nullable(),
  desk: z.string(),
  at: millis,
  timeZone: z.string(),
  ending: z.string().nullable(),
  items: z.array(deskItem),
  /** Lines that the library's system wants printed. */
  lines: z.array(libraryText),
});

export type DeskState = z.infer<typeof deskState>;
export type DeskItem = z.infer<typeof deskItem>;
export type DeskPatron = z.infer<typeof deskPatron>;
export type DeskBlock = z.infer<typeof deskBlock>;
export type DeskPrompt = z.infer<typeof deskPrompt>;
export type DeskConflict = z.infer<typeof deskConflict>;
export type DeskAction = z.infer<typeof deskAction>;
export type DeskAnswer = z.infer<typeof deskAnswer>;
export type DeskReceipt = z.infer<typeof deskReceipt>;
