// SPDX-License-Identifier: Apache-2.0
// The log as the application sees it: a constant message and fields, references only, never numbers, keys or names.
import type { Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** Says nothing; for tests and for commands that talk to a person instead. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} } as Log;
