// SPDX-License-Identifier: Apache-2.0
// Power and links cut short while a lock learns whom to believe: a root document that starts an epoch, and which corridors may
// speak with it. Whom it believed or whom it is to believe, never both, never nobody, and it always goes on.
import { KeyObject } from 'node:crypto';
import { pushCorridors, pushRoot } from '@latchkey/controller/core/lock-push';
import { CAMPUS, makeKey, type TestKey } from '@latchkey/protocols/authorization/authority.test-support';
import { signRoot } from '@latchkey/protocols/authorization/root-document';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { corridorKeys } from '@latchkey/protocols/lock/corridor-keys';
import { LOCK_CODES } from '@latchkey/protocols/lock/messages';
import { keyPair } from '@latchkey/protocols/lock/noise';
import { signTicket, TICKET_ACTIONS, TICKET_LIFE_S } from '@latchkey/protocols/lock/ticket';
import { describe, expect, it } from 'vitest';
import { CORRIDOR, LOCK_ID, type LockRig } from './lock.test-support.ts';
import { atEveryFrame, atEveryWrite, furnished, holds, type Interrupted, IS_OLD } from './power-cuts.test-support.ts';

const SECOND = keyPair(new Uint8Array(32).fill(8));
const FORGED = `failed ${LOCK_CODES.forged}`;

/** The successor: other keys for commands and denies, the next epoch. */
async function succession({ authority: { document, roots, list } }: LockRig) {
  const [command, deny] = [await makeKey(), await makeKey()];
  const next = {
    ...document,
    version: 2,
    epoch: 2,
    keys: document.keys.map((key) => ({ ...key, jwk: { list, command, deny }[key.role as 'list']?.jwk ?? key.jwk })),
  };
  const frame = await signRoot(
    next,
    roots.slice(0, 2).map(({ key }) => key),
  );
  return { command, deny, frame };
}

function ticketBy(rig: LockRig, { key: { key } }: TestKey): Uint8Array {
  const commandId = toHex(crypto.getRandomValues(new Uint8Array(8)));
  const issuedS = Math.floor(rig.clock.now() / 1_000);
  const base = { lockId: LOCK_ID, commandId, issuedS, expiresS: issuedS + TICKET_LIFE_S, rights: 0, holdS: 0 };
  return signTicket(CAMPUS, { ...base, action: TICKET_ACTIONS.open }, KeyObject.from(key));
}

async function offer(rig: LockRig, frame: Uint8Array): Promise<string> {
  const session = await rig.session();
  const pushed = await rig.run(pushRoot(session, frame));
  await rig.run(session.close());
  return pushed.ok ? 'ok' : pushed.code;
}

const EVERYWHERE = [
  ['every write to the flash', atEveryWrite],
  ['every frame of the link', atEveryFrame],
] as const;

describe.each(EVERYWHERE)('cut short at %s', (_, everywhere) => {
  it('a root document that starts an epoch is taken or is not, and the lists of both epochs open', {
    timeout: 120_000,
  }, async () => {
    const rig = await furnished();
    const { authority } = rig;
    const { command, deny, frame } = await succession(rig);
    const seen = new Set<number>();
    const work: Interrupted = {
      act: (there) => offer(there, frame),
      async check(there, about) {
        const { rootVersion } = await there.status();
        seen.add(rootVersion);
        await tell(there, rootVersion === 1 ? await there.beat() : await there.beat({ epoch: 2 }, deny.key));
        const [believed, stranger] = rootVersion === 1 ? [authority.command, command] : [command, authority.command];
        expect(await there.open(ticketBy(there, stranger)), about).toEqual([FORGED]);
        expect(await there.open(ticketBy(there, believed)), about).toEqual(['accepted', 'done']);
        await there.clock.advance(6_000);
        // The list of the epoch before goes on until its successor comes.
        expect(await holds(there), about).toBe(IS_OLD);
        expect(await offer(there, frame), about).toBe(rootVersion === 1 ? 'ok' : 'not-newer');
        await tell(there, await there.beat({ epoch: 2 }, deny.key));
        expect(await there.push(await there.image(1, [2, 3], { epoch: 2 })), about).toBe('ok');
        expect(await holds(there), about).toBe('011');
      },
    };
    expect(await everywhere(rig, work)).toBeGreaterThan(0);
    expect(seen).toEqual(new Set([1, 2]));
  });

  it('a set of corridors is the old one or the new one, and somebody may always speak with the lock', {
    timeout: 120_000,
  }, async () => {
    const rig = await furnished();
    const value = { lockId: LOCK_ID, order: 1, corridors: [toHex(SECOND.open)] };
    const frame = await sealJson('LKG1', corridorKeys, value, rig.authority.command.key);
    const mayMeet = (there: LockRig, who: typeof CORRIDOR) =>
      there.session(who).then(
        (session) => there.run(session.close()).then(() => true),
        () => false,
      );
    const seen = new Set<string>();
    const act = async (there: LockRig) => {
      const session = await there.session();
      await there.run(pushCorridors(session, frame));
      await there.run(session.close());
    };
    await everywhere(rig, {
      act,
      async check(there, about) {
        const now = [await mayMeet(there, CORRIDOR), await mayMeet(there, SECOND)].join();
        seen.add(now);
        expect(['true,false', 'false,true'], about).toContain(now);
        if (now === 'true,false') await act(there);
        expect([await mayMeet(there, CORRIDOR), await mayMeet(there, SECOND)], about).toEqual([false, true]);
        expect(await holds(there), about).toBe(IS_OLD);
      },
    });
    expect([...seen].sort()).toEqual(['false,true', 'true,false']);
  });
});

async function tell(rig: LockRig, beat: Uint8Array): Promise<void> {
  const session = await rig.session();
  await rig.run(session.request({ kind: 'time', tail: beat }, 3_000));
  await rig.run(session.close());
}
