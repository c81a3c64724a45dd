// SPDX-License-Identifier: Apache-2.0
// Form of the connection to a library's SIP2 server: servers agree on little, so everything is said here (reference: sip2, 8).
import { CHARSETS } from '@latchkey/protocols/sip2/charset';
import { CHECKSUM_MODES } from '@latchkey/protocols/sip2/checksum';
import { SUPPORTED_MESSAGES } from '@latchkey/protocols/sip2/enumerations';
import { z } from 'zod';
import { times } from './wiring-values.ts';

const printable = (most: number) =>
  z
    .string()
    .regex(/^[^\p{Cc}|]*$/u, 'leave out "|" and control characters')
    .max(most);

/** In place of a password that is not shown (`latchkey sip2 probe`). */
export const NOT_SHOWN = '…';
const password = printable(60).refine(
  (text) => text !== NOT_SHOWN,
  `write the password here instead of "${NOT_SHOWN}"`,
);

const file = z.string().regex(/^\//, 'give an absolute path').max(4_096);

/** Nothing here turns verification off: what no known authority signed needs its own authority or its fingerprint. */
const libraryTls = z
  .strictObject({
    /** PEM of the authority, or of the server's own certificate where it signed itself. */
    ca: file.optional(),
    /** SHA-256 of the server's certificate, as `openssl x509 -fingerprint -sha256` prints it. */
    fingerprint: z
      .string()
      .transform((text) => text.replaceAll(':', '').toLowerCase())
      .refine((text) => /^[0-9a-f]{64}$/.test(text), 'give the 64 hexadecimal digits of its SHA-256')
      .optional(),
    /** Name in the server's certificate, where it is not `host`. */
    serverName: z.string().min(1).max(253).optional(),
    /** Of this desk, where the server asks for one. PEM, both or none. */
    certificate: file.optional(),
    key: file.optional(),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), 'give certificate and key');
export type LibraryTls = z.infer<typeof libraryTls>;

export const libraryWiring = z.strictObject({
  host: z.string().min(1, 'give the name or address of the server').max(253),
  port: z.int().min(1, 'use 1 to 65535').max(65_535, 'use 1 to 65535'),
  /** To a terminator in front of the server: the protocol has none of its own. */
  tls: z.union([z.boolean(), libraryTls], 'say true, false, or {"ca": …}').default(false),
  charset: z.enum(CHARSETS).default('cp850'),
  checksum: z.enum(CHECKSUM_MODES).default('bytes'),
  terminator: z.enum(['cr', 'crlf', 'lf']).default('cr'),
  delimiter: z.string().length(1, 'give one character').default('|'),
  /** `order`: whether 93 comes before the first 99, or after it. */
  login: z
    .strictObject({
      user: printable(60),
      password,
      location: printable(60).default(''),
      order: z.enum(['login-first', 'status-first'], 'say "login-first" or "status-first"').default('login-first'),
    })
    .optional(),
  institution: printable(60).default(''),
  location: printable(60).default(''),
  terminalPassword: password.default(''),
  /** Of what the library says to people, as in zh-CN. */
  language: z.string().min(2).max(20).default('zh-CN'),
  /** Without them, what the server says of itself, within what somebody at a counter waits. */
  timeoutMs: times(500, 60_000).optional(),
  retries: z.int().min(0).max(5, 'use at most 5').optional(),
  heartbeatMs: times(1_000, 600_000).default(60_000),
  /** Over what the server says it supports: servers are modest, or boast. */
  supports: z.partialRecord(z.enum(SUPPORTED_MESSAGES), z.boolean()).default({}),
});
export type LibraryWiring = z.infer<typeof libraryWiring>;
