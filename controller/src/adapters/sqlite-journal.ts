// SPDX-License-Identifier: Apache-2.0
// The journal of a controller: SQLite in a worker thread; an append resolves once it would survive a power cut (DESIGN 1.2, 5).
import type { Worker } from 'node:worker_threads';
import type { AlarmKind } from '@latchkey/protocols/mqtt/door-terms';
import { type JournalEvent, journalEvent } from '@latchkey/protocols/mqtt/events';
import type { Journal, JournalStatus } from '../ports/journal.ts';
import type { JournalLimits, JournalRow } from './journal-database.ts';
import type { JournalReply, JournalRequest, JournalWorkerData } from './journal-messages.ts';
import { startWorker } from './start-worker.ts';

export interface SqliteJournalOptions {
  readonly path: string;
  /** The worker's file: TypeScript source in development, a bundle beside the program when shipped. */
  readonly worker: URL;
  readonly limits?: Partial<JournalLimits>;
  readonly onAlarm?: (alarm: JournalAlarm) => void;
}

export interface JournalAlarm {
  readonly alarm: Extract<AlarmKind, 'journal-failed' | 'journal-near-full' | 'disk-full'>;
  readonly active: boolean;
  readonly subject?: string;
}

/** More than three times what tenders ask for (reference: door, Figures of the field). */
const DEFAULT_LIMITS: JournalLimits = { capacity: 400_000, retention: 20_000, maxBytes: 512 * 1024 * 1024 };
const NEAR_FULL = 0.9;
const NEAR_FULL_OVER = 0.8;
const RESTART_AFTER_MS = 1_000;
const CLOSE_WITHIN_MS = 5_000;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type RequestBody = JournalRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/** Codes are SQLite's (SQLITE_FULL, SQLITE_IOERR_…), or WORKER_GONE. */
export class JournalError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Makes a journal; its thread starts at once so that the first event need not wait for it. */
export function openSqliteJournal(options: SqliteJournalOptions): Journal {
  const thread = journalThread(options);
  return {
    async append(event) {
      return { seq: (await thread.ask({ kind: 'append', at: event.at, body: JSON.stringify(event) })) as number };
    },
    async read(fromSeq, limit) {
      const rows = (await thread.ask({ kind: 'read', fromSeq, limit })) as readonly JournalRow[];
      return rows.map(({ seq, body }) => ({ seq, event: parseEvent(seq, body) }));
    },
    async acknowledge(upTo) {
      await thread.ask({ kind: 'acknowledge', upTo });
    },
    status: async () => (await thread.ask({ kind: 'status' })) as JournalStatus,
    close: () => thread.close(),
  };
}

/** A row that no longer reads as an event still takes its number: the gateway must learn of it and go on. */
function parseEvent(seq: number, body: string): JournalEvent {
  try {
    return journalEvent.parse(JSON.parse(body));
  } catch {
    return {
      type: 'alarm',
      at: 0,
      clock: 'degraded',
      alarm: 'journal-failed',
      active: true,
      subject: `event ${seq} is damaged`,
    };
  }
}

/** Remembers which alarms stand, so that each is told once when it begins and once when it ends. */
function alarmBoard(capacity: number, tell: (alarm: JournalAlarm) => void) {
  const active = new Set<JournalAlarm['alarm']>();
  const set = (alarm: JournalAlarm['alarm'], on: boolean, subject?: string) => {
    if (on === active.has(alarm)) return;
    if (on) active.add(alarm);
    else active.delete(alarm);
    tell(subject === undefined ? { alarm, active: on } : { alarm, active: on, subject });
  };
  return {
    damaged: (file: string) => tell({ alarm: 'journal-failed', active: true, subject: `set aside as ${file}` }),
    failed: (code: string) => set(code === 'SQLITE_FULL' ? 'disk-full' : 'journal-failed', true, code),
    committed(pending: number) {
      set('disk-full', false);
      set('journal-failed', false);
      if (pending >= capacity * NEAR_FULL) set('journal-near-full', true, `${pending} events wait for the gateway`);
      else if (pending < capacity * NEAR_FULL_OVER) set('journal-near-full', false);
    },
  };
}

function journalThread(options: SqliteJournalOptions) {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const alarms = alarmBoard(limits.capacity, options.onAlarm ?? (() => undefined));
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let startedAt = 0;
  let nextId = 1;
  let closing = false;

  function settle(id: number, value: unknown): void {
    waiting.get(id)?.resolve(value);
    waiting.delete(id);
  }

  function rejectAll(ids: Iterable<number>, error: Error): void {
    for (const id of ids) {
      waiting.get(id)?.reject(error);
      waiting.delete(id);
    }
  }

  function onReply(reply: JournalReply): void {
    switch (reply.kind) {
      case 'opened':
        if (reply.damaged !== undefined) alarms.damaged(reply.damaged);
        return;
      case 'committed':
        reply.ids.forEach((id, index) => settle(id, reply.firstSeq + index));
        alarms.committed(reply.pending);
        return;
      case 'acknowledged':
        for (const id of reply.ids) settle(id, undefined);
        alarms.committed(reply.pending);
        return;
      case 'rows':
        settle(reply.id, reply.rows);
        return;
      case 'status': {
        const { status, freeBytes } = reply;
        settle(reply.id, { ...status, pending: status.nextSeq - 1 - status.ackedSeq, freeBytes });
        return;
      }
      case 'closed':
        settle(reply.id, undefined);
        return;
      case 'failed':
        alarms.failed(reply.code);
        rejectAll(reply.ids, new JournalError(reply.code, reply.message));
    }
  }

  function start(): Worker {
    startedAt = performance.now();
    const started = startWorker(options.worker, { path: options.path, limits } satisfies JournalWorkerData);
    const gone = (cause: string) => {
      if (worker !== started) return;
      worker = undefined;
      if (!closing) alarms.failed('WORKER_GONE');
      rejectAll([...waiting.keys()], new JournalError('WORKER_GONE', cause));
    };
    started.on('message', onReply);
    started.on('error', (error) => gone(error.message));
    started.on('exit', (code) => gone(`the journal thread ended with ${code}`));
    worker = started;
    return started;
  }

  function ask(request: RequestBody): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const mayStart = !closing && performance.now() - startedAt >= RESTART_AFTER_MS;
      const target = worker ?? (mayStart ? start() : undefined);
      if (!target) return reject(new JournalError('WORKER_GONE', 'the journal thread is not running'));
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      target.postMessage({ ...request, id });
    });
  }

  async function close(): Promise<void> {
    if (closing) return;
    const last = worker && ask({ kind: 'close' }).catch(() => undefined);
    closing = true;
    const stopping = worker;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_WITHIN_MS)));
    await Promise.race([last, late]);
    clearTimeout(timer);
    await stopping?.terminate();
  }

  start();
  return { ask, close };
}
