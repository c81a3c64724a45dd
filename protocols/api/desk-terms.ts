// SPDX-License-Identifier: Apache-2.0
// Words of the library desk that its controller and its page share. No schema here: the page bundles this file as it is.

export const DESK_COLOURS = ['green', 'amber', 'red'] as const;
export type DeskColour = (typeof DESK_COLOURS)[number];

/** What a sound says; which sound that is, the page decides. `card` is a patron taken up. */
export const DESK_SOUNDS = ['success', 'attention', 'refusal', 'card'] as const;
export type DeskSound = (typeof DESK_SOUNDS)[number];

export const DESK_ACTS = ['loan', 'renewal', 'return'] as const;
export type DeskAct = (typeof DESK_ACTS)[number];

/**
 * - `up`: the library's system answers.
 * - `connecting`: not yet, or not any more, since a moment ago; nothing is decided without it yet.
 * - `offline`: it does not answer: loans and returns are kept here and uploaded later.
 */
export const LIBRARY_STATES = ['up', 'connecting', 'offline'] as const;
export type LibraryState = (typeof LIBRARY_STATES)[number];

/** What is said about one item, in the order in which a page would list them: done, with a remark, not done. */
export const ITEM_MESSAGES = [
  'waiting',
  'lent',
  'renewed',
  'returned',
  /** It was with this patron already, so that it was renewed. */
  'lent-was-renewal',
  'lent-offline',
  'renewed-offline',
  'returned-offline',
  /** Somebody waits for it: put it on the shelf of holds. */
  'returned-for-hold',
  /** It belongs to another branch. */
  'returned-elsewhere',
  /** The library's system asks for attention; `detail` has its words. */
  'returned-alert',
  /** A fee has to be accepted first (`prompt`). */
  'fee-asked',
  'fee-declined',
  'refused-by-library',
  'patron-blocked',
  'limit-reached',
  'lent-to-nobody',
  /** No card lies on the reader yet. */
  'no-patron',
  /** The list says nothing of this person, and the library cannot be asked. */
  'patron-not-listed',
  'list-expired',
  /** The answer did not come, and whether the library carried it out is being found out. */
  'asking-again',
  /** The answer did not come, and the library says that nothing was done: scan it again. */
  'not-done',
  'not-written',
  'not-an-item',
] as const;
export type ItemMessage = (typeof ITEM_MESSAGES)[number];

/** What is said about the desk as a whole: the last scan, or what somebody has to do. */
export const DESK_NOTICES = [
  'card-unknown',
  'card-denied',
  'card-unreadable',
  'code-refused',
  'patron-unknown',
  'patron-inactive',
  'library-refuses-login',
  'library-does-not-answer',
  'fee-paid',
  'fee-not-paid',
  /** The answer did not come: the library may have the payment, and telling it again might count it twice. */
  'fee-unclear',
  'renewed-all',
  'renewed-none',
  'session-ended',
  'idle-ended',
  'no-reader',
  'disk-not-written',
] as const;
export type DeskNotice = (typeof DESK_NOTICES)[number];

/** Blocks of our own beside those of the library's patron status. */
export const LIST_BLOCKS = ['library-block', 'list-expired', 'card-denied', 'not-a-borrower'] as const;
export type ListBlock = (typeof LIST_BLOCKS)[number];

/** Who has a book that was lent or returned while nobody could be asked. */
export const CONFLICT_HOLDERS = ['this-patron', 'another-patron', 'nobody', 'unknown'] as const;
export type ConflictHolder = (typeof CONFLICT_HOLDERS)[number];

/**
 * - `upload-again`: the library's system was put right meanwhile.
 * - `settled`: put right by hand in the library's system; this line is done.
 * - `discard`: it did not happen, or does not count.
 */
export const CONFLICT_DECISIONS = ['upload-again', 'settled', 'discard'] as const;
export type ConflictDecision = (typeof CONFLICT_DECISIONS)[number];

/** Every request but GET carries this header, with any value: no form and no other site can send it. */
export const DESK_HEADER = 'x-latchkey-desk';
