// SPDX-License-Identifier: Apache-2.0
// What a controller and the bench of hardware-sim say to each other, one JSON object a line (hardware-sim/README.md).
import { credentialClass } from '@latchkey/protocols/ids';
import { z } from 'zod';

export const BENCH_PROTOCOL = 1;

const name = z.string().min(1).max(60);
const id = z.int().min(0);
const hexBytes = (most: number) => z.string().regex(new RegExp(`^(?:[0-9a-f]{2}){1,${most}}$`), 'use lower-case hex');
const level = z.enum(['active', 'inactive', 'fault']);

export const toBench = z.discriminatedUnion('kind', [
  /** First line of a connection. `outputs` are those last ordered, so that a bench that restarted is right again. */
  z.strictObject({
    kind: z.literal('hello'),
    protocol: z.literal(BENCH_PROTOCOL),
    controller: z.string().min(1).max(40),
    outputs: z.record(name, z.boolean()),
  }),
  z.strictObject({ kind: z.literal('set'), id, output: name, on: z.boolean() }),
]);
export type ToBench = z.infer<typeof toBench>;

export const fromBench = z.discriminatedUnion('kind', [
  /** Answers hello: what is there now. `attached` follows for the readers among them, `input` for later changes. */
  z.strictObject({
    kind: z.literal('welcome'),
    protocol: z.literal(BENCH_PROTOCOL),
    readers: z.array(name).max(64),
    inputs: z.record(name, level),
  }),
  z.strictObject({ kind: z.literal('done'), id }),
  z.strictObject({ kind: z.literal('refused'), id, detail: z.string().max(200) }),
  z.strictObject({ kind: z.literal('input'), input: name, level }),
  z.strictObject({ kind: z.literal('attached'), reader: name }),
  z.strictObject({ kind: z.literal('detached'), reader: name }),
  z.strictObject({
    kind: z.literal('card'),
    reader: name,
    uid: hexBytes(10),
    class: credentialClass.default('uid-only'),
    atr: hexBytes(33).optional(),
  }),
  z.strictObject({ kind: z.literal('removed'), reader: name }),
  z.strictObject({ kind: z.literal('code'), reader: name, text: z.string().min(1).max(512) }),
  z.strictObject({ kind: z.literal('unreadable'), reader: name, detail: z.string().max(200) }),
]);
export type FromBench = z.infer<typeof fromBench>;
/** As it is written: defaults may be left out. */
export type FromBenchLine = z.input<typeof fromBench>;
