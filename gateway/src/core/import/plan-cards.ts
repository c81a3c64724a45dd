// SPDX-License-Identifier: Apache-2.0
// Card file → what changes in the registry. A card somebody else holds is never moved by a file: that is a person's decision.
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { CREDENTIAL_CLASSES } from '@latchkey/protocols/ids';
import type { CardRow } from '../csv/cards.ts';
import { describeChanges, type ImportPlan, type PlanProblem, type PlanStep } from './plan.ts';
import { instantText } from './plan-people.ts';

export interface KnownCard {
  readonly id: number;
  readonly personId: number;
  /** Wire form of the class. */
  readonly class: number;
  readonly validUntilMs: number | null;
}

export interface CardHolder {
  readonly id: number;
  readonly active: boolean;
}

export interface CardContent {
  /** Absent: to be issued. */
  readonly id: number | undefined;
  readonly personId: number;
  readonly credentialId: string;
  readonly tail: string;
  readonly class: number;
  readonly validUntilMs: number | null;
}

export interface CardRegistry {
  /** By number. */
  readonly people: ReadonlyMap<string, CardHolder>;
  /** Cards in use, by credential id. */
  readonly cards: ReadonlyMap<string, KnownCard>;
}

const MS_A_MINUTE = 60_000;

export function planCards(rows: readonly CardRow[], { people, cards }: CardRegistry): ImportPlan<CardContent> {
  const steps: PlanStep<CardContent>[] = [];
  const problems: PlanProblem[] = [];
  let unchanged = 0;
  for (const row of rows) {
    const holder = people.get(row.person);
    const credentialId = toHex(cardId(row.uid));
    const known = cards.get(credentialId);
    const problem = problemOf(row, holder, known);
    if (problem !== undefined || holder === undefined) {
      if (problem !== undefined) problems.push(problem);
      continue;
    }
    const content = contentOf(row, holder, known, credentialId);
    const changes = known === undefined ? [] : describeChanges(readable(known), readable(content));
    if (known !== undefined && changes.length === 0) unchanged += 1;
    else {
      const action = known === undefined ? 'add' : 'change';
      steps.push({ line: row.line, action, key: `…${content.tail} (${row.person})`, fields: changes, content });
    }
  }
  return { steps, unchanged, problems };
}

function problemOf(
  { line, person }: CardRow,
  holder: CardHolder | undefined,
  known: KnownCard | undefined,
): PlanProblem | undefined {
  if (holder === undefined)
    return {
      line,
      field: 'person',
      message: `there is no person ${person}; import people first, or correct the number`,
    };
  if (!holder.active) return { line, field: 'person', message: `${person} has left; put the person back first` };
  if (known === undefined || known.personId === holder.id) return undefined;
  return {
    line,
    field: 'card',
    message: 'somebody else holds this card; withdraw it there first, or correct the line',
  };
}

function contentOf(row: CardRow, holder: CardHolder, known: KnownCard | undefined, credentialId: string): CardContent {
  const until = row.validUntilMinute;
  return {
    id: known?.id,
    personId: holder.id,
    credentialId,
    tail: toHex(row.uid).slice(-4),
    class: row.kind === undefined ? (known?.class ?? 0) : CREDENTIAL_CLASSES[row.kind ?? 'uid-only'],
    validUntilMs: until === undefined ? (known?.validUntilMs ?? null) : until === null ? null : until * MS_A_MINUTE,
  };
}

const CLASS_NAMES = Object.keys(CREDENTIAL_CLASSES);
const readable = (card: Pick<KnownCard, 'class' | 'validUntilMs'>) => ({
  kind: CLASS_NAMES[card.class] ?? '',
  validUntil: instantText(card.validUntilMs),
});
