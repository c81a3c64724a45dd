// SPDX-License-Identifier: Apache-2.0
// The controller's PC/SC readers against the real pcscd, the real nfc-pcsc and cards that are bytes on a socket.
import { PcscReaders } from '@latchkey/controller/adapters/pcsc-readers';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { systemRandom } from '@latchkey/controller/adapters/system-random';
import {
  ReaderEvents,
  type ReaderSourceHarness,
  readerSourceContract,
} from '@latchkey/controller/ports/reader-source.contract';
import { afterEach, describe, expect, it } from 'vitest';
import { missingForPcscd, Pcscd, type VirtualReader } from './pcscd.ts';
import { requirement } from './requirements.ts';
import {
  ATR_ISO_14443_4,
  type CardScript,
  garbledCard,
  leavingCard,
  refusingCard,
  silentCard,
  uidCard,
  VirtualCard,
} from './virtual-card.ts';

const pcsc = requirement('pcsc', missingForPcscd);
const WORKER = new URL('../../controller/src/adapters/pcsc-worker.ts', import.meta.url);
const UID = Uint8Array.of(0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0x80);

function readersOn(pcscd: Pcscd, wired: readonly VirtualReader[]): PcscReaders {
  const readers = wired.map(({ name }, index) => ({ name: `reader-${index + 1}`, match: name }));
  const { socketPath } = pcscd;
  return new PcscReaders({ readers, worker: WORKER, clock: systemClock, random: systemRandom, socketPath });
}

async function contractHarness(): Promise<ReaderSourceHarness> {
  const pcscd = await Pcscd.start();
  const cards = new Map<string, VirtualCard>();
  const put = async (reader: string, script: CardScript) => {
    const { port } = pcscd.readers[Number(reader.slice(-1)) - 1] as VirtualReader;
    cards.set(reader, await VirtualCard.insert(port, script));
  };
  return {
    source: readersOn(pcscd, pcscd.readers),
    readers: ['reader-1', 'reader-2'],
    present: async (reader, uid) => put(reader, uidCard(uid)),
    presentUnreadable: async (reader) => put(reader, refusingCard(0x6a81)),
    remove: async (reader) => cards.get(reader)?.remove(),
    lose: async () => pcscd.kill(),
    restore: async () => pcscd.restart(),
    close: async () => pcscd.close(),
  };
}

