// SPDX-License-Identifier: Apache-2.0
// The one place that lets a caller through to a route: role-table.ts says who may, this holds them to it. What is outside a
// caller's buildings reads as not found, so that nobody maps what they may not see.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { principalOf } from './authenticate.ts';
import { refuse } from './errors.ts';
import { type EventReach, type Reach, reachOf } from './principal.ts';
import { accessOf } from './role-table.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the caller's roles for this route hold. Set where the route is for roles. */
    reach: Reach | undefined;
  }
}

/** After authentication. */
export function holdToRoles(app: FastifyInstance): void {
  app.decorateRequest('reach', undefined);
  app.addHook('onRequest', async (request) => {
    const { config, url } = request.routeOptions;
    // An address without a route says nothing but that.
    if (config?.public === true || config?.campusApp === true || url === undefined) return;
    const access = accessOf(request.method, url);
    if (access === 'self') return;
    const reach = reachOf(principalOf(request), [...access.roles, 'administrator']);
    if (reach === undefined || (access.reach === 'campus' && reach !== 'all')) return refuse('forbidden');
    request.reach = access.reach === 'open' ? 'all' : reach;
  });
}

/** Nothing where the route forgot to ask: an empty reach sees nobody. */
export const reachFor = (request: FastifyRequest): Reach => request.reach ?? new Set<string>();

/** Facilities look after doors that alarm and see nobody's movements: the other roles of the route see both. */
export function eventReachFor(request: FastifyRequest): EventReach {
  const access = accessOf(request.method, request.routeOptions.url ?? '');
  const roles = access === 'self' ? [] : access.roles;
  const reach = (held: typeof roles): Reach =>
    reachOf(principalOf(request), [...held, 'administrator']) ?? new Set<string>();
  return { all: reach(roles.filter((role) => role !== 'facilities')), alarms: reach(roles) };
}

/** Answers of the reach service: the buildings a thing lies in; undefined where there is no such thing. */
export type Buildings = readonly string[] | undefined;

/** All of a thing's buildings; a thing in none is the whole campus's. */
export function isWithin(reach: Reach, buildings: Buildings): boolean {
  if (reach === 'all') return true;
  return buildings !== undefined && buildings.length > 0 && buildings.every((building) => reach.has(building));
}

/** Goes on only where the thing is in reach: unknown and out of reach are told alike. */
export async function requireWithin(request: FastifyRequest, find: () => Promise<Buildings>): Promise<void> {
  const reach = reachFor(request);
  if (reach !== 'all' && !isWithin(reach, await find())) refuse('not-found');
}
