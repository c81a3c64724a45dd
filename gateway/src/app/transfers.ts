// SPDX-License-Identifier: Apache-2.0
// Large parts on their way: one run a controller, so many runs at once, each message awaited until the connection takes more.
// A need that comes while another is served waits; of those of one list only the newest is kept: it says all that is missing.
import type { DeviceId } from '@latchkey/protocols/ids';
import { type Log, reasonOf } from './log.ts';

type Work = () => Promise<Iterable<Uint8Array>>;

export interface Transfers {
  /** Serves the messages to the controller when its turn comes; the messages are made one by one, as they are sent. */
  serve(device: DeviceId, scope: number, messages: Work): void;
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

export function createTransfers({ send, log, atOnce = AT_ONCE }: TransferOptions): Transfers {
  const serving = new Set<DeviceId>();
  const waiting = new Map<DeviceId, Map<number, Work>>();

  async function run(device: DeviceId, work: Work): Promise<void> {
    try {
      for (const message of await work()) if (!(await send(device, message))) return;
    } catch (error) {
      log.error({ device, reason: reasonOf(error) }, 'list parts not sent');
    }
  }

  /** The oldest need of a controller. */
  function takeFirst(device: DeviceId, needs: Map<number, Work>): Work | undefined {
    for (const [scope, work] of needs) {
      needs.delete(scope);
      if (needs.size === 0) waiting.delete(device);
      return work;
    }
    return undefined;
  }

  function next(): void {
    for (const [device, needs] of waiting) {
      if (serving.size >= atOnce) return;
      const work = serving.has(device) ? undefined : takeFirst(device, needs);
      if (!work) continue;
      serving.add(device);
      void run(device, work).then(() => {
        serving.delete(device);
        next();
      });
    }
  }

  return {
    serve(device, scope, messages) {
      const needs = waiting.get(device) ?? new Map<number, Work>();
      waiting.set(device, needs.set(scope, messages));
      next();
    },
    isServing: (device) => serving.has(device) || waiting.has(device),
    drop: (device) => waiting.delete(device),
  };
}
