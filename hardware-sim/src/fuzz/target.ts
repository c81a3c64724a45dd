// SPDX-License-Identifier: Apache-2.0
// What the fuzzing runner feeds: a decoder that must answer every input with a value.

export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs that mutations start from. */
  readonly seeds: readonly Uint8Array[];
  /** Throws only where the code under test breaks a promise. A promise is awaited. */
  readonly run: (bytes: Uint8Array) => unknown;
}
