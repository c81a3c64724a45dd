// SPDX-License-Identifier: Apache-2.0
// Values that many parts of a wiring file share.
import { z } from 'zod';

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$/, 'use 1 to 60 letters, digits, " ", "." , "_" and "-"');

export const times = (leastMs: number, mostMs: number) =>
  z.int().min(leastMs, `use at least ${leastMs} ms`).max(mostMs, `use at most ${mostMs} ms`);

export const MINUTE = 60_000;
