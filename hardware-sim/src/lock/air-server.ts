// SPDX-License-Identifier: Apache-2.0
// Simulated locks at a socket, for corridor controllers with a simulated radio: JSON lines, a frame in base64 on each
// (controller/src/adapters/simulated-radio.ts).
import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { parseBenchAddress } from '@latchkey/controller/adapters/bench-address';
import { jsonLine, lineReader, parseJson } from '@latchkey/controller/adapters/json-lines';
import { type fromAir, toAir } from '@latchkey/controller/adapters/simulated-radio';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { type LockLink, type LockRadio, LockRadioError } from '@latchkey/controller/ports/lock-radio';
import type { z } from 'zod';
import { createMemoryRadio, type MemoryAir } from './memory-radio.ts';

export interface AirServerOptions {
  /** `127.0.0.1:PORT` or the path of a Unix socket. */
  readonly listen: string;
  readonly air: MemoryAir;
  /** A frame over the air. */
  readonly frameMs?: number;
  readonly connectMs?: number;
}

export interface AirServer {
  close(): Promise<void>;
}

export async function startAirServer(options: AirServerOptions): Promise<AirServer> {
  const address = parseBenchAddress(options.listen);
  if (!address.ok) throw new Error(address.detail ?? address.code);
  const sockets = new Set<Socket>();
  let radios = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    radios += 1;
    const { air, frameMs = 2, connectMs = 60 } = options;
    const radio = createMemoryRadio({ name: `hci${radios}`, air, timers: systemClock, frameMs, connectMs });
    serveRadio(socket, radio);
    socket.once('close', () => {
      sockets.delete(socket);
      void radio.close();
    });
  });
  await listening(server, address.value);
  // Whoever speaks to it draws bolts.
  if ('path' in address.value) await chmod(address.value.path, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const listening = (server: Server, address: { path: string } | { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function serveRadio(socket: Socket, radio: LockRadio): void {
  const links = new Map<number, LockLink>();
  const say = (message: z.infer<typeof fromAir>) => {
    if (socket.writable) socket.write(jsonLine(message));
  };

  async function connect(number: number, address: string, deadlineMs: number): Promise<void> {
    try {
      const link = await radio.connect(address, deadlineMs);
      links.set(number, link);
      say({ kind: 'linked', link: number, room: link.room });
      link.onFrame((frame) => say({ kind: 'frame', link: number, data: base64(frame) }));
      link.onClosed(() => {
        links.delete(number);
        say({ kind: 'closed', link: number });
      });
    } catch (error) {
      say({ kind: 'failed', link: number, code: error instanceof LockRadioError ? error.code : 'radio-down' });
    }
  }

  function onLine(line: string): void {
    const message = toAir.safeParse(parseJson(line));
    if (!message.success) return void socket.destroy();
    const said = message.data;
    const link = links.get(said.link);
    if (said.kind === 'connect') void connect(said.link, said.address, said.deadlineMs);
    else if (said.kind === 'close') void link?.close();
    // A link that is lost says so by itself.
    else link?.write(new Uint8Array(Buffer.from(said.data, 'base64'))).catch(() => undefined);
  }

  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on(
    'data',
    lineReader(onLine, () => socket.destroy()),
  );
  void radio.start(({ address, rssi, manufacturerData }) =>
    say({ kind: 'seen', address, rssi, data: base64(manufacturerData) }),
  );
}
