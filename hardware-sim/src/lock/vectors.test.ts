// SPDX-License-Identifier: Apache-2.0
// The firmware against a recorded pairing and session of a second implementation: the same frames in, the same frames out.
import { ADVERTISED_FLAGS } from '@latchkey/protocols/lock/advertisement';
import { describe, expect, it } from 'vitest';
import recorded from '../../../fixtures/lock/session.json' with { type: 'json' };
import { createVirtualClock } from '../virtual-clock.ts';
import { createSimulatedLock, type SimulatedLock } from './simulated-lock.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const { keys, pairing, session } = recorded;

/** What the lock draws, in this order: its own key, one of the pairing, one of the session. */
function drawn() {
  const secrets = [keys.lock, keys.ephemerals['pairing-lock'], keys.ephemerals['session-lock']];
  return {
    bytes(count: number) {
      const next = secrets.shift();
      if (!next || count !== 32) throw new Error('the lock draws what the record does not hold');
      return bytes(next.secret);
    },
  };
}

async function replay(lock: SimulatedLock, clock: ReturnType<typeof createVirtualClock>, { steps }: typeof session) {
  const said: string[] = [];
  let drops = 0;
  const peer = {
    notify: (frame: Uint8Array) => void said.push(Buffer.from(frame).toString('hex')),
    drop: () => void (drops += 1),
  };
  const link = lock.connect(peer, recorded.room);
  for (const [at, { from, frames, what }] of steps.entries()) {
    if (from === 'corridor') for (const frame of frames) link?.onFrame(bytes(frame));
    // The lock answers before it hears the next; a bolt takes its time.
    await clock.advance(steps[at + 1]?.from === 'corridor' && from === 'corridor' ? 0 : 500);
    if (from === 'lock') expect(said.splice(0, frames.length), what).toEqual(frames);
  }
  link?.onClosed();
  return { rest: said, drops };
}

describe('a lock with the keys of the record', () => {
  it('says in its pairing and its first session what the record says, and opens', async () => {
    const clock = createVirtualClock(recorded.nowMs);
    const lock = await createSimulatedLock({
      lockId: recorded.lockId,
      labelCode: bytes(recorded.labelCode),
      address: 'c0:00:00:00:00:01',
      // In the record no time passes.
      timers: { after: clock.after, monotonic: () => 0 },
      random: drawn(),
    });
    clock.busy.add(lock.isBusy);
    expect(Buffer.from(lock.key()).toString('hex')).toBe(keys.lock.public);
    expect(await replay(lock, clock, pairing)).toEqual({ rest: [], drops: 0 });
    expect(await replay(lock, clock, session)).toEqual({ rest: [], drops: 0 });
    expect(lock.body.drawn).toBe(1);
  });

  it('takes nothing of the recorded session once it draws another key', async () => {
    const clock = createVirtualClock(recorded.nowMs);
    let calls = 0;
    const lock = await createSimulatedLock({
      lockId: recorded.lockId,
      labelCode: bytes(recorded.labelCode),
      address: 'c0:00:00:00:00:01',
      timers: clock,
      random: { bytes: (count) => new Uint8Array(count).fill((calls += 1)) },
    });
    clock.busy.add(lock.isBusy);
    const link = lock.connect({ notify: () => undefined, drop: () => undefined }, recorded.room);
    const frames = [...pairing.steps, ...session.steps].filter(({ from }) => from === 'corridor');
    for (const frame of frames.flatMap((step) => step.frames)) link?.onFrame(bytes(frame));
    await clock.advance(1_000);
    // Company, magic, format, then the flags.
    expect((lock.manufacturerData()?.[4] ?? 0) & ADVERTISED_FLAGS.unpaired).toBe(ADVERTISED_FLAGS.unpaired);
    expect(lock.body.drawn).toBe(0);
  });
});
