// SPDX-License-Identifier: Apache-2.0
// Waiting until every gate says that it has the newest list.
import type { GatePlan } from './gates.ts';
import type { GatewayApi } from './gateway-api.ts';

interface DeviceReport {
  readonly id: string;
  readonly online: boolean;
  readonly lists: readonly { readonly desired: number | null; readonly reported: number | null }[];
}

const POLL_MS = 50;

/** Of the gates; everybody else has to be on line only. Returns the list's version. */
export async function listsInForce(api: GatewayApi, gates: readonly GatePlan[], timeoutMs: number): Promise<number> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { items } = await api.must<{ items: readonly DeviceReport[] }>('GET', '/v1/devices');
    const lists = items.filter(({ id }) => gates.some(({ device }) => device === id)).flatMap((device) => device.lists);
    const [first] = lists;
    const settled = lists.length >= gates.length && lists.every((list) => list.reported === list.desired);
    if (settled && first?.desired != null && items.every(({ online }) => online)) return first.desired;
    if (Date.now() > deadline) throw new Error(`lists are not in force: ${JSON.stringify(items)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
