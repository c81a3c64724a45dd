// SPDX-License-Identifier: Apache-2.0
// What the gateway has of the controllers' events, as a caller of its API sees it.
import type { ApiEvent } from '@latchkey/protocols/api/history';
import type { GatewayApi } from './gateway-api.ts';

export interface EventQuery {
  readonly device?: string;
  readonly type?: string;
}

const PAGE = 500;
const POLL_MS = 20;

/** Every event of a kind, page by page. */
export async function allEvents(api: GatewayApi, query: EventQuery): Promise<ApiEvent[]> {
  const events: ApiEvent[] = [];
  for (let cursor: string | undefined; ; ) {
    const parameters = new URLSearchParams({ limit: `${PAGE}`, ...query, ...(cursor === undefined ? {} : { cursor }) });
    const page = await api.must<{ items: ApiEvent[]; next?: string }>('GET', `/v1/events?${parameters.toString()}`);
    events.push(...page.items);
    if (page.next === undefined) return events;
    cursor = page.next;
  }
}

/** Resolves with the events once there are `count` of them. */
export async function eventsArrived(
  api: GatewayApi,
  query: EventQuery,
  count: number,
  timeoutMs = 30_000,
): Promise<ApiEvent[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const events = await allEvents(api, query);
    if (events.length >= count) return events;
    if (Date.now() > deadline) {
      throw new Error(`${events.length} of ${count} events ${JSON.stringify(query)} arrived within ${timeoutMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
