// SPDX-License-Identifier: Apache-2.0
// Large parts on their way: one run a controller, so many runs at once, each message awaited until the connection takes more.
// A need that comes while another is served waits; only the newest that waits is kept, since it says all that is still missing.
import type { DeviceId } from '@latchkey/protocols/ids';
import { type Log, reasonOf } from './log.ts';

export interface Transfers {
  /** Serves the messages to the controller when its turn comes; the messages are made one by one, as they are sent. */
  serve(device: DeviceId, messages: () => Promise<Iterable<Uint8Array>>): void;
  isServing(device: DeviceId): boolean;
  /** The connection is gone. */
  drop(device: DeviceId): void;
}

export interface TransferOptions {
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
  readonly log: Log;
  readonly atOnce?: number;
}

/** A list of a million credentials takes 16 MB: so many are sent at the same time, the others wait. */
const AT_ONCE = 16;

type Work = () => Promise<Iterable<Uint8Array>>;

export function createTransfers({ send, log, atOnce = AT_ONCE }: TransferOptions): Transfers {
  const serving = new Set<DeviceId>();
  const waiting = new Map<DeviceId, Work>();

  async function run(device: DeviceId, work: Work): Promise<void> {
    try {
      for (const message of await work()) if (!(await send(device, message))) return;
    } catch (error) {
      log.error({ device, reason: reasonOf(error) }, 'list parts not sent');
    }
  }

  function next(): void {
    for (const [device, work] of waiting) {
      if (serving.size >= atOnce) return;
      if (serving.has(device)) continue;
      waiting.delete(device);
      serving.add(device);
      void run(device, work).then(() => {
        serving.delete(device);
        next();
      });
    }
  }

  return {
    serve(device, messages) {
      waiting.set(device, messages);
      next();
    },
    isServing: (device) => serving.has(device) || waiting.has(device),
    drop: (device) => waiting.delete(device),
  };
}
