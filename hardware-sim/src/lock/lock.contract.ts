// SPDX-License-Identifier: Apache-2.0
// What a corridor relies on of a lock, through whatever radio: found by its advertisement, a session, a list, an opening, its log.

import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { pushList, readStatus, tellTime } from '@latchkey/controller/core/lock-push';
import { openLockSession } from '@latchkey/controller/core/lock-session';
import type { LockRadio } from '@latchkey/controller/ports/lock-radio';
import { shortIdOf } from '@latchkey/protocols/lock/advertisement';
import { readLogRecords } from '@latchkey/protocols/lock/messages';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { expect, it } from 'vitest';
import { CORRIDOR, createLockRig, LOCK_ID, type LockRig, must, uidOf } from './lock.test-support.ts';
import type { SimulatedLock } from './simulated-lock.ts';

const WAIT_MS = 3_000;

export function lockContract(radioFor: (locks: readonly SimulatedLock[]) => LockRadio): void {
  /** Furnished in memory, then met through the radio on the real clock. */
  async function met(cards: readonly number[]) {
    const rig = await createLockRig({ isLive: true });
    await rig.furnish(cards);
    const radio = radioFor([rig.lock]);
    let address: string | undefined;
    await radio.start((seen) => {
      if (shortIdOf(seen.manufacturerData.slice(2)) === LOCK_ID.slice(0, 8)) ({ address } = seen);
    });
    await expect.poll(() => address, { timeout: WAIT_MS }).toBeDefined();
    return { rig, radio, address: address as string };
  }

  async function session({ rig, radio, address }: { rig: LockRig; radio: LockRadio; address: string }) {
    const link = await radio.connect(address, WAIT_MS);
    const ephemeral = keyPair(crypto.getRandomValues(new Uint8Array(32)));
    const peer = rig.lock.key();
    const parts = { link, lockId: LOCK_ID, own: CORRIDOR, peer, ephemeral, clock: systemClock, deadlineMs: WAIT_MS };
    return must(await openLockSession(parts));
  }

  it('is met, takes a list, opens by ticket, and gives its log', { timeout: 20_000 }, async () => {
    const all = await met([1, 2]);
    const { rig } = all;
    const opened = await session(all);
    must(await tellTime(opened, await rig.beat()));
    const image = await rig.image(2, [2, 3]);
    must(await pushList(opened, must(await readStatus(opened)), image));
    const replies: string[] = [];
    const said = await opened.converse(
      [{ kind: 'open', tail: rig.ticket() }],
      (reply) => {
        replies.push(reply.kind);
        return reply.kind === 'accepted' ? undefined : reply;
      },
      WAIT_MS,
    );
    expect([said.ok, replies]).toEqual([true, ['accepted', 'done']]);
    expect(rig.lock.body.bolt).toBe('drawn');
    const log = must(await opened.request({ kind: 'log-get', from: 0, most: 40 }, WAIT_MS));
    const records = log.kind === 'log' ? must(readLogRecords(log.tail)) : [];
    expect(records.map(({ kind }) => kind)).toEqual(expect.arrayContaining([16, 3]));
    await opened.close();
    expect((await rig.lock.present(uidOf(3), 'uid-only'))?.outcome).toBe('granted');
  });

  it('is met again after each link, and by one at a time', { timeout: 20_000 }, async () => {
    const all = await met([1]);
    for (let time = 0; time < 3; time += 1) {
      const opened = await session(all);
      must(await readStatus(opened));
      await opened.close();
    }
    const first = await session(all);
    // Refused as busy by the lock, or not connected at all by a radio that gives each lock one link.
    await expect(session(all)).rejects.toThrow(/busy|timeout|already connected/i);
    expect(first.isOpen()).toBe(true);
    await first.close();
    await (await session(all)).close();
  });

  it('goes on with a transfer after its power was gone half way', { timeout: 20_000 }, async () => {
    const all = await met([1]);
    const { rig } = all;
    const image = await rig.image(
      2,
      Array.from({ length: 600 }, (_, card) => card),
    );
    const opened = await session(all);
    must(await tellTime(opened, await rig.beat()));
    const { operations } = rig.lock.flash;
    rig.lock.flash.cutAt({ operation: operations + 30, part: 'half' });
    expect(await pushList(opened, must(await readStatus(opened)), image)).toMatchObject({ ok: false });
    await expect.poll(() => rig.lock.hasPower()).toBe(false);
    await rig.lock.powerUp();
    const again = await session(all);
    must(await tellTime(again, await rig.beat()));
    must(await pushList(again, must(await readStatus(again)), image));
    await again.close();
    expect((await rig.lock.present(uidOf(599), 'uid-only'))?.outcome).toBe('granted');
  });
}
