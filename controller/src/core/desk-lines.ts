// SPDX-License-Identifier: Apache-2.0
// What one item's line says after an answer, and who may borrow while nobody can be asked. Colours: green is done, amber is done
// with something to look at, red is not done.
import type { DeskAct, DeskColour, DeskSound, ItemMessage } from '@latchkey/protocols/api/desk-terms';
import type { ActAnswer, DeskContext, DeskLine, DeskPerson } from './desk-state.ts';

const DAY_MS = 86_400_000;

export interface Verdict {
  readonly colour: DeskColour;
  readonly message: ItemMessage;
  readonly sound: DeskSound;
}

const done = (message: ItemMessage): Verdict => ({ colour: 'green', message, sound: 'success' });
const look = (message: ItemMessage): Verdict => ({ colour: 'amber', message, sound: 'attention' });
export const refusal = (message: ItemMessage): Verdict => ({ colour: 'red', message, sound: 'refusal' });

const DONE: Readonly<Record<DeskAct, ItemMessage>> = { loan: 'lent', renewal: 'renewed', return: 'returned' };
const KEPT: Readonly<Record<DeskAct, ItemMessage>> = {
  loan: 'lent-offline',
  renewal: 'renewed-offline',
  return: 'returned-offline',
};
const ALERTS = { hold: 'returned-for-hold', elsewhere: 'returned-elsewhere', other: 'returned-alert' } as const;

export const keptVerdict = (act: DeskAct): Verdict => done(KEPT[act]);

/** Of an answer that settles the line. */
export function verdictOf(act: DeskAct, answer: ActAnswer): Verdict {
  if (answer.outcome === 'refused') return refusal('refused-by-library');
  if (answer.outcome === 'fee') return look('fee-asked');
  if (act === 'return' && answer.alert) return look(ALERTS[answer.alert]);
  return act === 'loan' && answer.renewed === true ? look('lent-was-renewal') : done(DONE[act]);
}

export const withVerdict = (line: DeskLine, { colour, message }: Verdict): DeskLine => ({ ...line, colour, message });

export function withAnswer(line: DeskLine, answer: ActAnswer): DeskLine {
  return {
    ...withVerdict(line, verdictOf(line.act, answer)),
    title: answer.title ?? line.title,
    detail: answer.detail ?? null,
    due: answer.outcome === 'ok' ? (answer.due ?? null) : null,
    fee: answer.fee ?? null,
    sortBin: answer.sortBin ?? null,
    holdFor: answer.holdFor ?? null,
    pending: false,
  };
}

/** Why somebody may not borrow without the library, by the signed list; `undefined`: they may. */
export function offlineRefusal(
  person: DeskPerson,
  act: DeskAct,
  { keptLoans }: Pick<DeskContext, 'keptLoans'>,
): ItemMessage | undefined {
  if (act === 'return') return undefined;
  if (person.blocks.includes('list-expired')) return 'list-expired';
  if (person.terms === null) return 'patron-not-listed';
  if (person.terms.blocked === true || person.blocks.length > 0) return 'patron-blocked';
  return act === 'loan' && keptLoans(person.number) >= person.terms.limit ? 'limit-reached' : undefined;
}

export const offlineDue = (person: DeskPerson | undefined, act: DeskAct, nowMs: number): number | null =>
  act === 'return' || !person?.terms ? null : nowMs + person.terms.days * DAY_MS;
