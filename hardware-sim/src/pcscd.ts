// SPDX-License-Identifier: Apache-2.0
// A private instance of the real pcscd with virtual readers (vsmartcard-vpcd), beside whatever the machine itself runs.
// Its socket path is compiled in, so it gets a mount namespace of its own in which /run/pcscd is a folder of ours; clients
// find it through PCSCLITE_CSOCK_NAME.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { freePorts } from './free-ports.ts';

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
const KEPT_LOG_LINES = 200;

/** Runs in the new namespace: an empty /run, our folder as /run/pcscd, then pcscd in place of the shell. */
const IN_NAMESPACE =
  'mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --bind "$0" /run/pcscd && exec pcscd --foreground --error -c "$1"';

export interface PcscdOptions {
  /** Drivers to begin with; each brings two readers. Default 1. */
  readonly drivers?: number;
}

/** A virtual reader: its PC/SC name and the TCP port on which a virtual card is put on it. */
export interface VirtualReader {
  readonly name: string;
  readonly port: number;
}

/** What is missing to run a private pcscd with virtual readers, with the fix; undefined when all is there. */
export function missingForPcscd(): string | undefined {
  if (process.platform !== 'linux') return 'virtual readers need Linux';
  if (!existsSync(DRIVER))
    return 'no virtual reader driver; run: apt-get install pcscd vsmartcard-vpcd libpcsclite-dev';
  if (spawnSync('pcscd', ['--version']).error) return 'no pcscd; run: apt-get install pcscd';
  const probe = spawnSync('unshare', [...unshareFlags(), 'mount', '-t', 'tmpfs', 'tmpfs', '/run'], {
    encoding: 'utf8',
  });
  if (probe.status === 0) return undefined;
  return `no mount namespace of its own (${(probe.stderr ?? '').trim()}); run as root or allow user namespaces`;
}

const unshareFlags = (): string[] => (process.getuid?.() === 0 ? ['--mount'] : ['--map-root-user', '--mount']);

/** May be killed and started again; readers and ports stay the same. */
export class Pcscd {
  /** Environment of the clients that shall find this instance. */
  readonly env: Readonly<{ PCSCLITE_CSOCK_NAME: string }>;
  readonly socketPath: string;
  readonly #folder: string;
  readonly #readers: VirtualReader[] = [];
  readonly #log: string[] = [];
  #drivers = 0;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
    this.socketPath = join(folder, 'run', 'pcscd.comm');
    this.env = { PCSCLITE_CSOCK_NAME: this.socketPath };
  }

  static async start(options: PcscdOptions = {}): Promise<Pcscd> {
    const folder = await mkdtemp(join(tmpdir(), 'lk-pcscd-'));
    await mkdir(join(folder, 'conf'));
    const pcscd = new Pcscd(folder);
    for (let index = 0; index < (options.drivers ?? 1); index += 1) await pcscd.addDriver();
    await pcscd.restart();
    return pcscd;
  }

  get readers(): readonly VirtualReader[] {
    return this.#readers;
  }

  /** Last lines pcscd printed. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** SIGKILL, as the out-of-memory killer would: sockets and files are left behind. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
    this.#child = undefined;
  }

  /** Holds the daemon still without ending it: connections are accepted and never answered. */
  freeze(frozen: boolean): void {
    this.#child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Starts again after kill(), or for the first time. Clients find it when `beforeClients` has ended: cards laid there lie there. */
  async restart(beforeClients: () => Promise<void> = async () => undefined): Promise<void> {
    await this.kill();
    const [run, starting] = [dirname(this.socketPath), join(this.#folder, 'starting')];
    for (const folder of [run, starting]) await rm(folder, { recursive: true, force: true });
    await mkdir(starting);
    const args = [...unshareFlags(), 'sh', '-c', IN_NAMESPACE, starting, join(this.#folder, 'conf')];
    const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => this.#keep(chunk));
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    this.#child = child;
    await this.#untilReady(child, join(starting, basename(this.socketPath)));
    await beforeClients();
    await rename(starting, run);
  }

  /** Adds a driver, that is two readers, which are there from the next restart on: vpcd knows no plugging in. */
  async addDriver(): Promise<readonly VirtualReader[]> {
    const before = this.#readers.length;
    await this.#writeDriver();
    return this.#readers.slice(before);
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #writeDriver(): Promise<void> {
    const port = await freePorts(2);
    const name = `Latchkey Lab ${String.fromCharCode(0x41 + this.#drivers)}`;
    const hex = `0x${port.toString(16).toUpperCase()}`;
    // A copy each: within one library the second driver's slots would take the first one's sockets.
    const library = join(this.#folder, `libifdvpcd-${this.#drivers}.so`);
    await copyFile(DRIVER, library);
    const lines = [`FRIENDLYNAME "${name}"`, `DEVICENAME /dev/null:${hex}`, `LIBPATH ${library}`, `CHANNELID ${hex}`];
    // One file for all: files of a folder are read, and so numbered, in no particular order.
    await appendFile(join(this.#folder, 'conf', 'lab.conf'), `${lines.join('\n')}\n`);
    // pcscd appends a number among drivers of the same name, and the slot.
    for (const slot of [0, 1]) this.#readers.push({ name: `${name} 00 0${slot}`, port: port + slot });
    this.#drivers += 1;
  }

  async #untilReady(child: ChildProcess, socketPath: string): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!(await answers(socketPath))) {
      if (child.exitCode !== null) throw new Error(`pcscd ended with ${child.exitCode}:\n${this.#log.join('\n')}`);
      if (Date.now() > deadline) throw new Error(`pcscd did not open its socket:\n${this.#log.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #keep(chunk: Buffer): void {
    this.#log.push(...chunk.toString('utf8').trimEnd().split('\n'));
    this.#log.splice(0, Math.max(0, this.#log.length - KEPT_LOG_LINES));
  }
}

async function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
