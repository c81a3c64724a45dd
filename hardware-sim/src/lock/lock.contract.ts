// SPDX-License-Identifier: Apache-2.0
// What a corridor relies on of a lock, through whatever radio: found by its advertisement, a session, a list, an opening, its log.
// Without a test runner, so that the lab's virtual machine holds a lock to it as well.
import assert from 'node:assert/strict';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { pushList, readStatus, tellTime } from '@latchkey/controller/core/lock-push';
import { openLockSession } from '@latchkey/controller/core/lock-session';
import type { LockLink, LockRadio } from '@latchkey/controller/ports/lock-radio';
import { shortIdOf } from '@latchkey/protocols/lock/advertisement';
import { readLogRecords } from '@latchkey/protocols/lock/messages';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { CORRIDOR, createLockRig, LOCK_ID, type LockRig, must, uidOf } from './lock.test-support.ts';
import type { SimulatedLock } from './simulated-lock.ts';

export interface ContractAir {
  /** Hangs the lock in the air, and gives a radio that is to meet it there. Whoever made them closes both. */
  readonly radioFor: (lock: SimulatedLock) => LockRadio | Promise<LockRadio>;
  /** How long a step may take. */
  readonly waitMs?: number;
  /** Of one attempt, where the radio is a kernel's: one may come to nothing, and it is asked again within the step, as a corridor does. */
  readonly connectMs?: number;
}

interface ContractCase {
  readonly name: string;
  readonly run: (air: ContractAir) => Promise<void>;
}

const WAIT_MS = 3_000;
const POLL_MS = 20;

async function until(what: string, probe: () => boolean, waitMs: number): Promise<void> {
  for (const endMs = performance.now() + waitMs; !probe(); ) {
    if (performance.now() > endMs) throw new Error(`not within ${waitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

interface Met {
  readonly rig: LockRig;
  readonly radio: LockRadio;
  readonly address: string;
  readonly waitMs: number;
  readonly connectMs: number;
}

/** Furnished in memory, then met through the radio on the real clock. */
async function met(
  { radioFor, waitMs = WAIT_MS, connectMs = waitMs }: ContractAir,
  cards: readonly number[],
): Promise<Met> {
  const rig = await createLockRig({ isLive: true });
  await rig.furnish(cards);
  const radio = await radioFor(rig.lock);
  let address: string | undefined;
  await radio.start((seen) => {
    if (shortIdOf(seen.manufacturerData.slice(2)) === LOCK_ID.slice(0, 8)) ({ address } = seen);
  });
  await until('the lock is heard', () => address !== undefined, waitMs);
  return { rig, radio, address: address ?? '', waitMs, connectMs };
}

async function reached({ radio, address, waitMs, connectMs }: Met): Promise<LockLink> {
  for (const endMs = performance.now() + waitMs; ; ) {
    try {
      return await radio.connect(address, connectMs);
    } catch (error) {
      if (performance.now() + connectMs > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

const session = async (all: Met) => sessionOver(await reached(all), all);

async function sessionOver(link: LockLink, { rig, waitMs }: Met) {
  const ephemeral = keyPair(crypto.getRandomValues(new Uint8Array(32)));
  const peer = rig.lock.key();
  const parts = { link, lockId: LOCK_ID, own: CORRIDOR, peer, ephemeral, clock: systemClock, deadlineMs: waitMs };
  return must(await openLockSession(parts));
}

async function isServed(air: ContractAir): Promise<void> {
  const all = await met(air, [1, 2]);
  const { rig, waitMs } = all;
  const opened = await session(all);
  must(await tellTime(opened, await rig.beat()));
  must(await pushList(opened, must(await readStatus(opened)), await rig.image(2, [2, 3])));
  const replies: string[] = [];
  const said = await opened.converse(
    [{ kind: 'open', tail: rig.ticket() }],
    (reply) => {
      replies.push(reply.kind);
      return reply.kind === 'accepted' ? undefined : reply;
    },
    waitMs,
  );
  assert.deepEqual([said.ok, replies], [true, ['accepted', 'done']]);
  assert.equal(rig.lock.body.bolt, 'drawn');
  const log = must(await opened.request({ kind: 'log-get', from: 0, most: 40 }, waitMs));
  const kinds = log.kind === 'log' ? must(readLogRecords(log.tail)).map(({ kind }) => kind) : [];
  assert.ok(kinds.includes(16) && kinds.includes(3), `the log has ${kinds.join(', ')}`);
  await opened.close();
  assert.equal((await rig.lock.present(uidOf(3), 'uid-only'))?.outcome, 'granted');
}

async function isMetAgain(air: ContractAir): Promise<void> {
  const all = await met(air, [1]);
  for (let time = 0; time < 3; time += 1) {
    const opened = await session(all);
    must(await readStatus(opened));
    await opened.close();
  }
  const first = await session(all);
  // Refused as busy by the lock, or not connected at all by a radio that gives each lock one link.
  const second = async () => sessionOver(await all.radio.connect(all.address, all.connectMs), all);
  await assert.rejects(second(), /busy|timeout|already connected/i);
  assert.equal(first.isOpen(), true);
  await first.close();
  await (await session(all)).close();
}

async function survivesPower(air: ContractAir): Promise<void> {
  const all = await met(air, [1]);
  const { rig, waitMs } = all;
  const cards = Array.from({ length: 600 }, (_, card) => card);
  const image = await rig.image(2, cards);
  const opened = await session(all);
  must(await tellTime(opened, await rig.beat()));
  rig.lock.flash.cutAt({ operation: rig.lock.flash.operations + 30, part: 'half' });
  assert.equal((await pushList(opened, must(await readStatus(opened)), image)).ok, false);
  await until('its power is gone', () => !rig.lock.hasPower(), waitMs);
  await rig.lock.powerUp();
  const again = await session(all);
  must(await tellTime(again, await rig.beat()));
  must(await pushList(again, must(await readStatus(again)), image));
  await again.close();
  assert.equal((await rig.lock.present(uidOf(599), 'uid-only'))?.outcome, 'granted');
}

export const LOCK_CONTRACT: readonly ContractCase[] = [
  { name: 'is met, takes a list, opens by ticket, and gives its log', run: isServed },
  { name: 'is met again after each link, and by one at a time', run: isMetAgain },
  { name: 'goes on with a transfer after its power was gone half way', run: survivesPower },
];
