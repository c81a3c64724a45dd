// SPDX-License-Identifier: Apache-2.0
// A whole campus on one machine: the real gateway and the real gate controllers as processes of their own, simulated benches
// and network cables between them. `npm start` and the scenario tests stand on it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchLayout } from '../bench-layout.ts';
import { BenchServer } from '../bench-server.ts';
import type { CardHolder, SimulatedCampus } from '../control-commands.ts';
import { DoorBench, type Manners } from '../door-bench.ts';
import { freePorts } from '../free-ports.ts';
import type { SimulatedLibrary } from '../library/simulated-library.ts';
import type { NetworkLink } from '../network.ts';
import { Pcscd } from '../pcscd.ts';
import { PcscdHand } from '../pcscd-hand.ts';
import { bundle } from './bundle.ts';
import {
  CORRIDOR,
  type Corridor,
  enterRooms,
  hangLocks,
  locksInForce,
  type RoomDoor,
  writeCorridorWiring,
} from './corridor.ts';
import { announce, enrol } from './enrolment.ts';
import { enterGroups, enterLevels, GATES, type GatePlan, gateWiring, readersOf, SCOPE } from './gates.ts';
import { GatewayApi } from './gateway-api.ts';
import { DESK, enterDesk, LIBRARY, type LibraryDesk, openDesk, stationOf } from './library-desk.ts';
import { listsInForce } from './lists-in-force.ts';
import { Program } from './program.ts';
import { cardsCsv, peopleCsv, type Resident, residents } from './residents.ts';

export interface CampusOptions {
  /** Made when missing; must be empty. */
  readonly dataDir: string;
  readonly residents: number;
  /** Readers are virtual ones of a real pcscd, read through nfc-pcsc. */
  readonly pcsc?: boolean;
  readonly manners?: Manners;
  /** Port of the first gate's lane display; the others follow. Without it there are none. */
  readonly displayPort?: number;
  /** Serial device of a code scanner at the way in of a gate. */
  readonly scanners?: ReadonlyMap<string, string>;
  /** The gateway serves its pages on this port of localhost too, without TLS. */
  readonly httpPort?: number;
  /** Rooms with smart locks, and the controller that serves them. */
  readonly corridor?: boolean;
  /** A library's counter, its page on this port, and a library system behind it. */
  readonly deskPort?: number;
}

const START_TIMEOUT_MS = 60_000;
export class Campus implements SimulatedCampus {
  readonly people: readonly (CardHolder & Resident)[];
  readonly benches = new Map<string, DoorBench>();
  readonly links = new Map<string, NetworkLink>();
  readonly gates: readonly GatePlan[] = GATES;
  #corridor: Corridor | undefined;
  #desk: LibraryDesk | undefined;
  readonly #options: CampusOptions;
  readonly #programs = new Map<string, Program>();
  #ports: { readonly https: number; readonly mqtt: number } = { https: 0, mqtt: 0 };
  #server: BenchServer | undefined;
  /** In a folder of its own, only ours: a socket's path may be 100 characters long, a checkout's may be longer. */
  #socketFolder: string | undefined;
  #pcscd: Pcscd | undefined;
  #api: GatewayApi | undefined;
  #credentials = { caFile: '', tokenFile: '' };

  private constructor(options: CampusOptions) {
    this.#options = options;
    this.people = residents(options.residents);
  }

  /** A gateway that runs and knows nobody yet. Closes what it opened when something fails. */
  static async start(options: CampusOptions): Promise<Campus> {
    const campus = new Campus(options);
    try {
      await mkdir(options.dataDir, { recursive: true });
      const first = await freePorts(2);
      campus.#ports = { https: first, mqtt: first + 1 };
      await campus.startGateway();
      return campus;
    } catch (error) {
      await campus.close();
      throw error;
    }
  }

