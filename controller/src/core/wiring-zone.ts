// SPDX-License-Identifier: Apache-2.0
// Form of what codes need beyond a scanner: the other controllers of the zone, and how far the clock may be believed.
import { z } from 'zod';

const port = z.int().min(1, 'use 1 to 65535').max(65_535, 'use 1 to 65535');

const address = z.string().refine((text) => {
  const [, host, number] = /^([0-9.]+):([0-9]{1,5})$/.exec(text) ?? [];
  return z.ipv4().safeParse(host).success && port.safeParse(Number(number)).success;
}, 'give IPv4 address and port, such as 10.0.3.12:4720');

/** Controllers whose gates share a zone tell each other of every code accepted, so that none is good at two of them. */
export const neighboursWiring = z.strictObject({
  /** UDP, at this controller. */
  port: port.default(4_720),
  /** Address of this machine to listen at. */
  host: z.ipv4('give an IPv4 address of this machine').default('0.0.0.0'),
  addresses: z.array(address).max(64),
});
export type NeighboursWiring = z.infer<typeof neighboursWiring>;

export const clockWiring = z.strictObject({
  /**
   * The machine has a battery-backed clock, or its own time server: after a start, codes are taken before the gateway has told
   * the time. Without, they wait for that.
   */
  keptWhileOff: z.boolean().default(false),
});
