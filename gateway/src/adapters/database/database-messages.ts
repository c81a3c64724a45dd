// SPDX-License-Identifier: Apache-2.0
// What the database's thread and the gateway's main thread tell each other.

export interface DatabaseWorkerData {
  readonly path: string;
  /** Answers reads only: a snapshot taken here never waits for writers, nor they for it. */
  readonly readOnly: boolean;
}

export type Bindable = number | string | Uint8Array | null;

/** One statement, run once for each of its rows. */
export interface BatchStatement {
  readonly sql: string;
  readonly rows: readonly (readonly Bindable[])[];
}

/** number: Float64Array, null is NaN. hex: packed bytes, all of one length. text: index into the distinct values. */
export type ColumnKind = 'number' | 'hex' | 'text';

export type Packed<Kind extends ColumnKind> = Kind extends 'number'
  ? Float64Array
  : Kind extends 'hex'
    ? Uint8Array
    : { readonly values: readonly string[]; readonly indexes: Uint32Array };
export type PackedColumn = Packed<'number'> | Packed<'hex'> | Packed<'text'>;

export type DatabaseRequest =
  | { readonly kind: 'query'; readonly id: number; readonly sql: string; readonly parameters: readonly unknown[] }
  | {
      readonly kind: 'columns';
      readonly id: number;
      readonly sql: string;
      readonly parameters: readonly unknown[];
      readonly columns: readonly ColumnKind[];
    }
  /** A transaction of its own, shared with the other batches that wait. */
  | { readonly kind: 'batch'; readonly id: number; readonly statements: readonly BatchStatement[] }
  /** Part of the transaction that its sender holds open. */
  | { readonly kind: 'run'; readonly id: number; readonly statements: readonly BatchStatement[] }
  | { readonly kind: 'close'; readonly id: number };

export type DatabaseReply =
  | {
      readonly kind: 'rows';
      readonly id: number;
      readonly rows: readonly unknown[];
      readonly changes: number;
      readonly lastId: number;
    }
  | { readonly kind: 'columns'; readonly id: number; readonly count: number; readonly packed: readonly PackedColumn[] }
  | { readonly kind: 'done'; readonly ids: readonly number[] }
  | { readonly kind: 'failed'; readonly ids: readonly number[]; readonly code: string; readonly message: string };
