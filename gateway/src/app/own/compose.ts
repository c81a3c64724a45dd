// SPDX-License-Identifier: Apache-2.0
// All that a signed-in person sees and does about themselves, from the gateway's parts.
import { randomBytes } from 'node:crypto';
import { ok } from '@latchkey/protocols/result';
import type { OwnService } from '../../http/own-service.ts';
import type { CardServiceOptions } from '../api/cards.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { createOwnCards } from './cards.ts';
import type { GiveCertificates } from './certificates.ts';
import { createChallenges } from './challenges.ts';
import { pageOfPassages } from './passages.ts';
import { findOwn, zonesOf } from './person.ts';
import { createOwnPhones } from './phones.ts';

export interface OwnParts {
  readonly context: RegistryContext;
  readonly campusId: string;
  readonly phonesPerPerson: number;
  readonly cardFoundWithinHours: number;
  readonly confirm: CardServiceOptions['confirm'];
  readonly certificates: GiveCertificates;
}

const HOUR_MS = 3_600_000;

export function composeOwn(parts: OwnParts): OwnService {
  const { context, campusId, confirm, certificates, phonesPerPerson: allowed } = parts;
  const { db, reader } = context.database;
  const challenges = createChallenges({ db, nowMs: context.now, randomBytes });
  return {
    async pass(number) {
      const person = await findOwn(db, number);
      if (!person.ok) return person;
      const zones = (await zonesOf(db, person.value.id)).map(({ zone, name, name_en }) => ({
        zone,
        name,
        nameEn: name_en,
      }));
      return ok({ campusId, number, name: person.value.name, nowMs: context.now(), zones, phonesAllowed: allowed });
    },
    phones: createOwnPhones({ context, campusId, allowed, challenges, certificates }),
    cards: createOwnCards({ context, confirm, foundWithinMs: parts.cardFoundWithinHours * HOUR_MS }),
    async passages(number, query) {
      const person = await findOwn(db, number);
      return person.ok ? pageOfPassages(reader, person.value.id, query, context.now()) : person;
    },
  };
}