  get api(): GatewayApi {
    if (this.#api === undefined) throw new Error('the gateway is not running');
    return this.#api;
  }

  /** Files with which anyone on this machine may call the API. */
  get credentials(): { readonly caFile: string; readonly tokenFile: string } {
    return this.#credentials;
  }

  get gatewayUrl(): string {
    return `https://127.0.0.1:${this.#ports.https}`;
  }

  get gatewayFolder(): string {
    return join(this.#options.dataDir, 'gateway');
  }

  controllerFolder(device: string): string {
    return join(this.#options.dataDir, device);
  }

  logFile(name: string): string {
    return join(this.#options.dataDir, `${name}.log`);
  }

  /** The process of `gateway` or of a controller. */
  program(name: string): Program {
    return needed(this.#programs, name, 'program');
  }

  bench(device: string): DoorBench {
    return needed(this.benches, device, 'bench');
  }

  link(device: string): NetworkLink {
    return needed(this.links, device, 'link');
  }

  async startGateway(): Promise<void> {
    const { https, mqtt } = this.#ports;
    const args = ['--data', this.gatewayFolder, '--https-port', `${https}`, '--mqtt-port', `${mqtt}`, '--demo-keys'];
    const { httpPort } = this.#options;
    if (httpPort !== undefined) args.push('--http-port', `${httpPort}`);
    const program = this.#launch('gateway', [bundle('gateway/main.mjs'), 'gateway', ...args]);
    const lines = await Promise.all([
      program.line('  token  ', START_TIMEOUT_MS),
      program.line('  CA  ', START_TIMEOUT_MS),
    ]);
    const [tokenFile = '', caFile = ''] = lines.map((line) => line.trim().split(/\s+/).slice(1).join(' '));
    this.#credentials = { caFile, tokenFile };
    this.#api?.close();
    this.#api = new GatewayApi({ url: this.gatewayUrl, caFile, tokenFile });
  }

  /** Everything the card office and facilities enter: gates, people, cards, levels. Returns how long the imports took. */
  async furnish(): Promise<{ readonly importMs: number }> {
    const { api } = this;
    await enterGroups(api, this.gates);
    await this.#openBenches();
    for (const gate of this.gates) await this.#installGate(gate);
    if (this.#corridor) await this.#installCorridor(this.#corridor);
    if (this.#desk) await this.#installDesk();
    const since = performance.now();
    await api.must('POST', '/v1/imports/people', peopleCsv(this.people));
    await api.must('POST', '/v1/imports/cards?form=hex', cardsCsv(this.people));
    const importMs = performance.now() - since;
    await enterLevels(api, this.gates);
    return { importMs };
  }

  /** Starts a controller; resolves once it decides on its own. */
  async startController(device: string): Promise<Program> {
    const env = this.#pcscd ? { ...this.#pcscd.env } : {};
    const args = [bundle('controller/main.mjs'), 'controller', '--data', this.controllerFolder(device)];
    const program = this.#launch(device, args, env);
    await program.line('"message":"ready"', START_TIMEOUT_MS);
    return program;
  }

  async startControllers(): Promise<void> {
    const devices = [
      ...this.gates.map(({ device }) => device),
      ...(this.#corridor ? [CORRIDOR] : []),
      ...(this.#desk ? [DESK] : []),
    ];
    await Promise.all(devices.map(async (device) => this.startController(device)));
  }

  /** Address that opens the desk's page as its station; the desk was started. */
  deskLink(): Promise<string> {
    return stationOf(this.controllerFolder(DESK));
  }

  /** Doors with smart locks. */
  get rooms(): readonly RoomDoor[] {
    return this.#corridor?.rooms ?? [];
  }

  /** The library system behind the desk. */
  get library(): SimulatedLibrary | undefined {
    return this.#desk?.library;
  }

  /** Resolves once every lock is paired and says that it has the newest list. */
  async locksInForce(): Promise<void> {
    await locksInForce(this.api, this.rooms.length);
  }

  /** Resolves once every controller reports the newest list; returns its version. */
  async listsInForce(timeoutMs = START_TIMEOUT_MS): Promise<number> {
    return listsInForce(this.api, this.gates, timeoutMs);
  }

  async close(): Promise<void> {
    const controllers = [...this.#programs].filter(([name]) => name !== 'gateway').map(([, program]) => program);
    await Promise.allSettled(controllers.map(async (program) => program.stop()));
    await this.#programs.get('gateway')?.stop();
    this.#api?.close();
    await Promise.allSettled([...this.links.values()].map(async (link) => link.close()));
    await Promise.allSettled([...this.benches.values()].map(async (bench) => bench.close()));
    await this.#corridor?.close();
    await this.#desk?.library.close();
    await this.#server?.close();
    await this.#pcscd?.close();
    if (this.#socketFolder !== undefined) await rm(this.#socketFolder, { recursive: true, force: true });
  }

  async #openBenches(): Promise<void> {
    this.#pcscd = this.#options.pcsc ? await Pcscd.start({ drivers: this.gates.length }) : undefined;
    const readers = this.gates.flatMap(({ device }) => readersOf(device));
    const virtual = new Map(
      readers.flatMap((name, index) => {
        const reader = this.#pcscd?.readers[index];
        return reader ? [[name, reader] as const] : [];
      }),
    );
    this.#socketFolder = await mkdtemp(join(tmpdir(), 'latchkey-'));
    const socket = join(this.#socketFolder, 'bench.sock');
    const names = new Map([...virtual].map(([name, reader]) => [name, reader.name] as const));
    const { displayPort, scanners } = this.#options;
    for (const [index, { device }] of this.gates.entries()) {
      const display = displayPort === undefined ? undefined : { port: displayPort + index };
      const wiring = gateWiring(device, socket, names, { display, scanner: scanners?.get(device) });
      const bench = new DoorBench({
        layout: benchLayout(wiring),
        ...(this.#options.manners ? { manners: this.#options.manners } : {}),
        ...(virtual.size > 0 ? { hand: new PcscdHand(virtual) } : {}),
      });
      this.benches.set(device, bench);
      await writeFile(this.#wiringFile(device), JSON.stringify(wiring, undefined, 2));
    }
    if (this.#options.deskPort !== undefined) await this.#openDesk(socket, this.#options.deskPort);
    this.#server = await BenchServer.start({ listen: socket, benches: this.benches });
    if (this.#options.corridor) {
      const radio = join(this.#socketFolder, 'air.sock');
      this.#corridor = await hangLocks(radio);
      await writeCorridorWiring(this.#options.dataDir, radio);
    }
  }

  async #installGate({ device, name }: GatePlan): Promise<void> {
    const code = await announce(this.api, device, name);
    await this.api.must('PUT', `/v1/portals/${device}`, { name, scope: SCOPE, device });
    await this.#enrol(device, code);
  }

  async #openDesk(socket: string, pagePort: number): Promise<void> {
    this.#desk = await openDesk({ pagePort, socket, people: this.people });
    this.links.set(LIBRARY, this.#desk.cable);
    this.benches.set(DESK, this.#desk.bench);
    await writeFile(this.#wiringFile(DESK), JSON.stringify(this.#desk.wiring, undefined, 2));
  }

  async #installDesk(): Promise<void> {
    const code = await announce(this.api, DESK, '图书馆借还台');
    await enterDesk(this.api, [...new Set(this.gates.flatMap(({ groups }) => groups))]);
    await this.#enrol(DESK, code);
  }

  async #installCorridor(corridor: Corridor): Promise<void> {
    await this.#enrol(CORRIDOR, await announce(this.api, CORRIDOR, '1号楼一层走廊'));
    await enterRooms(this.api, corridor);
  }

  async #enrol(device: string, code: string): Promise<void> {
    const gateway = { url: this.gatewayUrl, mqttPort: this.#ports.mqtt };
    const folder = this.controllerFolder(device);
    const files = { folder, wiringFile: this.#wiringFile(device), logFile: this.logFile(`enroll-${device}`) };
    this.links.set(device, await enrol(gateway, { device, ...files }, code));
  }

  #launch(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const program = Program.start({ name, args, env, logFile: this.logFile(name) });
    this.#programs.set(name, program);
    return program;
  }

  #wiringFile(device: string): string {
    return join(this.#options.dataDir, `${device}.wiring.json`);
  }
}

function needed<T>(all: ReadonlyMap<string, T>, name: string, what: string): T {
  const found = all.get(name);
  if (found === undefined) throw new Error(`there is no ${what} of ${name}`);
  return found;
}
