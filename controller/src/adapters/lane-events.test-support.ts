// SPDX-License-Identifier: Apache-2.0
// A page of a lane display without a browser: what its event stream says.
import { get, type IncomingMessage } from 'node:http';

export interface WatchedLane {
  readonly status: number;
  /** Everything told so far, oldest first. */
  readonly told: readonly { readonly event: string; readonly data: Record<string, unknown> }[];
  /** States of the views told. */
  states(): unknown[];
  isOpen(): boolean;
  close(): void;
}

export async function watchLane(port: number, direction: 'in' | 'out'): Promise<WatchedLane> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: `/${direction}/events`, agent: false }, resolve).once('error', reject);
  });
  const told: { event: string; data: Record<string, unknown> }[] = [];
  let rest = '';
  let open = true;
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined && data !== undefined) told.push({ event, data: JSON.parse(data) });
    }
  });
  response.on('error', () => undefined);
  response.once('close', () => (open = false));
  return {
    status: response.statusCode ?? 0,
    told,
    states: () => told.flatMap(({ event, data }) => (event === 'view' ? [data['reason'] ?? data['state']] : [])),
    isOpen: () => open,
    close: () => response.destroy(),
  };
}
