// SPDX-License-Identifier: Apache-2.0
// The lock protocol against vectors of a second implementation: every layout, and a lock's pairing and first session frame by
// frame, from both sides.
import { createPublicKey, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import layouts from '../../fixtures/lock/layouts.json' with { type: 'json' };
import recorded from '../../fixtures/lock/session.json' with { type: 'json' };
import { concatBytes } from '../bytes/equal.ts';
import { fromHex, toHex } from '../bytes/hex.ts';
import { readAdvertisement, writeAdvertisement } from './advertisement.ts';
import { type JoinState, joinFrame, splitMessage } from './framing.ts';
import { unwrapKey } from './key-wrap.ts';
import { ENVELOPES, readLockMessage, readLogRecords, writeLockMessage, writeLogRecords } from './messages.ts';
import { createHandshake, type Handshake, keyPair, type NoiseSession } from './noise.ts';
import { lockPrologue, PAIRING_INFO, pairingPrologue } from './prologue.ts';
import { judgeTicket, TICKET } from './ticket.ts';

const bytes = (hex: string): Uint8Array => {
  const read = fromHex(hex);
  if (!read.ok) throw new Error(hex);
  return read.value;
};
const value = <T>(result: { ok: true; value: T } | { ok: false; code: string }): T => {
  if (!result.ok) throw new Error(result.code);
  return result.value;
};

describe('layouts', () => {
  it('of a ticket', () => {
    const { campusId, commandKey, hex, expected } = layouts.ticket;
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: commandKey }, format: 'jwk' });
    const context = { campusId, lockId: expected.lockId, nowS: expected.issuedS, uncertainS: 0 };
    expect(judgeTicket(bytes(hex), [key], context)).toEqual({ ok: true, value: expected });
    expect(toHex(TICKET.encode(expected))).toBe(hex.slice(0, 2 * TICKET.size));
  });
  it('of an advertisement', () => {
    const { key, hex, expected } = layouts.advertisement;
    expect(readAdvertisement(bytes(hex), bytes(key))).toEqual({ ok: true, value: expected });
    expect(toHex(writeAdvertisement(expected, bytes(key)))).toBe(hex);
  });
  it('of a key on its way to a lock', () => {
    const { lock, campusId, keyId, commandKey, hex, expected } = layouts.wrappedKey;
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: commandKey }, format: 'jwk' });
    const order = { campusId, kind: 'scope', keyId } as const;
    expect(toHex(value(unwrapKey(bytes(hex), order, keyPair(bytes(lock.secret)), [key])))).toBe(expected);
  });
  it('of records', () => {
    const { hex, expected } = layouts.records;
    expect(value(readLogRecords(bytes(hex)))).toEqual(expected);
    expect(toHex(writeLogRecords(expected))).toBe(hex);
  });
});

const { keys, lockId } = recorded;
const secretOf = (pair: { secret: string }) => keyPair(bytes(pair.secret));
const psk = new Uint8Array(hkdfSync('sha256', bytes(recorded.labelCode), new Uint8Array(0), PAIRING_INFO, 32));

type Sides = Record<'corridor' | 'lock', Handshake>;
const pairing = (): Sides => {
  const shared = { pattern: 'NNpsk2', prologue: pairingPrologue(lockId), psk } as const;
  const ephemeral = keys.ephemerals;
  return {
    corridor: createHandshake({ ...shared, initiator: true, ephemeral: secretOf(ephemeral['pairing-corridor']) }),
    lock: createHandshake({ ...shared, initiator: false, ephemeral: secretOf(ephemeral['pairing-lock']) }),
  };
};
const session = (): Sides => {
  const shared = { pattern: 'KK', prologue: lockPrologue(lockId) } as const;
  const [corridor, lock] = [secretOf(keys.corridor), secretOf(keys.lock)];
  const [one, other] = [secretOf(keys.ephemerals['session-corridor']), secretOf(keys.ephemerals['session-lock'])];
  return {
    corridor: createHandshake({ ...shared, initiator: true, ephemeral: one, own: corridor, peer: lock.open }),
    lock: createHandshake({ ...shared, initiator: false, ephemeral: other, own: lock, peer: corridor.open }),
  };
};

/** A whole message, of frames that hold nothing else. */
function join(frames: readonly string[]): Uint8Array {
  let state: JoinState | undefined;
  for (const frame of frames) {
    const joined = value(joinFrame(state, bytes(frame)));
    if (joined.message) return joined.message;
    ({ state } = joined);
  }
  throw new Error('the message does not end');
}

describe.each([
  ['pairing', recorded.pairing, pairing, [ENVELOPES.pair1, ENVELOPES.pair2]],
  ['session', recorded.session, session, [ENVELOPES.kk1, ENVELOPES.kk2]],
] as const)('a recorded %s', (_, { handshakeHash, steps }, sides, envelopes) => {
  function met() {
    const { corridor, lock } = sides();
    const hello = value(corridor.write());
    value(lock.read(hello));
    const greeting = value(lock.write());
    value(corridor.read(greeting));
    const noise = { corridor: corridor.session(), lock: lock.session() };
    if (!noise.corridor || !noise.lock) throw new Error('no session');
    return { greetings: [hello, greeting], noise: noise as Record<keyof Sides, NoiseSession> };
  }

  it('has the frames that each side would send', () => {
    const { greetings, noise } = met();
    expect(toHex(noise.lock.handshakeHash)).toBe(handshakeHash);
    const sequence = { corridor: 0, lock: 0 };
    for (const [at, step] of steps.entries()) {
      const from = step.from as keyof Sides;
      const sealed = greetings[at] ?? noise[from].send.seal(bytes(step.plain));
      const message = concatBytes([Uint8Array.of(envelopes[at] ?? ENVELOPES.record), sealed]);
      const frames = splitMessage(message, recorded.room, sequence[from]);
      sequence[from] += frames.length;
      expect(frames.map(toHex), step.what).toEqual(step.frames);
    }
  });

  it('is read by the other side, message by message', () => {
    const { noise } = met();
    for (const { from, what, plain, frames } of steps.slice(envelopes.length)) {
      const record = join(frames).slice(1);
      const opened = value(noise[from === 'lock' ? 'corridor' : 'lock'].receive.open(record));
      expect(toHex(opened), what).toBe(plain);
      const message = value(readLockMessage(opened));
      expect(message.kind).toBe(what);
      expect(toHex(writeLockMessage(message))).toBe(plain);
    }
  });
});
