// SPDX-License-Identifier: Apache-2.0
// Keeps the page's line to its controller and says honestly how it stands: a snapshot counts as the present only while the stream
// beats (every ten seconds); a line that fell silent is given up and made anew, soon and then less often.
import type { DeskState } from '@latchkey/protocols/api/desk';
import { createEventStreamReader } from './event-stream.ts';

export type LineState = 'connecting' | 'live' | 'lost' | 'not-opened';

export interface ConnectionParts {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  /** Returns how to call it off. */
  readonly after: (ms: number, then: () => void) => () => void;
  readonly onState: (state: DeskState) => void;
  readonly onLine: (line: LineState) => void;
}

const SILENCE_MS = 25_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;

export interface Connection {
  open(): void;
  close(): void;
}

export function createConnection(parts: ConnectionParts): Connection {
  let abort: AbortController | undefined;
  let cancelRetry: (() => void) | undefined;
  let waitMs = FIRST_WAIT_MS;
  let isClosed = false;

  async function connect(): Promise<void> {
    const aborter = new AbortController();
    abort = aborter;
    let cancelSilence = parts.after(SILENCE_MS, () => aborter.abort());
    try {
      const response = await parts.fetch('api/stream', { cache: 'no-store', signal: aborter.signal });
      if (response.status === 401) return giveUp('not-opened');
      if (!response.ok || response.body === null) return giveUp('lost');
      await readAll(response.body, () => {
        cancelSilence();
        cancelSilence = parts.after(SILENCE_MS, () => aborter.abort());
      });
      giveUp('lost');
    } catch {
      giveUp('lost');
    } finally {
      cancelSilence();
    }
  }

  async function readAll(body: ReadableStream<Uint8Array>, onSign: () => void): Promise<void> {
    const reader = body.getReader();
    const text = new TextDecoder();
    const events = createEventStreamReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onSign();
      for (const part of events.push(text.decode(value, { stream: true }))) {
        if (part.kind !== 'event' || part.name !== 'state' || isClosed) continue;
        waitMs = FIRST_WAIT_MS;
        parts.onState(JSON.parse(part.data) as DeskState);
        parts.onLine('live');
      }
    }
  }

  function giveUp(line: LineState): void {
    if (isClosed) return;
    parts.onLine(line);
    cancelRetry = parts.after(waitMs, () => void connect());
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }

  return {
    open: () => void connect(),
    close() {
      isClosed = true;
      cancelRetry?.();
      abort?.abort();
    },
  };
}
