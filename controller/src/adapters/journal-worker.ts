// SPDX-License-Identifier: Apache-2.0
// The journal's thread: an SD card may take 100 ms to sync, which must not hold a door up (DESIGN 5). Commits all that queued.
import { randomBytes } from 'node:crypto';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { isDamage, type JournalDatabase, openJournalDatabase, setAside } from './journal-database.ts';
import type { JournalReply, JournalRequest, JournalWorkerData } from './journal-messages.ts';

type Of<Kind extends JournalRequest['kind']> = Extract<JournalRequest, { kind: Kind }>;

/** No event for this long: time to fold the log back. */
const IDLE_MS = 250;

function serve(port: NonNullable<typeof parentPort>, options: JournalWorkerData): void {
  let database: JournalDatabase | undefined;
  let idle: NodeJS.Timeout | undefined;

  const reply = (message: JournalReply) => port.postMessage(message);
  const fail = (ids: readonly number[], error: unknown) => {
    const { code, message } = error as { code?: string; message?: string };
    reply({ kind: 'failed', ids, code: code ?? 'UNKNOWN', message: message ?? String(error) });
  };

  function open(): JournalDatabase {
    if (database) return database;
    const opened = openJournalDatabase(options.path, options.limits, randomBytes(8).toString('hex'));
    database = opened.database;
    reply(opened.damaged === undefined ? { kind: 'opened' } : { kind: 'opened', damaged: opened.damaged });
    return database;
  }

  /** A file found damaged while in use is set aside like one found at start, so that the next event has a journal again. */
  function abandon(error: unknown): void {
    if (!database || !isDamage(error)) return;
    try {
      database.close();
    } catch {
      // Closing a damaged file may fail again; its handle goes with the thread at the latest.
    }
    database = undefined;
    const damaged = setAside(options.path, randomBytes(8).toString('hex'));
    reply({ kind: 'opened', damaged });
  }

  function attempt(ids: readonly number[], work: (journal: JournalDatabase) => void): void {
    try {
      work(open());
    } catch (error) {
      abandon(error);
      fail(ids, error);
    }
  }

  function commit(events: readonly Of<'append'>[], acks: readonly Of<'acknowledge'>[]): void {
    if (events.length + acks.length === 0) return;
    const ids = events.map((event) => event.id);
    const ackIds = acks.map((ack) => ack.id);
    attempt([...ids, ...ackIds], (journal) => {
      const firstSeq = appendMakingRoom(journal, events, Math.max(0, ...acks.map((ack) => ack.upTo)));
      const { nextSeq, ackedSeq } = journal.status();
      const pending = nextSeq - 1 - ackedSeq;
      if (ids.length > 0) reply({ kind: 'committed', ids, firstSeq, pending });
      if (ackIds.length > 0) reply({ kind: 'acknowledged', ids: ackIds, pending });
    });
  }

  /** Acknowledged events give way before an event is refused for want of room. */
  function appendMakingRoom(journal: JournalDatabase, events: readonly Of<'append'>[], acked: number): number {
    try {
      return journal.append(events, acked);
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_FULL') throw error;
      tidy(true);
      return journal.append(events, acked);
    }
  }

  function tidy(isIdle: boolean): void {
    try {
      database?.tidy(isIdle);
    } catch {
      // A full disk shows with the next event; tidying comes round again.
    }
  }

  function answer(request: Of<'read'> | Of<'status'> | Of<'close'>): void {
    attempt([request.id], (journal) => {
      switch (request.kind) {
        case 'read':
          reply({ kind: 'rows', id: request.id, rows: journal.read(request.fromSeq, request.limit) });
          return;
        case 'status':
          reply({ kind: 'status', id: request.id, status: journal.status(), freeBytes: journal.freeBytes() });
          return;
        case 'close':
          clearTimeout(idle);
          journal.close();
          database = undefined;
          reply({ kind: 'closed', id: request.id });
          port.close();
      }
    });
  }

  /** Everything that arrived while the last commit synced goes into the next one. */
  function drain(first: JournalRequest): void {
    const events: Of<'append'>[] = [];
    const acks: Of<'acknowledge'>[] = [];
    const others: (Of<'read'> | Of<'status'> | Of<'close'>)[] = [];
    for (let request: JournalRequest | undefined = first; request; ) {
      if (request.kind === 'append') events.push(request);
      else if (request.kind === 'acknowledge') acks.push(request);
      else others.push(request);
      const next: { message: JournalRequest } | undefined = receiveMessageOnPort(port);
      request = next?.message;
    }
    commit(events, acks);
    for (const request of others) answer(request);
    tidy(false);
  }

  port.on('message', (request: JournalRequest) => {
    drain(request);
    if (!idle) idle = setTimeout(() => tidy(true), IDLE_MS);
    else idle.refresh();
  });
  attempt([], () => undefined);
}

if (parentPort) serve(parentPort, workerData as JournalWorkerData);
