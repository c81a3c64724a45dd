// SPDX-License-Identifier: Apache-2.0
// The main thread's end of the database's thread: requests by id, every one answered or failed once.
import type { Worker } from 'node:worker_threads';
import type {
  BatchStatement,
  ColumnKind,
  DatabaseReply,
  DatabaseRequest,
  DatabaseWorkerData,
  Packed,
} from './database-messages.ts';
import { startWorker } from './start-worker.ts';

/** Refusal by the database. `code` is SQLite's, such as SQLITE_CONSTRAINT_UNIQUE, or STOPPED. */
export class DatabaseError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'DatabaseError';
    this.code = code;
  }
}

export type Rows = Extract<DatabaseReply, { kind: 'rows' }>;

export type PackedRows<Kinds extends readonly ColumnKind[]> = {
  readonly count: number;
  readonly packed: { readonly [Index in keyof Kinds]: Packed<Kinds[Index]> };
};

interface Pending {
  resolve(reply: DatabaseReply): void;
  reject(error: Error): void;
}

type WithoutId<Request> = Request extends DatabaseRequest ? Omit<Request, 'id'> : never;

export class DatabaseThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #stopped: DatabaseError | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: DatabaseReply) => this.#settle(reply));
    worker.on('error', (error) => this.#stop(`the database's thread failed: ${error.message}`));
    worker.on('exit', () => this.#stop("the database's thread has ended"));
  }

  static start(url: URL, data: DatabaseWorkerData): DatabaseThread {
    return new DatabaseThread(startWorker(url, data));
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<Rows> {
    return (await this.#ask({ kind: 'query', sql, parameters })) as Rows;
  }

  async columns<const Kinds extends readonly ColumnKind[]>(
    sql: string,
    parameters: readonly unknown[],
    columns: Kinds,
  ): Promise<PackedRows<Kinds>> {
    const reply = await this.#ask({ kind: 'columns', sql, parameters, columns });
    return reply as unknown as PackedRows<Kinds>;
  }

  /** Resolves once committed and durable. Not part of any transaction of the caller. */
  async batch(statements: readonly BatchStatement[]): Promise<void> {
    await this.#ask({ kind: 'batch', statements });
  }

  /** Part of the transaction that the caller holds. */
  async run(statements: readonly BatchStatement[]): Promise<void> {
    await this.#ask({ kind: 'run', statements });
  }

  async close(): Promise<void> {
    if (this.#stopped) return;
    await this.#ask({ kind: 'close' });
    await this.#worker.terminate();
  }

  #ask(request: WithoutId<DatabaseRequest>): Promise<DatabaseReply> {
    const stopped = this.#stopped;
    if (stopped) return Promise.reject(stopped);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #settle(reply: DatabaseReply): void {
    const ids = 'ids' in reply ? reply.ids : [reply.id];
    for (const id of ids) {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (reply.kind === 'failed') pending?.reject(new DatabaseError(reply.code, reply.message));
      else pending?.resolve(reply);
    }
  }

  #stop(why: string): void {
    this.#stopped ??= new DatabaseError('STOPPED', why);
    for (const { reject } of this.#pending.values()) reject(this.#stopped);
    this.#pending.clear();
  }
}
