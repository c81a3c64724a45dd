// SPDX-License-Identifier: Apache-2.0
// Expected outcomes are values: exceptions mean a bug or an I/O failure.

/** A success carrying a value, or a refusal carrying a stable code and, for people, what to do about it. */
export type Result<T, Code extends string = string> = Ok<T> | Err<Code>;

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Err<Code extends string = string> {
  readonly ok: false;
  readonly code: Code;
  readonly detail?: string;
}

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });

export const err = <Code extends string>(code: Code, detail?: string): Err<Code> =>
  detail === undefined ? { ok: false, code } : { ok: false, code, detail };
