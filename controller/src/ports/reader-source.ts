// SPDX-License-Identifier: Apache-2.0
// Readers of cards and scanners of codes. `reader` is always the name the wiring file gives, whatever the hardware calls itself.
import type { CredentialClass } from '@latchkey/protocols/ids';

export type ReaderEvent =
  | { readonly kind: 'attached'; readonly reader: string }
  /** Unplugged, or its service is gone. `attached` follows when it is back. */
  | { readonly kind: 'detached'; readonly reader: string }
  /** `uid` is as the card sent it, most significant byte first; `atMs` is monotonic time of the read. */
  | {
      readonly kind: 'card';
      readonly reader: string;
      readonly uid: Uint8Array;
      readonly class: CredentialClass;
      readonly atr?: Uint8Array;
      readonly atMs: number;
    }
  /** A scanner read a code: text without prefix, suffix and terminator, at most 512 characters. Never logged. */
  | { readonly kind: 'code'; readonly reader: string; readonly text: string; readonly atMs: number }
  /** The card left the field. Some readers never say so. */
  | { readonly kind: 'removed'; readonly reader: string }
  /** Something was held there and gave no number. `detail` is for the log: no card data. */
  | { readonly kind: 'unreadable'; readonly reader: string; readonly detail: string };

export interface ReaderSource {
  /**
   * Starts once. Resolves when the source watches for readers, not when readers are there; a missing service is retried
   * inside, for ever. Readers present at the start are told as `attached`. The listener must not throw and must not block.
   */
  start(listener: (event: ReaderEvent) => void): Promise<void>;
  /** No event comes after it resolves. */
  close(): Promise<void>;
}
