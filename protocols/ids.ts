// SPDX-License-Identifier: Apache-2.0
// Branded identifiers: a portal cannot be passed where a device is meant. All are MQTT-safe slugs (DESIGN 6).
import { z } from 'zod';

const slug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'use 1 to 40 of a-z, 0-9 and "-"');

export const siteId = slug.brand<'SiteId'>();
export const deviceId = slug.brand<'DeviceId'>();
export const portalId = slug.brand<'PortalId'>();

export type SiteId = z.infer<typeof siteId>;
export type DeviceId = z.infer<typeof deviceId>;
export type PortalId = z.infer<typeof portalId>;

/** Direction of a passage through a portal. A plain door knows only `in`. */
export const direction = z.enum(['in', 'out']);
export type Direction = z.infer<typeof direction>;

/** How strongly a credential proves who holds it, weakest first (DESIGN 5). The number is the wire form. */
export const CREDENTIAL_CLASSES = {
  'uid-only': 0,
  'authenticated-card': 1,
  'phone-code': 2,
  'remote-command': 3,
} as const;
export type CredentialClass = keyof typeof CREDENTIAL_CLASSES;
export const credentialClass = z.enum(['uid-only', 'authenticated-card', 'phone-code', 'remote-command']);
