// SPDX-License-Identifier: Apache-2.0
// The API's card services over the registry: numbers become cards, denies become confirmations.
import type { CardChange } from '@latchkey/protocols/api/people';
import { err, ok } from '@latchkey/protocols/result';
import type { ApiResult, CardFinder, CardService } from '../../http/services.ts';
import {
  actOnCard,
  type CardChange as Changed,
  issueCard,
  type Revoked,
  replaceCard,
  revokeCards,
} from '../registry/cards.ts';
import type { DenyMark, RegistryContext, RegistryResult } from '../registry/registry-context.ts';
import { findCard, readNumber } from './card-numbers.ts';
import { fromInstantOrNull } from './forms.ts';
import { cardRow, pageOfCards, readCards } from './people.ts';

export type Confirmation = NonNullable<CardChange['confirmation']>;

export interface CardServiceOptions {
  readonly context: RegistryContext;
  /** Waits at most `waitMs` for the connected controllers to report that the operation is in force. */
  readonly confirm: (deny: DenyMark, waitMs: number) => Promise<Confirmation>;
}

export function createCardService({ context, confirm }: CardServiceOptions): CardService & CardFinder {
  const { db } = context.database;
  const answer = async (
    done: RegistryResult<Changed & Partial<Revoked>>,
    waitMs: number,
  ): Promise<ApiResult<CardChange>> => {
    if (!done.ok) return done;
    const { cards, phones = [], deny } = done.value;
    const confirmation = deny === undefined || waitMs === 0 ? undefined : await confirm(deny, waitMs);
    return ok({
      cards: await readCards(db, cards),
      ...(phones.length === 0 ? {} : { phones: phones.map(String) }),
      ...(deny === undefined ? {} : { denySeq: deny.seq }),
      ...(confirmation === undefined ? {} : { confirmation }),
    });
  };
  return {
    page: (query, reach) => pageOfCards(context.database.reader, query, reach),
    get: async (id) => (await readCards(db, [cardRow(id)]))[0],
    async issue({ number, form, person, class: credentialClass, validUntil }, actor) {
      const uid = readNumber(number, form);
      if (!uid.ok) return uid;
      const issue = { uid: uid.value, person, class: credentialClass, validUntilMs: fromInstantOrNull(validUntil) };
      const done = await issueCard(context, issue, actor);
      if (!done.ok) return done;
      const [card] = await readCards(db, done.value.cards);
      return card === undefined ? err('internal') : ok(card);
    },
    async replace(id, { number, form }, actor) {
      const uid = readNumber(number, form);
      if (!uid.ok) return uid;
      return answer(await replaceCard(context, cardRow(id), uid.value, actor), 0);
    },
    act: async (id, action, actor, waitMs) => answer(await actOnCard(context, cardRow(id), action, actor), waitMs),
    async lookup({ number, form }) {
      const row = await findCard(db, number, form);
      if (!row.ok) return row;
      const [card] = await readCards(db, [row.value.id]);
      return card === undefined ? err('not-found') : ok(card);
    },
    async revoke({ number, form, person, reason }, actor, waitMs) {
      if (person !== undefined) return answer(await revokeCards(context, { person }, reason, actor), waitMs);
      const row = await findCard(db, number ?? '', form);
      if (!row.ok) return row;
      return answer(await revokeCards(context, { uid: row.value.uid }, reason, actor), waitMs);
    },
  };
}
