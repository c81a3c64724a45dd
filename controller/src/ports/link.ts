// SPDX-License-Identifier: Apache-2.0
// The connection to the gateway. Nothing that matters is queued in it: lists reconcile by version, events by number (DESIGN 6).
import type { DownKind, UpKind } from '@latchkey/protocols/mqtt/topics';

export interface LinkHandlers {
  /** `bc` is the campus broadcast. The payload is valid during the call only. Must not throw. */
  onMessage(kind: DownKind | 'bc', payload: Uint8Array): void;
  /** Connected and subscribed: what is published now arrives, answers come back. */
  onUp(): void;
  onDown(): void;
}

export interface Link {
  /** Resolves once the first attempt is under way, not once connected; it then tries for ever with jittered pauses. */
  start(handlers: LinkHandlers): Promise<void>;
  /** Resolves once the broker has it, rejects when there is no connection or it ends first: the caller decides what to repeat. */
  publish(kind: UpKind, payload: Uint8Array): Promise<void>;
  /** Ends the connection and makes it anew, with whatever identity is due; a simulated link has none. */
  reconnect?(): void;
  /** Says goodbye where it can. No handler is called after it resolves. */
  close(): Promise<void>;
}
