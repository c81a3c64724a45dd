// SPDX-License-Identifier: Apache-2.0
// A pair of pseudo-terminals, joined by socat: the controller's real serialport opens one end, a simulated scanner writes to
// the other. Both keep their names when the pair is pulled out and plugged in again.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access, type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READY_TIMEOUT_MS = 10_000;

/** What is missing to make pairs, with the fix; undefined when all is there. */
export function missingForPtyPairs(): string | undefined {
  if (process.platform === 'win32') return 'pseudo-terminals need Linux or macOS';
  return spawnSync('socat', ['-V']).error ? 'no socat; run: apt-get install socat' : undefined;
}

export class PtyPair {
  /** The end the controller opens. */
  readonly path: string;
  readonly #folder: string;
  #socat: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  /** Both ends stay open here: socat ends with the last user of one. */
  #held: readonly FileHandle[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'controller');
  }

  static async start(): Promise<PtyPair> {
    const pair = new PtyPair(await mkdtemp(join(tmpdir(), 'lk-pty-')));
    await pair.plug();
    return pair;
  }

  /** The scanner sends. Resolves when the bytes are on their way. */
  async send(bytes: Uint8Array | string): Promise<void> {
    const [scanner] = this.#held;
    if (scanner === undefined) throw new Error('the pair is pulled out');
    const all = Buffer.from(bytes as Uint8Array);
    for (let sent = 0; sent < all.length; ) sent += (await scanner.write(all, sent)).bytesWritten;
  }

  /** The cable is pulled out: whoever has the other end open sees it end. */
  async pull(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    this.#socat?.kill('SIGKILL');
    await this.#exited;
    this.#socat = undefined;
    await Promise.all(held.map(async (end) => end.close()));
    for (const end of [this.path, this.#scannerEnd]) await rm(end, { force: true });
  }

  async plug(): Promise<void> {
    const pty = (link: string) => `pty,raw,echo=0,mode=600,link=${link}`;
    const socat = spawn('socat', [pty(this.#scannerEnd), pty(this.path)], { stdio: 'ignore' });
    this.#socat = socat;
    this.#exited = new Promise((resolve) => {
      socat.once('exit', () => resolve());
      socat.once('error', () => resolve());
    });
    await untilThere(socat, [this.#scannerEnd, this.path]);
    const flags = constants.O_RDWR | constants.O_NOCTTY;
    this.#held = await Promise.all([open(this.#scannerEnd, flags), open(this.path, flags)]);
  }

  async close(): Promise<void> {
    await this.pull();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #scannerEnd(): string {
    return join(this.#folder, 'scanner');
  }
}

async function untilThere(socat: ChildProcess, paths: readonly string[]): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (const path of paths) {
    while (!(await exists(path))) {
      if (socat.exitCode !== null || Date.now() > deadline) throw new Error('socat made no pair of pseudo-terminals');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
