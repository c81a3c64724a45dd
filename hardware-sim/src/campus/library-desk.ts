// SPDX-License-Identifier: Apache-2.0
// The library's counter: a controller with a card reader, rules for who borrows, and a made-up library system behind it, whose
// patrons are the residents.
import { stationLink } from '@latchkey/controller/app/desk-link';
import { parseWiring, type Wiring } from '@latchkey/controller/core/wiring';
import { benchLayout } from '../bench-layout.ts';
import { DoorBench } from '../door-bench.ts';
import { libraryShelf, SHELF_LOCATION } from '../library/library-shelf.ts';
import type { Patron } from '../library/library-state.ts';
import { type SimulatedLibrary, startSimulatedLibrary } from '../library/simulated-library.ts';
import { NetworkLink } from '../network.ts';
import type { GatewayApi } from './gateway-api.ts';
import type { Resident } from './residents.ts';

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
  readonly people: readonly Resident[];
}

export interface LibraryDesk {
  readonly library: SimulatedLibrary;
  /** Between the desk and the library. */
  readonly cable: NetworkLink;
  readonly bench: DoorBench;
  readonly wiring: Wiring;
}

/** A library system across the campus; each half of what it takes. */
const LIBRARY_HALF_MS = 20;
/** Their card was blocked by the library. */
const BLOCKED = 3;

const patronsOf = (people: readonly Resident[]): Patron[] =>
  people.map(({ number, name, className }, index) => ({
    number,
    name,
    group: className,
    ...(index === BLOCKED ? { conditions: ['chargeDenied', 'renewalDenied'] } : {}),
  }));

/** The way to the library goes through a cable of its own: `network cut library`. */
export async function openDesk({ pagePort, socket, people }: DeskPlan): Promise<LibraryDesk> {
  const library = await startSimulatedLibrary({
    patrons: patronsOf(people),
    items: libraryShelf(),
    policies: { name: '大学图书馆', loanLimit: LIMIT, loanDays: DAYS },
    quirks: ['extensions'],
    faults: [{ kind: 'slow', beforeMs: LIBRARY_HALF_MS, afterMs: LIBRARY_HALF_MS }],
  });
  const cable = await NetworkLink.start({ host: '127.0.0.1', port: library.port });
  const wiring = deskWiring({ pagePort, socket, libraryPort: cable.port });
  return { library, cable, wiring, bench: new DoorBench({ layout: benchLayout(wiring) }) };
}

/** What the engineer writes for the desk. Throws when the wiring rules refuse it: a bug of ours. */
function deskWiring({ pagePort, socket, libraryPort }: Omit<DeskPlan, 'people'> & { libraryPort: number }): Wiring {
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
      library: { host: '127.0.0.1', port: libraryPort, charset: 'utf-8', location: SHELF_LOCATION },
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
