// SPDX-License-Identifier: Apache-2.0
// What every ZoneLink keeps, whatever carries its datagrams. Each adapter's suite calls this with a harness of its own.
import { expect, it } from 'vitest';
import type { ZoneLink } from './zone-link.ts';

export interface ZoneLinkHarness {
  /** Each names the two others as its neighbours; not started. */
  readonly links: readonly [ZoneLink, ZoneLink, ZoneLink];
}

export function zoneLinkContract(make: () => Promise<ZoneLinkHarness>): void {
  async function started() {
    const { links } = await make();
    const heard: number[][] = [[], [], []];
    await Promise.all(
      links.map(async (link, index) => link.start((datagram) => void heard[index]?.push(datagram[0] ?? -1))),
    );
    return { links, heard, close: async () => void (await Promise.all(links.map(async (link) => link.close()))) };
  }

  it('what one sends, every neighbour hears, and not itself', async () => {
    const { links, heard, close } = await started();
    links[0].send(Uint8Array.of(7));
    await expect.poll(() => heard).toEqual([[], [7], [7]]);
    await close();
  });

  it('a neighbour that is gone is no error, and the others hear on', async () => {
    const { links, heard, close } = await started();
    await links[1].close();
    for (const n of [1, 2, 3]) links[0].send(Uint8Array.of(n));
    await expect.poll(() => heard[2]).toEqual([1, 2, 3]);
    expect(heard[1]).toEqual([]);
    await close();
  });

  it('before its start and after its end, sending is nothing', async () => {
    const { links } = await make();
    links[0].send(Uint8Array.of(1));
    await links[0].start(() => undefined);
    await links[0].close();
    links[0].send(Uint8Array.of(1));
    await links[0].close();
  });
}
