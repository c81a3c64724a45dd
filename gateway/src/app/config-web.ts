// SPDX-License-Identifier: Apache-2.0
// How people reach and sign in to the gateway: the part of its configuration that browsers notice.
import { BlockList, isIP, isIPv4 } from 'node:net';
import { z } from 'zod';

const port = z.int('use a whole number').min(0, 'use a port from 0 to 65535').max(65_535, 'use a port from 0 to 65535');
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIP(host) !== 0 && LOOPBACK.check(host, isIPv4(host) ? 'ipv4' : 'ipv6'));

const isProxy = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128))
  );
};

/** Scheme, host and port as browsers write them; plain HTTP only where browsers take it for secure. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.origin === text && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(hostOf(url))));
}
const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '');

export const webConfig = z.strictObject({
  /** For trials on one machine, and for a TLS terminator in front. Off unless set. */
  http: z
    .strictObject({
      host: z
        .string()
        .refine(isLoopback, 'plain HTTP is for this machine only: use 127.0.0.1 or ::1, and https for others')
        .default('127.0.0.1'),
      port: port.default(8080),
    })
    .optional(),
  /** What browsers call the gateway; passkeys and the identity provider are bound to it. */
  origin: z
    .string()
    .refine(isOrigin, 'give scheme, host and port as browsers show it, without a path: https://pass.campus.example')
    .optional(),
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies: z
    .array(z.string().refine(isProxy, 'give addresses or networks, such as 10.8.0.2 or 10.8.0.0/24'))
    .default([]),
});

const hours = z
  .number()
  .positive('use hours above 0')
  .max(400 * 24, 'use at most 9600 hours');
export const signInConfig = z.strictObject({
  /** Local passwords; a campus whose people all come through its identity provider turns them off. */
  passwords: z.boolean('use true or false').default(true),
  staffHours: hours.default(12),
  staffIdleHours: hours.default(2),
  studentHours: hours.default(30 * 24),
});

const isIssuer = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(hostOf(url)));
};

export const oidcConfig = z.strictObject({
  issuer: z.string().refine(isIssuer, 'give the https address of the issuer (http only on this machine)'),
  clientId: z.string().min(1, 'give the client id the identity provider has for this gateway').max(256),
  /** Absent for a public client, which PKCE protects. */
  clientSecretFile: z.string().min(1, 'give the path of a file that holds the client secret').optional(),
  name: z.string().min(1).max(60).default('统一身份认证'),
  nameEn: z.string().min(1).max(60).default('Campus sign-in'),
  /** The claim that holds the student or staff number; dots lead into objects. */
  numberClaim: z
    .string()
    .regex(/^[A-Za-z0-9_:/-]{1,120}(?:\.[A-Za-z0-9_:/-]{1,120}){0,3}$/, 'name a claim, such as preferred_username')
    .default('preferred_username'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,60}$/, 'use scope names, such as openid'))
    .refine((scopes) => scopes.includes('openid'), 'openid must be among the scopes')
    .default(['openid', 'profile']),
});
export type OidcConfiguration = z.infer<typeof oidcConfig>;
