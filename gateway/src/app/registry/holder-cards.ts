// SPDX-License-Identifier: Apache-2.0
// What the holder of a card may do about it: report it lost, and take that very report back for a while. What the card office
// decided stays the office's to undo.
import { err, ok } from '@latchkey/protocols/result';
import type { CredentialRow } from '../../adapters/database/schema.ts';
import { applyAction, type CardChange } from './cards.ts';
import { type Change, change, type RegistryContext, type RegistryResult } from './registry-context.ts';

type Reported = Pick<CredentialRow, 'state' | 'holder_report_at'>;

/** A frozen card is refused already, and reporting it lost would be a way out of the office's hold. */
export const mayReport = ({ state }: Reported): boolean => state === 'active';

/** Within `foundWithinMs` of the holder's own report. */
export const mayFind = ({ state, holder_report_at }: Reported, foundWithinMs: number, nowMs: number): boolean =>
  state === 'lost' && holder_report_at !== null && nowMs - holder_report_at < foundWithinMs;

/** `person` is the holder's number: the card of somebody else is not found. */
export async function reportOwnCard(
  context: RegistryContext,
  person: string,
  id: number,
  actor: string,
): Promise<RegistryResult<CardChange>> {
  const done = await change(context, actor, async (each) => {
    const card = await ownCard(each, person, id);
    if (card === undefined) return err('not-found');
    if (!mayReport(card)) return err('wrong-state', `the card is ${card.state}`);
    await applyAction(each, card, 'lose', each.atMs);
    return ok([id]);
  });
  return done.ok ? ok({ cards: done.value.value, deny: done.value.deny }) : done;
}

export async function findOwnCard(
  context: RegistryContext,
  person: string,
  id: number,
  foundWithinMs: number,
  actor: string,
): Promise<RegistryResult<CardChange>> {
  const done = await change(context, actor, async (each) => {
    const card = await ownCard(each, person, id);
    if (card === undefined) return err('not-found');
    if (!mayFind(card, foundWithinMs, each.atMs))
      return err('wrong-state', 'only your own report can be taken back, and only for a while: ask the card office');
    await applyAction(each, card, 'found');
    return ok([id]);
  });
  return done.ok ? ok({ cards: done.value.value, deny: done.value.deny }) : done;
}

const ownCard = ({ trx }: Change, person: string, id: number): Promise<CredentialRow | undefined> =>
  trx
    .selectFrom('credential')
    .innerJoin('person', 'person.id', 'credential.person_id')
    .selectAll('credential')
    .where('credential.id', '=', id)
    .where('person.number', '=', person)
    .where('person.active', '=', 1)
    .executeTakeFirst();
