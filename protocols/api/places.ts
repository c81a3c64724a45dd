// SPDX-License-Identifier: Apache-2.0
// Scopes, portals and controllers: what the campus wants of each and, apart from it, what each reports (promise 5).
import { z } from 'zod';
import { credentialClass } from '../ids.ts';
import { DOOR_ALARMS, DOOR_MODES, DOOR_PHYSICAL_STATES, LOCK_PHYSICAL_STATES } from '../mqtt/door-terms.ts';
import { displayName, instant, slug } from './common.ts';

export const scopeId = z.int().min(1).max(0xffff_ffff);
/** Of identity codes: a gate takes only those made for its zone. */
export const zone = z
  .int('use a whole number')
  .min(1, 'use a number from 1 to 65535')
  .max(0xffff, 'use a number from 1 to 65535');
const nameEn = z.string().trim().max(120, 'use at most 120 characters');
export const scope = z
  .object({
    id: scopeId,
    name: displayName,
    nameEn,
    zone: zone.nullable().describe('identity codes are made for it; null: its gates take none'),
    version: z.int().nullable().describe('of the newest signed list; null before the first'),
    credentials: z.int().nullable(),
    publishedAt: instant.nullable(),
  })
  .meta({ id: 'Scope' });
export const scopeBody = z.object({
  name: displayName,
  nameEn: nameEn.default(''),
  zone: zone
    .nullable()
    .optional()
    .describe('unique; absent: as it is, and for a new scope its own number where that is free'),
});
export const scopeList = z.object({ items: z.array(scope) });

export const antiPassback = z.object({
  mode: z.enum(['off', 'soft', 'hard', 'timed']),
  in: slug.optional().describe('area one is in after entering'),
  out: slug.optional(),
  minutes: z.int().min(1).max(1_440).optional().describe('timed only'),
});
const portalFields = {
  name: displayName,
  nameEn,
  building: z.string().trim().max(60),
  kind: z
    .enum(['door', 'lock', 'desk'])
    .describe(
      'lock: a smart lock that a corridor controller serves; desk: a library counter, whose list says who borrows',
    ),
  room: z.string().trim().max(40).describe('whoever lives in this room of the building may open it; locks only'),
  floor: z.string().trim().max(20),
  scope: scopeId,
  device: slug.nullable().describe('controller that drives it'),
  antiPassback,
  assurance: z.array(z.object({ class: credentialClass, schedule: slug })).max(8),
  afterExpiry: z.enum(['refuse-all', 'keep-residents', 'keep-all']),
  askGateway: z.boolean().describe('ask the gateway about cards the list does not know'),
};
export const portalBody = z.object({
  name: portalFields.name,
  nameEn: portalFields.nameEn.default(''),
  building: portalFields.building.default(''),
  kind: portalFields.kind.default('door'),
  room: portalFields.room.default(''),
  floor: portalFields.floor.default(''),
  scope: portalFields.scope,
  device: portalFields.device.default(null),
  antiPassback: portalFields.antiPassback.default({ mode: 'off' }),
  assurance: portalFields.assurance.default([]),
  afterExpiry: portalFields.afterExpiry.default('keep-residents'),
  askGateway: portalFields.askGateway.default(true),
});
export const portalState = z.object({
  mode: z.enum(DOOR_MODES),
  door: z.enum(DOOR_PHYSICAL_STATES),
  lock: z.enum(LOCK_PHYSICAL_STATES),
  alarm: z.enum(DOOR_ALARMS),
  reportedAt: instant,
  stale: z.boolean().describe('the controller is not connected: this is the past, not the present'),
});
export const portal = z.object({ id: slug, ...portalFields, reported: portalState.nullable() }).meta({ id: 'Portal' });
export const portalList = z.object({ items: z.array(portal) });

export const deviceList = z
  .object({
    scope: scopeId,
    desired: z.int().nullable().describe('newest signed version'),
    reported: z.int().nullable().describe('version the controller says is in force'),
    refused: z.string().nullable().describe('why it refused the offered version'),
  })
  .meta({ id: 'DeviceList' });
export const device = z
  .object({
    id: slug,
    name: displayName,
    state: z.enum(['awaiting-enrolment', 'enrolled', 'revoked']),
    online: z.boolean(),
    lastSeenAt: instant.nullable(),
    software: z.string().nullable(),
    portals: z.array(slug),
    lists: z.array(deviceList),
    alarms: z.array(z.string()),
  })
  .meta({ id: 'Device' });
export const deviceCollection = z.object({ items: z.array(device) });
export const deviceBody = z.object({ id: slug, name: displayName.optional() });
export const deviceCode = z
  .object({ device: slug, code: z.string().describe('one-time, shown once'), expiresAt: instant })
  .meta({ id: 'EnrolmentCode' });

export type Scope = z.infer<typeof scope>;
export type ScopeBody = z.infer<typeof scopeBody>;
export type Portal = z.infer<typeof portal>;
export type PortalBody = z.infer<typeof portalBody>;
export type Device = z.infer<typeof device>;
export type DeviceBody = z.infer<typeof deviceBody>;
export type DeviceCode = z.infer<typeof deviceCode>;
