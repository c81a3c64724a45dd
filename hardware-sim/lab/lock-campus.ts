// SPDX-License-Identifier: Apache-2.0
// The machine-room side of the lock's scenario, outside the virtual machine: the shipped gateway, a room with a lock that nobody has
// paired yet, people with cards, and a corridor controller enrolled and wired. The guest reaches it over the network.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseWiring } from '@latchkey/controller/core/wiring';
import { bundle } from '../src/campus/bundle.ts';
import { labelText } from '../src/campus/corridor.ts';
import { GatewayApi } from '../src/campus/gateway-api.ts';
import { Program, runToEnd } from '../src/campus/program.ts';
import { cardsCsv, peopleCsv, type Resident, residents } from '../src/campus/residents.ts';
import { freePorts } from '../src/free-ports.ts';

/** What the guest is told of it, as a file that it reads. */
export interface LockCampusFacts {
  readonly gatewayUrl: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly controllerFolder: string;
  readonly portal: string;
  readonly scope: number;
  readonly lockId: string;
  /** Hex of the code on the lock's label. */
  readonly label: string;
  /** The one who lives behind the lock. */
  readonly resident: { readonly number: string; readonly uid: string };
  /** Group of all the others, none of whom may open the lock yet. */
  readonly group: string;
  readonly groupSize: number;
  readonly memberUid: string;
  /** A card that the campus does not know. */
  readonly strangerUid: string;
}

export interface LockCampus {
  readonly factsFile: string;
  close(): Promise<void>;
}

/** The host as a guest of qemu's user network sees it. */
const HOST_FOR_GUEST = '10.0.2.2';
const CORRIDOR = 'corridor-lab';
const PORTAL = 'room-101';
const SCOPE = 1_101;
const GROUP = 'building-1';
const PEOPLE = 601;
const START_MS = 60_000;
const ALWAYS = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }];
const LABEL = createHash('sha256').update('label of the lab').digest().subarray(0, 16);
const LOCK_ID = '1ab0000000000101';
const WIRING = { readers: [], panel: { kind: 'none' }, portals: [], locks: { radios: [{ kind: 'noble', device: 0 }] } };

export async function startLockCampus(below: string): Promise<LockCampus> {
  const folder = await mkdtemp(join(below, 'campus-'));
  const program: { gateway?: Program } = {};
  const close = async () => {
    await program.gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ports = await freePorts(2);
    program.gateway = launch(folder, ports);
    const [tokenFile, caFile] = await Promise.all(['token', 'CA'].map((name) => fileSaid(program.gateway, name)));
    if (tokenFile === undefined || caFile === undefined) throw new Error('the gateway names no files');
    const local = { url: `https://127.0.0.1:${ports}`, caFile, tokenFile };
    const api = new GatewayApi(local);
    const facts = await furnish(api, folder, local.url).finally(() => api.close());
    const factsFile = join(folder, 'facts.json');
    const all: LockCampusFacts = { ...facts, gatewayUrl: `https://${HOST_FOR_GUEST}:${ports}`, caFile, tokenFile };
    await writeFile(factsFile, JSON.stringify(all));
    return { factsFile, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function launch(folder: string, httpsPort: number): Program {
  const data = ['--data', join(folder, 'gateway'), '--demo-keys'];
  const ports = ['--https-port', `${httpsPort}`, '--mqtt-port', `${httpsPort + 1}`];
  const names = [HOST_FOR_GUEST, 'localhost', '127.0.0.1'].flatMap((name) => ['--name', name]);
  return Program.start({
    name: 'gateway',
    args: [bundle('gateway/main.mjs'), 'gateway', ...data, ...ports, ...names],
    logFile: join(folder, 'gateway.log'),
  });
}

async function fileSaid(program: Program | undefined, name: string): Promise<string | undefined> {
  const line = await program?.line(`  ${name}  `, START_MS);
  return line?.trim().split(/\s+/).slice(1).join(' ');
}

async function furnish(
  api: GatewayApi,
  folder: string,
  url: string,
): Promise<Omit<LockCampusFacts, 'gatewayUrl' | 'caFile' | 'tokenFile'>> {
  // The first lives in the room, the others anywhere else.
  const [resident, ...others] = residents(PEOPLE + 1).map((each, index) =>
    index === 0 ? { ...each, room: '101', group: '' } : { ...each, room: `2${index}`, group: GROUP },
  ) as [Resident, ...Resident[]];
  const stranger = others.pop() as Resident;
  const controllerFolder = join(folder, CORRIDOR);
  const { code } = await api.must<{ code: string }>('POST', '/v1/devices', { id: CORRIDOR, name: '走廊' });
  await enrol(folder, controllerFolder, url, code);
  await api.must('PUT', '/v1/schedules/always', { name: '全天', intervals: ALWAYS });
  await api.must('PUT', `/v1/groups/${GROUP}`, { name: GROUP });
  await api.must('PUT', `/v1/scopes/${SCOPE}`, { name: '101' });
  const { building, room } = resident;
  await api.must('PUT', `/v1/portals/${PORTAL}`, { name: '101 室', kind: 'lock', scope: SCOPE, building, room });
  const label = { portal: PORTAL, lockId: LOCK_ID, corridors: [CORRIDOR], code: labelText(LABEL) };
  await api.must('POST', '/v1/locks', label);
  await api.must('POST', '/v1/imports/people', peopleCsv([resident, ...others]));
  await api.must('POST', '/v1/imports/cards?form=hex', cardsCsv([resident, ...others]));
  return {
    controllerFolder,
    portal: PORTAL,
    scope: SCOPE,
    lockId: LOCK_ID,
    label: LABEL.toString('hex'),
    resident: { number: resident.number, uid: resident.uid },
    group: GROUP,
    groupSize: others.length,
    memberUid: others.at(-1)?.uid ?? '',
    strangerUid: stranger.uid,
  };
}

async function enrol(folder: string, controllerFolder: string, url: string, code: string): Promise<void> {
  const wiring = parseWiring(WIRING);
  if (!wiring.ok) throw new Error(`the lab's corridor has a wiring fault: ${JSON.stringify(wiring)}`);
  const wiringFile = join(folder, 'wiring.json');
  await writeFile(wiringFile, JSON.stringify(wiring.value));
  const where = ['--gateway', url, '--data', controllerFolder, '--code', code, '--wiring', wiringFile];
  const logFile = join(folder, 'enroll.log');
  await runToEnd({ name: 'enroll', args: [bundle('controller/main.mjs'), 'enroll', ...where], logFile }).catch(
    async (error: Error) => {
      throw new Error(`${error.message}\n${await readFile(logFile, 'utf8')}`);
    },
  );
}
