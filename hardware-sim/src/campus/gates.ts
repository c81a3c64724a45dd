// SPDX-License-Identifier: Apache-2.0
// The dormitory's gates: one controller each, a barrier with a reader on both sides, a contact, an exit button, a fire input.
import { parseWiring, type Wiring } from '@latchkey/controller/core/wiring';
import type { GatewayApi } from './gateway-api.ts';

export const SCOPE = 1;

export interface GatePlan {
  /** Also the id of its portal. */
  readonly device: string;
  readonly name: string;
  /** Groups whose members pass here. */
  readonly groups: readonly string[];
}

export const GATES: readonly GatePlan[] = [
  { device: 'gate-1', name: '1号楼大门', groups: ['building-1'] },
  { device: 'gate-2', name: '2号楼大门', groups: ['building-1', 'building-2'] },
];

/** How the readers of a gate are reached: all simulated, or by their PC/SC names. */
export type ReaderNames = ReadonlyMap<string, string>;

export const readersOf = (device: string): readonly [string, string] => [`${device}-in`, `${device}-out`];

export interface GateExtras {
  readonly display?: { readonly port: number } | undefined;
  /** Serial device of a code scanner at the way in. */
  readonly scanner?: string | undefined;
}

/** What the engineer writes for this gate. Throws when the wiring rules refuse it: a bug of ours. */
export function gateWiring(
  device: string,
  socket: string,
  pcsc: ReaderNames = new Map(),
  { display, scanner }: GateExtras = {},
): Wiring {
  const readers = readersOf(device).map((name) => {
    const match = pcsc.get(name);
    return match === undefined ? { name, kind: 'simulated', socket } : { name, kind: 'pcsc', match };
  });
  const scanners = scanner === undefined ? [] : [{ name: `${device}-scanner`, kind: 'serial', path: scanner }];
  const wiring = parseWiring({
    readers: [...readers, ...scanners],
    panel: { kind: 'simulated', socket },
    portals: [
      {
        id: device,
        lock: { output: 'barrier', fail: 'safe' },
        contact: { input: 'contact' },
        requestToExit: { input: 'exit-button', mode: 'unlock' },
        fire: { input: 'fire' },
        readers: [
          ...readersOf(device).map((name, index) => ({ name, direction: index === 0 ? 'in' : 'out' })),
          ...scanners.map(({ name }) => ({ name, direction: 'in' })),
        ],
        timers: { releaseTimeMs: 3_000 },
        ...(display ? { display } : {}),
      },
    ],
  });
  if (wiring.ok) return wiring.value;
  throw new Error(`the made-up gate has a wiring fault: ${JSON.stringify(wiring)}`);
}

/** When, and for whom: what the gates need before anybody is entered. */
export async function enterGroups(api: GatewayApi, gates: readonly GatePlan[]): Promise<void> {
  await api.must('PUT', `/v1/scopes/${SCOPE}`, { name: '宿舍大门' });
  const always = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }];
  await api.must('PUT', '/v1/schedules/always', { name: '全天', intervals: always });
  for (const group of new Set(gates.flatMap(({ groups }) => groups))) {
    await api.must('PUT', `/v1/groups/${group}`, { name: group });
  }
}

export async function enterLevels(api: GatewayApi, gates: readonly GatePlan[]): Promise<void> {
  for (const { device, name, groups } of gates) {
    await api.must('PUT', `/v1/levels/${device}`, { name, groups, portals: [device], schedule: 'always' });
  }
}
