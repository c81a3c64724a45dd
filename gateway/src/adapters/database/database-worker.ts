// SPDX-License-Identifier: Apache-2.0
// The database's thread. Batches that arrive while a commit syncs share the next commit; none slips into a transaction that
// the main thread holds open, since its roll-back would take acknowledged rows with it.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { DatabaseReply, DatabaseRequest, DatabaseWorkerData } from './database-messages.ts';
import { buffersOf } from './pack-columns.ts';
import { openSqliteFile, type SqliteFile } from './sqlite-file.ts';

type Batch = Extract<DatabaseRequest, { kind: 'batch' }>;
type Direct = Extract<DatabaseRequest, { kind: 'query' | 'columns' | 'run' }>;

function serve(port: NonNullable<typeof parentPort>, { path, readOnly }: DatabaseWorkerData): void {
  let file: SqliteFile | undefined;
  let waiting: Batch[] = [];
  const reply = (message: DatabaseReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

  function attempt(ids: readonly number[], work: (file: SqliteFile) => void): boolean {
    try {
      file ??= openSqliteFile(path, readOnly);
      work(file);
      return true;
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      if (ids.length > 0) reply({ kind: 'failed', ids, code: code ?? 'UNKNOWN', message: message ?? String(error) });
      return false;
    }
  }

  function flush(): void {
    if (waiting.length === 0 || file?.inTransaction()) return;
    const batches = waiting;
    waiting = [];
    const together = attempt([], (file) => file.batch(batches.flatMap(({ statements }) => statements)));
    if (together) reply({ kind: 'done', ids: batches.map(({ id }) => id) });
    // One bad batch must not take the others with it.
    else for (const { id, statements } of batches) attempt([id], (file) => commit(file, id, statements));
  }

  function commit(file: SqliteFile, id: number, statements: Batch['statements']): void {
    file.batch(statements);
    reply({ kind: 'done', ids: [id] });
  }

  function answer(request: Direct): void {
    const { id } = request;
    attempt([id], (file) => {
      switch (request.kind) {
        case 'query':
          reply({ kind: 'rows', id, ...file.query(request.sql, request.parameters) });
          return;
        case 'run':
          file.run(request.statements);
          reply({ kind: 'done', ids: [id] });
          return;
        case 'columns': {
          const result = file.columns(request.sql, request.parameters, request.columns);
          reply({ kind: 'columns', id, ...result }, buffersOf(result.packed));
        }
      }
    });
  }

  /** Also for a file that never opened. */
  function close(id: number): void {
    flush();
    file?.close();
    reply({ kind: 'done', ids: [id] });
    port.close();
  }

  port.on('message', (first: DatabaseRequest) => {
    for (let request: DatabaseRequest | undefined = first; request; ) {
      if (request.kind === 'batch') waiting.push(request);
      else if (request.kind === 'close') return close(request.id);
      else answer(request);
      request = receiveMessageOnPort(port)?.message as DatabaseRequest | undefined;
    }
    flush();
  });
}

if (parentPort) serve(parentPort, workerData as DatabaseWorkerData);
