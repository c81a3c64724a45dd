// SPDX-License-Identifier: Apache-2.0
// Form of the readers of a wiring file: PC/SC readers of cards, serial and keyboard scanners of codes, simulated ones.
import { z } from 'zod';
import { name, times } from './wiring-values.ts';

export const socket = z.string().min(1, 'give host:port or the path of a socket').max(200);

/** Names that stay with the device, whatever is plugged in first, end in its serial number. */
const deviceFile = (example: string) =>
  z
    .string()
    .regex(/^\/[^\0]*[^/\0]$/, `give the path of the device, such as ${example}`)
    .max(250);

const fringe = z
  .string()
  .max(32)
  .regex(/^[^\p{Cc}\uFFFD]*$/u, 'leave control characters out: they are dropped before the text is looked at')
  .default('');

/** What a scanner puts around a code. Both are taken off; text without them is ignored. */
const fringes = { prefix: fringe, suffix: fringe };

/** With terminator "idle": the silence that ends a code. With any other: the silence after which half a code is forgotten. */
const idleMs = times(10, 5_000).optional();

const serialReader = z.strictObject({
  name,
  kind: z.literal('serial'),
  path: deviceFile('/dev/serial/by-id/usb-…'),
  baudRate: z.int().min(300, 'use at least 300').max(4_000_000, 'use at most 4000000').default(9_600),
  dataBits: z.literal([7, 8], 'use 7 or 8').default(8),
  parity: z.enum(['none', 'even', 'odd'], 'say "none", "even" or "odd"').default('none'),
  stopBits: z.literal([1, 2], 'use 1 or 2').default(1),
  terminator: z
    .enum(
      ['cr', 'lf', 'crlf', 'tab', 'etx', 'idle'],
      'say "cr", "lf", "crlf", "tab", "etx", or "idle" (a code ends with silence)',
    )
    .default('cr'),
  idleMs,
  ...fringes,
  encoding: z.enum(['utf-8', 'gbk'], 'say "utf-8" or "gbk"').default('utf-8'),
});
export type SerialReaderWiring = z.infer<typeof serialReader>;

const keyboardReader = z.strictObject({
  name,
  kind: z.literal('keyboard'),
  device: deviceFile('/dev/input/by-id/usb-…-event-kbd'),
  terminator: z.enum(['enter', 'tab'], 'say "enter" or "tab"').default('enter'),
  idleMs,
  ...fringes,
});
export type KeyboardReaderWiring = z.infer<typeof keyboardReader>;

export const readerWiring = z.discriminatedUnion('kind', [
  /** `match` is part of the name PC/SC gives the reader; a trailing index keeps two alike apart. */
  z.strictObject({ name, kind: z.literal('pcsc'), match: z.string().min(1).max(120) }),
  serialReader,
  keyboardReader,
  z.strictObject({ name, kind: z.literal('simulated'), socket: socket.optional() }),
]);
export type ReaderWiring = z.infer<typeof readerWiring>;
