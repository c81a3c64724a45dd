// SPDX-License-Identifier: Apache-2.0
// TCP ports that nobody listens on. The vpcd driver takes its ports from a file, so they must be chosen before it starts.
import { createServer, type Server } from 'node:net';

/** Below Linux's ephemeral range, so that no outgoing connection takes a port between the look and the use. */
const LOWEST = 20_000;
const SPAN = 12_000;

/** Returns the first of `count` consecutive ports that were free a moment ago. `unit`: uniform in [0, 1). */
export async function freePorts(count: number, unit: () => number = Math.random): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = LOWEST + Math.floor(unit() * (SPAN - count));
    const servers = await Promise.all(Array.from({ length: count }, (_, index) => tryListen(first + index)));
    await Promise.all(servers.map(async (server) => server && stop(server)));
    if (servers.every((server) => server !== undefined)) return first;
  }
  throw new Error(`found no ${count} consecutive free TCP ports`);
}

async function tryListen(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, () => resolve(server));
  });
}

const stop = async (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
