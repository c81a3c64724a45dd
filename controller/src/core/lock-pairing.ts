// SPDX-License-Identifier: Apache-2.0
// Pairing with a lock at the door (protocols/README.md, Locks): Noise NNpsk2 under the code of its label, then one message that
// tells it whom it belongs to. Whatever goes wrong is a value; the link is closed in the end.
import { hkdfSync } from 'node:crypto';
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import { type JoinState, joinFrame, splitMessage } from '@latchkey/protocols/lock/framing';
import {
  ENVELOPES,
  type LockMessage,
  lockCodeOf,
  REFUSALS,
  readLockMessage,
  writeLockMessage,
} from '@latchkey/protocols/lock/messages';
import { createHandshake, type KeyPair } from '@latchkey/protocols/lock/noise';
import { PAIRING_INFO, pairingPrologue } from '@latchkey/protocols/lock/prologue';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { Clock } from '../ports/clock.ts';
import type { LockLink } from '../ports/lock-radio.ts';

export interface LockPairingParts {
  readonly link: LockLink;
  readonly clock: Pick<Clock, 'after'>;
  readonly ephemeral: KeyPair;
  /** The 16 bytes of the label. */
  readonly code: Uint8Array;
  readonly block: Omit<LockMessage<'pair'>, 'kind' | 'number' | 'tail'>;
  readonly rootFrame: Uint8Array;
  readonly deadlineMs: number;
}

export type Paired = Pick<LockMessage<'paired'>, 'lock' | 'firmware'>;

const refusalOf = (number: number | undefined): string =>
  Object.entries(REFUSALS).find(([, each]) => each === number)?.[0] ?? 'failed';

/**
 * `wrong-code`: the lock has another label. `too-many-attempts`: it takes none for a while. `busy`: somebody else is with it. Else
 * words of the lock, or `link-lost`, `timeout`, `protocol-broken`.
 */
export async function pairLock(parts: LockPairingParts): Promise<Result<Paired>> {
  const { link, block, rootFrame } = parts;
  const psk = new Uint8Array(hkdfSync('sha256', parts.code, new Uint8Array(0), PAIRING_INFO, 32));
  const prologue = pairingPrologue(block.lockId);
  const handshake = createHandshake({ pattern: 'NNpsk2', initiator: true, prologue, ephemeral: parts.ephemeral, psk });
  const talk = openTalk(parts);
  try {
    const first = handshake.write();
    if (!first.ok) return err('protocol-broken');
    const greeting = await talk(concatBytes([Uint8Array.of(ENVELOPES.pair1), first.value]));
    if (!greeting.ok) return greeting;
    const [envelope, ...body] = greeting.value;
    if (envelope === ENVELOPES.refused) return err(refusalOf(body[0]));
    if (envelope !== ENVELOPES.pair2) return err('protocol-broken');
    const noise = handshake.read(Uint8Array.from(body)).ok ? handshake.session() : undefined;
    if (!noise) return err('wrong-code', 'the code is not the one on this lock');
    const message = writeLockMessage({ kind: 'pair', number: 1, ...block, tail: rootFrame });
    const answer = await talk(concatBytes([Uint8Array.of(ENVELOPES.record), noise.send.seal(message)]));
    if (!answer.ok) return answer;
    const plain = noise.receive.open(answer.value.slice(1));
    const reply = plain.ok ? readLockMessage(plain.value) : undefined;
    if (!reply?.ok) return err('protocol-broken');
    if (reply.value.kind === 'refused') return err(lockCodeOf(reply.value.code));
    if (reply.value.kind !== 'paired') return err('protocol-broken');
    const { code, lock, firmware } = reply.value;
    return code === 0 ? ok({ lock, firmware }) : err(lockCodeOf(code));
  } finally {
    await link.close();
  }
}

/** Says one message and gives the next that comes. */
function openTalk({ link, clock, deadlineMs }: LockPairingParts) {
  let sequence = 0;
  let state: JoinState | undefined;
  let settle: ((heard: Result<Uint8Array>) => void) | undefined;
  let broken: string | undefined;
  const end = (code: string) => {
    broken ??= code;
    settle?.(err(broken));
  };
  link.onFrame((frame) => {
    const joined = joinFrame(state, frame);
    state = joined.ok ? joined.value.state : undefined;
    if (!joined.ok) end('protocol-broken');
    else if (joined.value.message) settle?.(ok(joined.value.message));
  });
  link.onClosed(() => end('link-lost'));
  return async (message: Uint8Array): Promise<Result<Uint8Array>> => {
    const heard = new Promise<Result<Uint8Array>>((resolve) => {
      settle = resolve;
    });
    if (broken !== undefined) return err(broken);
    const cancel = clock.after(deadlineMs, () => end('timeout'));
    const frames = splitMessage(message, link.room, sequence);
    sequence = (sequence + frames.length) % 64;
    for (const frame of frames) {
      // A link that is lost says so by itself.
      await link.write(frame).catch(() => end('link-lost'));
    }
    return heard.finally(cancel);
  };
}
