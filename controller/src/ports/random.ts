// SPDX-License-Identifier: Apache-2.0
// Randomness: for identifiers and nonces, and for jitter.

export interface Random {
  /** Cryptographically strong. Does not block. */
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1), for jitter only. */
  unit(): number;
}
