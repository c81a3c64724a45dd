// SPDX-License-Identifier: Apache-2.0
// Column types whose spelling differs between SQLite and PostgreSQL, so that there is one list of migrations for both.
import { type RawBuilder, sql } from 'kysely';

export interface ColumnTypes {
  /** Primary key that numbers itself. */
  readonly serial: RawBuilder<unknown>;
  /** 64-bit, read as a JavaScript number. */
  readonly integer: RawBuilder<unknown>;
  readonly text: RawBuilder<unknown>;
  readonly bytes: RawBuilder<unknown>;
}

export const SQLITE_TYPES: ColumnTypes = {
  serial: sql`integer`,
  integer: sql`integer`,
  text: sql`text`,
  bytes: sql`blob`,
};
