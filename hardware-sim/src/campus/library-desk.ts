// SPDX-License-Identifier: Apache-2.0
// The library's counter: a controller with a card reader, rules for who borrows, and a made-up library system behind it.
import { stationLink } from '@latchkey/controller/app/desk-link';
import { parseWiring, type Wiring } from '@latchkey/controller/core/wiring';
import type { GatewayApi } from './gateway-api.ts';

export const DESK = 'desk-1';
/** Name of the cable between the desk and the library's system. */
export const LIBRARY = 'library';
/** Also the name of its card reader in `npm run sim -- tap`. */
export const DESK_READER = 'desk-1-card';
const PORTAL = 'library-desk';
const SCOPE = 2;
const NAME = '图书馆借还台';
const LIMIT = 10;
const DAYS = 30;

export interface DeskPlan {
  /** Of the page, on this machine. */
  readonly pagePort: number;
  /** Where its reader is plugged in. */
  readonly socket: string;
  readonly libraryPort: number;
}

/** What the engineer writes for the desk. Throws when the wiring rules refuse it: a bug of ours. */
export function deskWiring({ pagePort, socket, libraryPort }: DeskPlan): Wiring {
  const wiring = parseWiring({
    readers: [{ name: DESK_READER, kind: 'simulated', socket }],
    panel: { kind: 'none' },
    portals: [],
    desk: {
      portal: PORTAL,
      name: NAME,
      readers: [DESK_READER],
      page: { port: pagePort },
      patronPattern: '20[0-9]{8}',
      library: { host: '127.0.0.1', port: libraryPort, charset: 'utf-8' },
    },
  });
  if (wiring.ok) return wiring.value;
  throw new Error(`the made-up desk has a wiring fault: ${JSON.stringify(wiring)}`);
}

/** The counter, and what its readers may borrow while the library is away. */
export async function enterDesk(api: GatewayApi, groups: readonly string[]): Promise<void> {
  await api.must('PUT', `/v1/scopes/${SCOPE}`, { name: '图书馆' });
  const place = { name: NAME, nameEn: 'Library counter', building: '图书馆', kind: 'desk' };
  await api.must('PUT', `/v1/portals/${PORTAL}`, { ...place, scope: SCOPE, device: DESK });
  for (const group of groups) await api.must('PUT', `/v1/loan-rules/${group}`, { limit: LIMIT, days: DAYS });
  const level = { name: '读者', groups, portals: [PORTAL], schedule: 'always' };
  await api.must('PUT', '/v1/levels/readers', level);
}

export async function stationOf(controllerFolder: string): Promise<string> {
  const link = await stationLink(controllerFolder);
  if (link.ok) return link.value;
  throw new Error(link.detail ?? link.code);
}
