// SPDX-License-Identifier: Apache-2.0
// One simulated lock on the kernel's Bluetooth, a process of its own as bleno wants it: which radio is BLENO_HCI_DEVICE_ID. Whoever
// started it is told what the bolt does, and does to the lock what people do.
import { randomBytes } from 'node:crypto';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { startBlenoLock } from '../src/lock/bleno-lock.ts';
import { createSimulatedLock } from '../src/lock/simulated-lock.ts';
import type { LockNews, LockOrder } from './lock-process.ts';

const CARD_CLASS = 'uid-only';
const WATCH_MS = 5;
/** btvirt's air carries one report an advertisement, when it begins. */
const REPEAT_MS = 500;

async function main(lockId = '', label = ''): Promise<void> {
  const lock = await createSimulatedLock({
    lockId,
    labelCode: new Uint8Array(Buffer.from(label, 'hex')),
    address: '00:00:00:00:00:00',
    timers: systemClock,
    random: { bytes: (count) => new Uint8Array(randomBytes(count)) },
  });
  const say = (news: LockNews) => process.send?.(news);
  let silentAt = Number.POSITIVE_INFINITY;
  let isSilent = false;
  let bytes = 0;

  /** Frames are counted on their way to the lock, and end there where it was told to fall silent. */
  const connect: typeof lock.connect = (peer, room) => {
    const link = lock.connect(peer, room);
    if (!link) return undefined;
    isSilent = false;
    return {
      onFrame(frame) {
        if (isSilent) return;
        bytes += frame.length;
        link.onFrame(frame);
        if (bytes < silentAt) return;
        isSilent = true;
        silentAt = Number.POSITIVE_INFINITY;
        say({ kind: 'silent', bytes });
      },
      onClosed: link.onClosed,
    };
  };

  async function obey(order: LockOrder): Promise<void> {
    if (order.kind === 'end') process.exit(0);
    if (order.kind === 'fall-silent') silentAt = bytes + order.afterBytes;
    if (order.kind === 'supervise') lock.dropLink();
    if (order.kind === 'present') {
      const decision = await lock.present(new Uint8Array(Buffer.from(order.uid, 'hex')), CARD_CLASS);
      const { outcome = 'none', reason = '' } = decision ?? {};
      say({ kind: 'presented', outcome, reason });
    }
    if (order.kind === 'count') say({ kind: 'counted', records: lock.records(), drawn: lock.body.drawn, bytes });
  }

  process.on('message', (order) => void obey(order as LockOrder));
  process.on('disconnect', () => process.exit(0));
  const heard = { manufacturerData: lock.manufacturerData, connect };
  await startBlenoLock({ lock: heard, after: systemClock.after, repeatMs: REPEAT_MS });
  say({ kind: 'ready' });
  let { bolt } = lock.body;
  setInterval(() => {
    if (lock.body.bolt === bolt) return;
    ({ bolt } = lock.body);
    say({ kind: 'bolt', bolt });
  }, WATCH_MS);
}

await main(...process.argv.slice(2));
