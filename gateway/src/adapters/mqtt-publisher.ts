// SPDX-License-Identifier: Apache-2.0
// One queue a connection, each message awaited before the next is handed on: aedes loses messages published in one tick with
// mixed QoS or retain flags (its issues 994 and 955). The queue is bounded: who does not read is disconnected.

export interface SendQueue {
  /** `true` once the bytes are in the socket and it takes more; `false` when the connection is gone or was too slow. */
  send(topic: string, payload: Uint8Array): Promise<boolean>;
  /** Bytes that wait. */
  waiting(): number;
  /** Everything that waits is answered `false`. */
  close(): void;
}

export interface SendQueueOptions {
  /** Hands one message to the connection; resolves once the socket takes more, rejects when it is gone. */
  readonly write: (topic: string, payload: Uint8Array) => Promise<void>;
  /** Called once, when more waits than allowed. */
  readonly overflow: () => void;
  readonly maxBytes?: number;
  readonly maxMessages?: number;
}

interface Waiting {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly settle: (sent: boolean) => void;
}

const MAX_BYTES = 4_194_304;
const MAX_MESSAGES = 1_000;

export function createSendQueue(options: SendQueueOptions): SendQueue {
  const { write, overflow, maxBytes = MAX_BYTES, maxMessages = MAX_MESSAGES } = options;
  const queue: Waiting[] = [];
  let bytes = 0;
  let pumping = false;
  let closed = false;

  function close(): void {
    closed = true;
    for (const { settle } of queue.splice(0)) settle(false);
    bytes = 0;
  }

  async function pump(): Promise<void> {
    pumping = true;
    for (let next = queue.shift(); next; next = queue.shift()) {
      bytes -= next.payload.length;
      try {
        await write(next.topic, next.payload);
        next.settle(true);
      } catch {
        next.settle(false);
        close();
      }
    }
    pumping = false;
  }

  return {
    send(topic, payload) {
      if (closed) return Promise.resolve(false);
      if (queue.length >= maxMessages || bytes + payload.length > maxBytes) {
        close();
        overflow();
        return Promise.resolve(false);
      }
      return new Promise((settle) => {
        bytes += payload.length;
        queue.push({ topic, payload, settle });
        if (!pumping) void pump();
      });
    },
    waiting: () => bytes,
    close,
  };
}
