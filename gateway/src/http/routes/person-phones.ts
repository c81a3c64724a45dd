// SPDX-License-Identifier: Apache-2.0
// Phones of somebody who is at the counter, or calls: which there are, and one of them stopped. None is ever enrolled here.
import { changed, personNumber } from '@latchkey/protocols/api/common';
import { myPhones } from '@latchkey/protocols/api/me';
import { z } from 'zod';
import { requireWithin } from '../access.ts';
import { principalOf } from '../authenticate.ts';
import { unwrap } from '../errors.ts';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';

const tags = ['people'];
const params = z.object({ id: personNumber });

export function registerPersonPhones(app: Api, { own, buildings }: ApiServices): void {
  app.get(
    '/v1/people/:id/phones',
    { schema: { tags, summary: "A person's phones, also those that have ended", params, response: { 200: myPhones } } },
    async (request) => {
      const { id } = request.params;
      await requireWithin(request, () => buildings.ofPerson(id));
      return unwrap(await own.phones.list(id));
    },
  );
  app.delete(
    '/v1/people/:id/phones/:phone',
    {
      schema: {
        tags,
        summary: "Stop one of a person's phones: refused everywhere at once",
        params: params.extend({ phone: z.string().max(64) }),
        response: { 200: changed },
      },
    },
    async (request) => {
      const { id, phone } = request.params;
      await requireWithin(request, () => buildings.ofPerson(id));
      return unwrap(await own.phones.withdraw(id, phone, principalOf(request).actor));
    },
  );
}
