// SPDX-License-Identifier: Apache-2.0
// The system behind another app's codes: it says whose code this is.

export type Resolved =
  /** Number of the person. */
  | { readonly outcome: 'known'; readonly person: string }
  /** The system answered, and knows nobody by it: not theirs, used, or over. */
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'failed'; readonly cause: ResolverFailure };
export type ResolverFailure = 'timeout' | 'unreachable' | 'refused' | 'unintelligible';

export interface CodeResolver {
  /** Answers within `withinMs`, whatever the other side does. Never rejects. The text is neither logged nor kept. */
  resolve(text: string, withinMs: number): Promise<Resolved>;
  close(): void;
}
