// SPDX-License-Identifier: Apache-2.0
// What the controller and the process that holds nfc-pcsc tell each other (structured clone over Node's IPC).

export type ToPcscProcess = { readonly kind: 'open' };

/** `name` is the PC/SC name of a reader. */
export type FromPcscProcess =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'cannot-load'; readonly detail: string }
  | { readonly kind: 'opened' }
  /** The session is of no use any more; the process wants to be replaced. */
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'reader'; readonly name: string }
  | { readonly kind: 'reader-gone'; readonly name: string }
  | ({ readonly kind: 'card'; readonly name: string } & CardRead)
  | { readonly kind: 'removed'; readonly name: string }
  | { readonly kind: 'unreadable'; readonly name: string; readonly detail: string };

export interface CardRead {
  readonly uid: Uint8Array;
  readonly atr?: Uint8Array;
  /** Time from the card's appearance to this message. */
  readonly ageMs: number;
  /** It lay there already when the reader was found. */
  readonly initial: boolean;
}
