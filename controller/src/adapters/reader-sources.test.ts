// SPDX-License-Identifier: Apache-2.0
// Several sources of readers behave as one.
import { expect, it } from 'vitest';
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';
import { joinReaders } from './reader-sources.ts';

function source(reader: string, failure?: string) {
  let closed = false;
  let tell: (event: ReaderEvent) => void = () => undefined;
  const made: ReaderSource = {
    async start(listener) {
      if (failure !== undefined) throw new Error(failure);
      tell = listener;
      listener({ kind: 'attached', reader });
    },
    async close() {
      closed = true;
    },
  };
  return { made, tell: (event: ReaderEvent) => tell(event), isClosed: () => closed };
}

it('events of every source reach the one listener, and all are closed together', async () => {
  const [cards, codes] = [source('cards'), source('codes')];
  const told: string[] = [];
  const joined = joinReaders([cards.made, codes.made]);
  await joined.start(({ kind, reader }) => told.push(`${kind} ${reader}`));
  codes.tell({ kind: 'code', reader: 'codes', text: '1', atMs: 0 });
  expect(told).toEqual(['attached cards', 'attached codes', 'code codes']);
  await joined.close();
  expect([cards.isClosed(), codes.isClosed()]).toEqual([true, true]);
});

it('a source that cannot start has its words passed on, and the others are closed', async () => {
  const cards = source('cards');
  const joined = joinReaders([cards.made, source('codes', 'npm install serialport').made]);
  await expect(joined.start(() => undefined)).rejects.toThrow('npm install serialport');
  expect(cards.isClosed()).toBe(true);
});
