// SPDX-License-Identifier: Apache-2.0
// The file of locks: which lock is in which door, and the one-time code on its label.
import { type LockBody, lockBody } from '@latchkey/protocols/api/locks';
import { finish } from '../steps.ts';
import { LOCK_COLUMNS } from './columns.ts';
import type { CsvOutcome } from './csv-problem.ts';
import { readSlugs, refuse } from './fields.ts';
import { type Cells, type CsvRows, readRows } from './read-rows.ts';

export interface LockRow {
  readonly line: number;
  readonly building: string;
  readonly floor: string;
  readonly room: string;
  readonly body: LockBody;
}

type Field = (typeof LOCK_COLUMNS)['fields'][number];

const FIELDS: Readonly<Record<keyof LockBody, Field | undefined>> = {
  portal: 'portal',
  lockId: 'lockId',
  corridors: 'corridors',
  code: 'code',
  paired: undefined,
};

/** A building has some hundred locks: there is nothing to take in steps. */
export const readLockCsv = (bytes: Uint8Array): CsvOutcome<CsvRows<LockRow>> =>
  finish(
    readRows<Field, LockRow>(bytes, {
      columns: LOCK_COLUMNS,
      read: readLock,
      unique: [
        { field: 'portal', key: ({ body }) => body.portal, what: 'this door' },
        { field: 'lockId', key: ({ body }) => body.lockId, what: 'this lock' },
      ],
    }),
  );

function readLock(cells: Cells<Field>): LockRow | undefined {
  const corridors = readSlugs(cells, 'corridors');
  if (corridors === undefined) return undefined;
  for (const field of ['building', 'room'] as const)
    if (cells.text(field) === '') return refuse(cells, field, 'blank', 'a lock is in a room of a building');
  const parsed = lockBody.safeParse({
    portal: cells.text('portal'),
    lockId: cells.text('lockId').toLowerCase(),
    corridors,
    code: cells.text('code'),
  });
  if (parsed.success)
    return {
      line: cells.line,
      building: cells.text('building'),
      floor: cells.text('floor'),
      room: cells.text('room'),
      body: parsed.data,
    };
  for (const { path, message } of parsed.error.issues) {
    const field = FIELDS[path[0] as keyof LockBody];
    if (field !== undefined) cells.refuse(field, 'malformed', message);
  }
  return undefined;
}
