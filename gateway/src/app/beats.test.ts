// SPDX-License-Identifier: Apache-2.0
// The beat as controllers judge it: signed, in order over restarts, with the end of the deny chain.
import { BEAT, type Beat, judgeBeat } from '@latchkey/protocols/authorization/beat';
import { EMPTY_CHAIN } from '@latchkey/protocols/authorization/deny';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import { verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBeats } from './beats.ts';
import { SILENT } from './log.ts';
import { NOW_MS, openTestRegistry, type TestRegistry, value } from './registry/registry.test-support.ts';

let registry: TestRegistry;
let frames: Uint8Array[];
beforeEach(async () => {
  registry = await openTestRegistry();
  frames = [];
});
afterEach(() => registry.close());

const open = () => {
  const { campusId, epoch } = registry.keystore.root.document;
  return createBeats({
    database: registry.database,
    key: registry.keystore.key('deny'),
    campusId,
    epoch,
    nowMs: () => NOW_MS,
    denies: () => ({ seq: 0, chain: EMPTY_CHAIN }),
    broadcast: (frame) => frames.push(frame),
    log: SILENT,
    everyMs: 20,
  });
};

async function heard(): Promise<Beat[]> {
  const { keyring } = registry.keystore.root;
  const beats: Beat[] = [];
  for (const frame of frames) {
    const { payload } = value(await verifyFrame(frame, 'LKB1', keyring, 'deny'));
    const beat = value(BEAT.decode(payload));
    const last = beats.at(-1);
    const context = { root: keyring, last: last ?? null, overlay: EMPTY_OVERLAY };
    expect(judgeBeat(beat, { ...context, instant: { ms: NOW_MS, quality: 'synced' } })).toMatchObject({
      ok: true,
      value: { deny: 'current' },
    });
    beats.push(beat);
  }
  return beats;
}

it('goes out at the start and again and again, and a restart goes on with higher numbers', async () => {
  const first = open();
  await first.start();
  await expect.poll(() => frames.length).toBeGreaterThan(2);
  first.close();
  await first.beat();
  const again = open();
  await Promise.all([again.beat(), again.beat()]);
  again.close();
  const numbers = (await heard()).map(({ beatSeq }) => beatSeq);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.at(-1)).toBe((numbers.at(-2) ?? 0) + 1);
});
