// SPDX-License-Identifier: Apache-2.0
// Readers, a panel and a link for tests: a card is a function call, a relay is an entry in a list.
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { DownKind, UpKind } from '@latchkey/protocols/mqtt/topics';
import type { Link, LinkHandlers } from '../ports/link.ts';
import type { InputLevel } from '../ports/panel.ts';
import type { ReaderEvent } from '../ports/reader-source.ts';
import type { Hardware } from './hardware.ts';

export interface TestHardware extends Hardware {
  readonly moves: { readonly output: string; readonly on: boolean; readonly atMs: number }[];
  tap(reader: string, uid: Uint8Array): void;
  tell(event: ReaderEvent): void;
  input(name: string, level: InputLevel): void;
  readonly closed: boolean;
}

export function testHardware(readers: readonly string[], inputs: readonly string[] = []): TestHardware {
  let listener: (event: ReaderEvent) => void = () => undefined;
  let onInput: (input: string, level: InputLevel) => void = () => undefined;
  let closed = false;
  const moves: { output: string; on: boolean; atMs: number }[] = [];
  return {
    simulated: false,
    moves,
    get closed() {
      return closed;
    },
    readers: {
      async start(given) {
        listener = given;
        for (const reader of readers) given({ kind: 'attached', reader });
      },
      async close() {
        listener = () => undefined;
      },
    },
    panel: {
      async setOutput(output, on) {
        moves.push({ output, on, atMs: performance.now() });
      },
      async watch(given) {
        onInput = given;
        for (const input of inputs) given(input, 'active');
      },
      async close() {
        closed = true;
      },
    },
    tap: (reader, uid) => listener({ kind: 'card', reader, uid, class: 'uid-only', atMs: performance.now() }),
    tell: (event) => listener(event),
    input: (name, level) => onInput(name, level),
  };
}

export interface TestLink extends Link {
  /** As the controller makes its link. */
  attach(farewell: () => Uint8Array): Link;
  readonly sent: { readonly kind: UpKind; readonly json: Record<string, unknown> }[];
  up(): void;
  down(): void;
  say(kind: DownKind | 'bc', payload: Uint8Array): void;
}

export function testLink(): TestLink {
  let handlers: LinkHandlers | undefined;
  let isUp = false;
  let will: () => Uint8Array = () => new Uint8Array();
  const sent: { kind: UpKind; json: Record<string, unknown> }[] = [];
  const link: TestLink = {
    sent,
    attach(farewell) {
      will = farewell;
      return link;
    },
    async start(given) {
      handlers = given;
    },
    async publish(kind, payload) {
      if (!isUp) throw Object.assign(new Error('down'), { code: 'LINK_DOWN' });
      const envelope = decodeEnvelope(payload);
      if (envelope.ok) sent.push({ kind, json: envelope.value.json as Record<string, unknown> });
    },
    async close() {
      isUp = false;
    },
    up() {
      isUp = true;
      will();
      handlers?.onUp();
    },
    down() {
      isUp = false;
      handlers?.onDown();
    },
    say: (kind, payload) => handlers?.onMessage(kind, payload),
  };
  return link;
}

/** A door with one reader inwards, one outwards, a contact and a button. */
export const DOOR_WIRING = {
  readers: [
    { name: 'in', kind: 'simulated' },
    { name: 'out', kind: 'simulated' },
  ],
  panel: { kind: 'simulated', socket: '127.0.0.1:9' },
  portals: [
    {
      id: 'north',
      lock: { output: 'lock', fail: 'secure' },
      contact: { input: 'contact' },
      readers: [
        { name: 'in', direction: 'in' },
        { name: 'out', direction: 'out' },
      ],
    },
  ],
};
