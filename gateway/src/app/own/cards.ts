// SPDX-License-Identifier: Apache-2.0
// A person's own cards: shown, reported lost, taken back.
import type { MyCard, MyCardChange } from '@latchkey/protocols/api/me';
import { err, ok } from '@latchkey/protocols/result';
import type { CredentialRow } from '../../adapters/database/schema.ts';
import type { OwnCards } from '../../http/own-service.ts';
import type { ApiResult } from '../../http/services.ts';
import type { CardServiceOptions } from '../api/cards.ts';
import { toClass } from '../api/forms.ts';
import { cardRow } from '../api/people.ts';
import type { CardChange } from '../registry/cards.ts';
import { findOwnCard, mayFind, mayReport, reportOwnCard } from '../registry/holder-cards.ts';
import type { RegistryContext, RegistryResult } from '../registry/registry-context.ts';
import { findOwn } from './person.ts';

export interface OwnCardOptions {
  readonly context: RegistryContext;
  readonly confirm: CardServiceOptions['confirm'];
  /** 0: found again at the card office only. */
  readonly foundWithinMs: number;
}

export function createOwnCards({ context, confirm, foundWithinMs }: OwnCardOptions): OwnCards {
  const { db } = context.database;
  const toCard = (row: CredentialRow): MyCard => ({
    id: String(row.id),
    ending: row.tail,
    class: toClass(row.class),
    state: row.state,
    mayReport: mayReport(row),
    mayFind: mayFind(row, foundWithinMs, context.now()),
  });

  async function answer(done: RegistryResult<CardChange>, waitMs: number): Promise<ApiResult<MyCardChange>> {
    if (!done.ok) return done;
    const { cards, deny } = done.value;
    const confirmation = deny === undefined || waitMs === 0 ? undefined : await confirm(deny, waitMs);
    const row = await db
      .selectFrom('credential')
      .selectAll()
      .where('id', 'in', [...cards])
      .executeTakeFirst();
    if (row === undefined) return err('not-found');
    return ok({ card: toCard(row), ...(confirmation === undefined ? {} : { confirmation }) });
  }

  return {
    async list(number) {
      const person = await findOwn(db, number);
      if (!person.ok) return person;
      const rows = await db
        .selectFrom('credential')
        .selectAll()
        .where('person_id', '=', person.value.id)
        .where('state', '<>', 'withdrawn')
        .orderBy('id')
        .execute();
      return ok(rows.map(toCard));
    },
    lose: async (number, id, waitMs) => answer(await reportOwnCard(context, number, cardRow(id), number), waitMs),
    found: async (number, id, waitMs) =>
      answer(await findOwnCard(context, number, cardRow(id), foundWithinMs, number), waitMs),
  };
}
