// SPDX-License-Identifier: Apache-2.0
// Logs of locks that do not do as they should; those that do are in hardware-sim.

import { LOG_KINDS } from '@latchkey/protocols/lock/log-record';
import { type LockMessage, writeLogRecords } from '@latchkey/protocols/lock/messages';
import { ok } from '@latchkey/protocols/result';
import { expect, it } from 'vitest';
import { collectLog, type LockLogParts } from './lock-log.ts';
import type { LockSession } from './lock-session.ts';

const record = (seq: number) => ({
  seq,
  atS: 0,
  kind: LOG_KINDS.granted,
  detail: 0,
  class: 0,
  clock: 0,
  subject: '00'.repeat(8),
  value: 0,
});

it('a lock that says old records again and again is left, what it has is not taken twice', async () => {
  let asked = 0;
  let next = 5;
  const kept: unknown[] = [];
  const session = {
    request: async ({ kind }: { kind: string }) => {
      asked += 1;
      if (asked > 10) throw new Error('it never ends');
      const tail = writeLogRecords([record(3), record(4)]);
      const log = { kind: 'log', number: 0, first: 3, next: 9, lost: 0, tail } as const;
      return ok((kind === 'log-get' ? log : { kind: 'log-freed', number: 0, code: 0, first: 5 }) as LockMessage);
    },
  } as unknown as LockSession;
  const parts = {
    portal: 'room-101',
    lockId: '00112233445566aa',
    next: () => next,
    raise: async (to: number) => void (next = to),
    keep: async (event: unknown) => kept.push(event) > 0,
  } as unknown as LockLogParts;
  expect(await collectLog(session, parts)).toMatchObject({ ok: false, code: 'protocol-broken' });
  expect([kept, next]).toEqual([[], 5]);
});
