// SPDX-License-Identifier: Apache-2.0
// Scopes (doors that share a list) and portals.
import { slug } from '@latchkey/protocols/api/common';
import * as schema from '@latchkey/protocols/api/places';
import { z } from 'zod';
import type { Api } from '../server.ts';
import type { ApiServices } from '../services.ts';
import { registerCollection } from './collection.ts';

export function registerPlaces(app: Api, services: ApiServices): void {
  registerCollection(app, {
    path: '/v1/scopes',
    tag: 'places',
    noun: 'scope, doors that share one list',
    id: z.coerce.number().pipe(schema.scopeId),
    item: schema.scope,
    body: schema.scopeBody,
    collection: services.scopes,
  });
  registerCollection(app, {
    path: '/v1/portals',
    tag: 'places',
    noun: 'portal',
    id: slug,
    item: schema.portal,
    body: schema.portalBody,
    buildingOf: ({ building }) => building,
    collection: services.portals,
  });
}
