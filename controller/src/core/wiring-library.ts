// SPDX-License-Identifier: Apache-2.0
// Form of the connection to a library's SIP2 server: servers agree on little, so everything is said here (reference: sip2, 8).
import { CHARSETS } from '@latchkey/protocols/sip2/charset';
import { CHECKSUM_MODES } from '@latchkey/protocols/sip2/checksum';
import { z } from 'zod';
import { times } from './wiring-values.ts';

const printable = (most: number) =>
  z
    .string()
    .regex(/^[^\p{Cc}|]*$/u, 'leave out "|" and control characters')
    .max(most);

export const libraryWiring = z.strictObject({
  host: z.string().min(1, 'give the name or address of the server').max(253),
  port: z.int().min(1, 'use 1 to 65535').max(65_535, 'use 1 to 65535'),
  /** To a terminator in front of the server: the protocol has none of its own. */
  tls: z.boolean().default(false),
  charset: z.enum(CHARSETS).default('cp850'),
  checksum: z.enum(CHECKSUM_MODES).default('bytes'),
  terminator: z.enum(['cr', 'crlf', 'lf']).default('cr'),
  delimiter: z.string().length(1, 'give one character').default('|'),
  /** 93 before anything else. */
  login: z
    .strictObject({ user: printable(60), password: printable(60), location: printable(60).default('') })
    .optional(),
  institution: printable(60).default(''),
  location: printable(60).default(''),
  terminalPassword: printable(60).default(''),
  /** Of what the library says to people, as in zh-CN. */
  language: z.string().min(2).max(20).default('zh-CN'),
  timeoutMs: times(500, 60_000).default(5_000),
});
export type LibraryWiring = z.infer<typeof libraryWiring>;
