// SPDX-License-Identifier: Apache-2.0
// Neighbours of a zone over real UDP, and the network in memory that other tests use: one contract.
import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { zoneLinkContract } from '../ports/zone-link.contract.ts';
import { zoneNetwork } from '../ports/zone-link.test-support.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { ZoneNeighbours } from './zone-neighbours.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function taken(port = 0): Promise<{ readonly port: number; close(): Promise<void> }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(resolve)) };
}

async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, async () => taken()));
  await Promise.all(held.map(async (each) => each.close()));
  return held.map(({ port }) => port);
}

function neighbours(port: number, others: readonly number[], lines: string[] = []): ZoneNeighbours {
  const made = new ZoneNeighbours({
    host: '127.0.0.1',
    port,
    addresses: others.map((other) => `127.0.0.1:${other}`),
    clock: systemClock,
    random: systemRandom,
    log: (message) => lines.push(message),
  });
  cleanups.push(async () => made.close());
  return made;
}

describe('UDP', () => {
  zoneLinkContract(async () => {
    const ports = await freePorts(3);
    const link = (own: number) => {
      const others = ports.filter((_, index) => index !== own);
      return neighbours(ports[own] ?? 0, others);
    };
    return { links: [link(0), link(1), link(2)] };
  });

  it('a port that is taken is tried again until it is free, and told once', async () => {
    const holder = await taken();
    const [other = 0] = await freePorts(1);
    const lines: string[] = [];
    const heard: number[] = [];
    await neighbours(holder.port, [other], lines).start((datagram) => void heard.push(datagram[0] ?? -1));
    const sender = neighbours(other, [holder.port]);
    await sender.start(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(lines).toEqual(['neighbours of the zone cannot be heard, trying on']);
    await holder.close();
    await expect.poll(() => lines.at(-1), { timeout: 5_000 }).toBe('neighbours of the zone are heard');
    sender.send(Uint8Array.of(9));
    await expect.poll(() => heard).toEqual([9]);
  });
});

describe('in memory', () => {
  zoneLinkContract(async () => {
    const network = zoneNetwork();
    return { links: [network.join(), network.join(), network.join()] };
  });
});