describe.skipIf(!pcsc.available)('PC/SC readers under the real pcscd', () => {
  const cleanups: (() => Promise<void>)[] = [];
  const later = <T extends { close(): Promise<void> }>(resource: T): T => {
    cleanups.push(async () => resource.close());
    return resource;
  };
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const start = async (drivers = 1) => {
    const pcscd = later(await Pcscd.start({ drivers }));
    const events = new ReaderEvents();
    await later(readersOn(pcscd, pcscd.readers)).start(events.listener);
    await events.until('attached', 'reader-1');
    const port = (pcscd.readers[0] as VirtualReader).port;
    return { pcscd, events, port };
  };

  readerSourceContract(contractHarness);

  it('loses none of 200 taps, 50 in a row at each of four readers', { timeout: 300_000 }, async () => {
    const { pcscd, events } = await start(2);
    const tapped: Record<string, string[]> = {};
    const tapAll = async ({ port }: VirtualReader, reader: string) => {
      const uids: string[] = [];
      tapped[reader] = uids;
      await events.until('attached', reader);
      for (let tap = 1; tap <= 50; tap += 1) {
        const card = await VirtualCard.insert(port, uidCard(Uint8Array.of(4, tap, port & 0xff, 7, 7, 7, 7)));
        await events.until('card', reader, tap);
        await card.remove();
        await events.until('removed', reader, tap);
        uids.push(`4,${tap},${port & 0xff},7,7,7,7`);
      }
    };
    await Promise.all(pcscd.readers.map(async (reader, index) => tapAll(reader, `reader-${index + 1}`)));
    for (const [reader, uids] of Object.entries(tapped)) {
      expect(events.of('card', reader).map((card) => card.uid.join(','))).toEqual(uids);
    }
    expect(Object.values(tapped).flat()).toHaveLength(200);
    expect(events.of('unreadable')).toEqual([]);
  });

  it('reads the UID of an ISO 14443-4 card and sends it nothing else', async () => {
    const { events, port } = await start();
    const commands: string[] = [];
    const card = uidCard(UID, ATR_ISO_14443_4);
    const answer: CardScript['answer'] = (command) => {
      commands.push(Buffer.from(command).toString('hex'));
      return card.answer(command);
    };
    await VirtualCard.insert(port, { atr: card.atr, answer });
    expect(await events.until('card', 'reader-1')).toMatchObject({ uid: UID, atr: new Uint8Array(ATR_ISO_14443_4) });
    expect(commands).toEqual(['ffca000000']);
  });

  it.each([
    ['a random UID', uidCard(Uint8Array.of(0x08, 1, 2, 3)), /random UID/],
    ['a UID of a length no campus card has', uidCard(Uint8Array.of(1, 2, 3, 4, 5)), /4, 7 or 10 bytes/],
    ['a blank UID', uidCard(new Uint8Array(4)), /unprogrammed/],
    ['an answer to reset that makes no sense', garbledCard(), /could not be connected/],
    ['a hasty hand', leavingCard(), /not read to the end|empty answer/],
    ['a refusal', refusingCard(0x6982), /6982.*authenticate/],
  ])('tells why a card gives no number: %s', async (_, script, reason) => {
    const { events, port } = await start();
    await VirtualCard.insert(port, script);
    expect((await events.until('unreadable', 'reader-1')).detail).toMatch(reason);
    expect(events.of('card')).toEqual([]);
  });

  it('gives up on a card that never answers; its reader counts as lost, the other goes on', {
    timeout: 60_000,
  }, async () => {
    const { pcscd, events, port } = await start();
    const card = await VirtualCard.insert(port, silentCard());
    expect((await events.until('unreadable', 'reader-1')).detail).toMatch(/did not answer/);
    await events.until('detached', 'reader-1');
    await VirtualCard.insert((pcscd.readers[1] as VirtualReader).port, uidCard(UID));
    await events.until('card', 'reader-2');
    await card.remove();
    await events.until('attached', 'reader-1', 2);
    await VirtualCard.insert(port, uidCard(UID));
    await events.until('card', 'reader-1');
    expect(events.of('detached', 'reader-2')).toEqual([]);
  });

  it('does not tell a card again that still lies there after pcscd was killed and restarted', async () => {
    const { pcscd, events, port } = await start();
    await VirtualCard.insert(port, uidCard(UID));
    await events.until('card', 'reader-1');
    await pcscd.kill();
    await events.until('detached', 'reader-1');
    let again: VirtualCard | undefined;
    await pcscd.restart(async () => {
      // pcscd took the card's connection with it: here is the same card, seen by pcscd before the readers are found again.
      again = await VirtualCard.insert(port, uidCard(UID));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    });
    await events.until('attached', 'reader-1', 2);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(events.of('card')).toHaveLength(1);
    await again?.remove();
    await events.until('removed', 'reader-1');
    await VirtualCard.insert(port, uidCard(UID));
    await events.until('card', 'reader-1', 2);
  });

  it('waits for a pcscd that does not run yet', async () => {
    const pcscd = later(await Pcscd.start());
    await pcscd.kill();
    const events = new ReaderEvents();
    await later(readersOn(pcscd, pcscd.readers)).start(events.listener);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(events.all).toEqual([]);
    await pcscd.restart();
    await events.until('attached', 'reader-2');
  });

  it('is not held up by a pcscd that accepts connections and never answers', { timeout: 60_000 }, async () => {
    const pcscd = later(await Pcscd.start());
    pcscd.freeze(true);
    const events = new ReaderEvents();
    await later(readersOn(pcscd, pcscd.readers)).start(events.listener);
    const before = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(performance.now() - before).toBeLessThan(1_500);
    pcscd.freeze(false);
    await events.until('attached', 'reader-1');
  });

  it('takes up readers that are plugged in later', async () => {
    const pcscd = later(await Pcscd.start());
    const added = await pcscd.addDriver();
    const events = new ReaderEvents();
    await later(readersOn(pcscd, [...pcscd.readers])).start(events.listener);
    await events.until('attached', 'reader-2');
    expect(events.of('attached', 'reader-3')).toEqual([]);
    await pcscd.restart();
    await events.until('attached', 'reader-3');
    await VirtualCard.insert((added[0] as VirtualReader).port, uidCard(UID));
    await events.until('card', 'reader-3');
  });
});
