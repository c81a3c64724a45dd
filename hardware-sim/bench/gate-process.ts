// SPDX-License-Identifier: Apache-2.0
// The shipped controller as a process of its own, with a bench of readers and relays that speaks the simulated hardware's lines.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface GateBench {
  /** For the wiring file. */
  readonly address: string;
  tap(reader: string, uid: string): void;
  /** Resolves with the monotonic time of the next relay order that energises. */
  nextRelease(): Promise<number>;
  close(): Promise<void>;
}

/** Answers every order at once. */
export async function openGateBench(readers: readonly string[]): Promise<GateBench> {
  const sockets = new Set<Socket>();
  let onRelease: (atMs: number) => void = () => undefined;
  const server: Server = createServer((socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const say = (line: object) => socket.write(`${JSON.stringify(line)}\n`);
    const lines = createInterface({ input: socket });
    // The socket's end is told by its own 'close'.
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      const message = JSON.parse(line) as { kind: string; id?: number; on?: boolean };
      if (message.kind === 'hello') return say({ kind: 'welcome', protocol: 1, readers, inputs: {} });
      if (message.on) onRelease(performance.now());
      return say({ kind: 'done', id: message.id });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    tap(reader, uid) {
      for (const socket of sockets)
        socket.write(`${JSON.stringify({ kind: 'card', reader, uid, class: 'uid-only' })}\n`);
    },
    nextRelease: () => new Promise((resolve) => (onRelease = resolve)),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

const PROGRAM = fileURLToPath(new URL('../../dist/controller/main.mjs', import.meta.url));

export function spawnController(
  dataDir: string,
  program = PROGRAM,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [program, 'controller', '--data', dataDir, '--log-level', 'error'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
}

/** Rejects when the process ends by itself: nobody should wait for a door that nobody runs. */
export function ended(child: ChildProcess): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.once('exit', (code) => code !== 0 && reject(new Error(`the controller ended with ${code}: npm run build?`)));
  });
}

/** Resident memory as the kernel counts it. */
export function residentMiB(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1_024;
}

export function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
