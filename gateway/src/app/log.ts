// SPDX-License-Identifier: Apache-2.0
// The log as the gateway's parts see it: a constant message and fields, references only, never numbers, keys or names.
import type { Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** Says nothing; for tests and measurements. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} } as Log;

/** What may be logged of an error: its code or its kind. */
export const reasonOf = (error: unknown): string => {
  const { code, name } = error as { code?: string | number; name?: string };
  return String(code ?? name ?? 'unknown').slice(0, 120);
};
