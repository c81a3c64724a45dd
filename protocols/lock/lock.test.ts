// SPDX-License-Identifier: Apache-2.0
// The lock protocol against published Noise vectors, against itself and against whoever stands in between (reference: lock).
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/lock/noise.json' with { type: 'json' };
import { fromHex, toHex } from '../bytes/hex.ts';
import {
  ADVERTISED_FLAGS,
  ADVERTISEMENT_BYTES,
  readAdvertisement,
  shortIdOf,
  writeAdvertisement,
} from './advertisement.ts';
import { type JoinState, joinFrame, MAX_LOCK_MESSAGE_BYTES, payloadOf, splitMessage } from './framing.ts';
import { unwrapKey, WRAPPED_KEY_BYTES, wrapKey } from './key-wrap.ts';
import { LOG_KINDS, LOG_RECORD, logKindOf } from './log-record.ts';
import {
  type LockMessage,
  lockCodeOf,
  readLockMessage,
  readLogRecords,
  writeLockMessage,
  writeLogRecords,
} from './messages.ts';
import { agree, createHandshake, type Handshake, keyPair } from './noise.ts';
import { judgeTicket, signTicket, TICKET_BYTES, type Ticket, type TicketContext } from './ticket.ts';

const bytes = (hex: string): Uint8Array => {
  const read = fromHex(hex);
  if (!read.ok) throw new Error(hex);
  return read.value;
};
const value = <T>(result: { ok: true; value: T } | { ok: false; code: string }): T => {
  if (!result.ok) throw new Error(result.code);
  return result.value;
};

const ALICE = keyPair(new Uint8Array(32).fill(1));
const LOCK = keyPair(new Uint8Array(32).fill(2));
const MALLORY = keyPair(new Uint8Array(32).fill(3));
const prologue = new TextEncoder().encode('campus-lock-v1');

const pair = (own = ALICE, peer = LOCK.open, other = prologue): [Handshake, Handshake] => [
  createHandshake({
    pattern: 'KK',
    initiator: true,
    prologue,
    ephemeral: keyPair(new Uint8Array(32).fill(4)),
    own,
    peer,
  }),
  createHandshake({
    pattern: 'KK',
    initiator: false,
    prologue: other,
    ephemeral: keyPair(new Uint8Array(32).fill(5)),
    own: LOCK,
    peer: ALICE.open,
  }),
];

function sessions() {
  const [corridor, lock] = pair();
  value(lock.read(value(corridor.write())));
  value(corridor.read(value(lock.write())));
  const [one, other] = [corridor.session(), lock.session()];
  if (!one || !other) throw new Error('no session');
  return { corridor: one, lock: other };
}

describe('Noise', () => {
  it.each(vectors.vectors)('$name gives the published bytes', (vector) => {
    const own = (secret: string) => (secret === '' ? {} : { own: keyPair(bytes(secret)) });
    const peer = (open: string) => (open === '' ? {} : { peer: bytes(open) });
    const shared = {
      pattern: vector.pattern as 'KK',
      prologue: bytes(vector.prologue),
      ...(vector.psk === '' ? {} : { psk: bytes(vector.psk) }),
    };
    const first = createHandshake({
      ...shared,
      initiator: true,
      ephemeral: keyPair(bytes(vector.initEphemeral)),
      ...own(vector.initStatic),
      ...peer(vector.initRemoteStatic),
    });
    const second = createHandshake({
      ...shared,
      initiator: false,
      ephemeral: keyPair(bytes(vector.respEphemeral)),
      ...own(vector.respStatic),
      ...peer(vector.respRemoteStatic),
    });
    const [m1, m2, ...rest] = vector.messages as [string, string][];
    const step = (from: Handshake, to: Handshake, [payload, sealed]: [string, string]) => {
      expect(toHex(value(from.write(bytes(payload))))).toBe(sealed);
      expect(toHex(value(to.read(bytes(sealed))))).toBe(payload);
    };
    step(first, second, m1 as [string, string]);
    step(second, first, m2 as [string, string]);
    const ways = [first.session(), second.session()];
    expect(toHex(ways[0]?.handshakeHash ?? new Uint8Array(0))).toBe(vector.handshakeHash);
    for (const [index, [payload, sealed]] of rest.entries()) {
      const [from, to] = index % 2 === 0 ? [ways[0], ways[1]] : [ways[1], ways[0]];
      expect(from && toHex(from.send.seal(bytes(payload)))).toBe(sealed);
      expect(to && toHex(value(to.receive.open(bytes(sealed))))).toBe(payload);
    }
  });

  it('takes two messages of 48 bytes and 16 a record', () => {
    const [corridor, lock] = pair();
    const hello = value(corridor.write());
    value(lock.read(hello));
    expect([hello.length, value(lock.write()).length]).toEqual([48, 48]);
    expect(sessions().corridor.send.seal(new Uint8Array(10))).toHaveLength(26);
  });

  it.each([
    ['a wrong corridor key', pair(MALLORY)],
    ['another lock than the one meant', pair(ALICE, MALLORY.open)],
    ['another prologue', pair(ALICE, LOCK.open, new Uint8Array(3))],
  ])('refuses %s in the first message', (_, [corridor, lock]) => {
    expect(lock.read(value(corridor.write()))).toMatchObject({ ok: false, code: 'noise-failed' });
    expect(lock.session()).toBeUndefined();
    expect(lock.write()).toMatchObject({ ok: false });
  });

  it('refuses keys of small order', () => {
    expect(agree(ALICE.secret, new Uint8Array(32))).toBeUndefined();
    const one = new Uint8Array(32);
    one[0] = 1;
    expect(agree(ALICE.secret, one)).toBeUndefined();
  });

  it('any flipped bit of a handshake ends it', () => {
    fc.assert(
      fc.property(fc.nat(48 * 8 - 1), (bit) => {
        const [corridor, lock] = pair();
        const hello = value(corridor.write());
        hello[bit >> 3] = (hello[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        // The top bit of a public key is not part of it (RFC 7748), but it is part of what is hashed.
        expect(lock.read(hello).ok).toBe(false);
      }),
    );
  });

  it.each([
    ['replayed', (records: Uint8Array[]) => [records[0], records[0]]],
    ['reordered', (records: Uint8Array[]) => [records[1], records[0]]],
    ['dropped', (records: Uint8Array[]) => [records[1]]],
  ])('a record %s ends the session', (_, change) => {
    const { corridor, lock } = sessions();
    const records = [corridor.send.seal(Uint8Array.of(1)), corridor.send.seal(Uint8Array.of(2))];
    const results = change(records).map((record) => lock.receive.open(record as Uint8Array));
    expect(results.at(-1)).toMatchObject({ ok: false });
    // Not even an honest record afterwards.
    expect(lock.receive.open(corridor.send.seal(Uint8Array.of(3)))).toMatchObject({ ok: false });
  });
});

describe('framing', () => {
  const join = (frames: readonly Uint8Array[]) => {
    let state: JoinState | undefined;
    const messages: Uint8Array[] = [];
    for (const frame of frames) {
      const joined = joinFrame(state, frame);
      state = joined.ok ? joined.value.state : undefined;
      if (joined.ok && joined.value.message) messages.push(joined.value.message);
    }
    return messages;
  };
  const message = fc.uint8Array({ maxLength: 700 });

  it('gives back every message at every MTU from 23 to 247', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.integer({ min: 23, max: 247 }), (messages, mtu) => {
        let sequence = 0;
        const frames = messages.flatMap((each) => {
          const made = splitMessage(each, payloadOf(mtu), sequence);
          sequence += made.length;
          return made;
        });
        expect(frames.every((frame) => frame.length <= mtu - 3)).toBe(true);
        expect(join(frames)).toEqual(messages);
      }),
    );
  });
  it('never joins what does not belong together: a lost, repeated or swapped frame costs its message', () => {
    fc.assert(
      fc.property(message, fc.nat(40), fc.constantFrom('lost', 'repeated', 'swapped'), (body, at, how) => {
        const frames = splitMessage(body, 20, 0);
        const index = at % frames.length;
        if (how === 'lost') frames.splice(index, 1);
        else if (how === 'repeated') frames.splice(index, 0, frames[index] as Uint8Array);
        else if (index + 1 < frames.length) {
          const [one, other] = [frames[index] as Uint8Array, frames[index + 1] as Uint8Array];
          frames.splice(index, 2, other, one);
        }
        for (const joined of join(frames)) expect(joined).toEqual(body);
      }),
    );
  });
  it('never throws, and never holds more than a message', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 200 }), (frames) => {
        for (const joined of join(frames)) expect(joined.length).toBeLessThanOrEqual(MAX_LOCK_MESSAGE_BYTES);
      }),
    );
  });
});

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const CAMPUS = '00000000c0ffee01';
const NOW_S = 1_790_000_000;
const ticket: Ticket = {
  lockId: '0102030405060708',
  commandId: 'aa00000000000001',
  issuedS: NOW_S,
  expiresS: NOW_S + 8,
  action: 1,
  rights: 0,
  holdS: 0,
};
const context: TicketContext = { campusId: CAMPUS, lockId: ticket.lockId, nowS: NOW_S + 1, uncertainS: 0 };
const judge = (change: Partial<Ticket> = {}, about: Partial<TicketContext> = {}, key = privateKey) =>
  judgeTicket(signTicket(CAMPUS, { ...ticket, ...change }, key), [publicKey], { ...context, ...about });

describe('ticket', () => {
  it('takes 92 bytes and opens its lock now', () => {
    expect(TICKET_BYTES).toBe(92);
    expect(judge()).toEqual({ ok: true, value: ticket });
  });
  it.each([
    ['minted by a stolen corridor', 'ticket-forged', judge({}, {}, other.privateKey)],
    ['of another campus', 'ticket-forged', judge({}, { campusId: '00000000c0ffee02' })],
    ['for another lock', 'ticket-other-lock', judge({ lockId: '0102030405060709' })],
    ['that lives too long', 'ticket-life', judge({ expiresS: NOW_S + 11 })],
    ['that ends before it begins', 'ticket-life', judge({ expiresS: NOW_S - 1 })],
    ['that waited for its lock', 'ticket-expired', judge({}, { nowS: NOW_S + 9 })],
    ['from the future', 'ticket-from-future', judge({}, { nowS: NOW_S - 1 })],
  ])('%s is refused', (_, code, result) => {
    expect(result).toMatchObject({ ok: false, code });
  });
  it('with any bit flipped is refused', () => {
    const good = signTicket(CAMPUS, ticket, privateKey);
    fc.assert(
      fc.property(fc.nat(good.length * 8 - 1), (bit) => {
        const bad = good.slice();
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(judgeTicket(bad, [publicKey], context).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe('advertisement', () => {
  const key = new Uint8Array(16).fill(7);
  const said = {
    flags: ADVERTISED_FLAGS.doorOpen,
    battery: 80,
    stateCounter: 9,
    listVersion: 0x1234,
    logNext: 0xabcdef,
    shortId: '01020304',
  };
  it('fits a legacy advertisement beside its flags and name of the maker', () => {
    expect(ADVERTISEMENT_BYTES).toBeLessThanOrEqual(31 - 3 - 4);
  });
  it('reads back, under its key alone', () => {
    const bytes = writeAdvertisement(said, key);
    expect(readAdvertisement(bytes, key)).toEqual({ ok: true, value: said });
    expect(shortIdOf(bytes)).toBe('01020304');
    expect(readAdvertisement(bytes, new Uint8Array(16))).toMatchObject({ code: 'advertisement-forged' });
    bytes[3] = 5;
    expect(readAdvertisement(bytes, key)).toMatchObject({ code: 'advertisement-forged' });
  });
  it('of something else is no lock', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(readAdvertisement(bytes, key).ok).toBe(false);
      }),
    );
  });
});

describe('key wrap', () => {
  const prf = new Uint8Array(16).fill(9);
  it('gives the key to its lock alone, about its number alone, and from the gateway alone', () => {
    const order = { campusId: CAMPUS, kind: 'campus', keyId: 12 } as const;
    const wrapped = wrapKey(prf, order, LOCK.open, MALLORY, privateKey) as Uint8Array;
    const unwrap = (bytes: Uint8Array, over = {}, lock = LOCK) =>
      unwrapKey(bytes, { ...order, ...over }, lock, [other.publicKey, publicKey]);
    expect(wrapped).toHaveLength(WRAPPED_KEY_BYTES);
    expect(unwrap(wrapped)).toEqual({ ok: true, value: prf });
    const others = [{ keyId: 13 }, { kind: 'scope' }, { campusId: '00'.repeat(8) }];
    for (const over of others) expect(unwrap(wrapped, over)).toMatchObject({ code: 'key-forged' });
    expect(unwrap(wrapped, {}, ALICE)).toMatchObject({ code: 'key-forged' });
    expect(unwrap(wrapped.subarray(1))).toMatchObject({ code: 'key-not-for-us' });
    const forged = wrapKey(prf, order, LOCK.open, MALLORY, generateKeyPairSync('ed25519').privateKey) as Uint8Array;
    expect(unwrap(forged)).toMatchObject({ code: 'key-forged' });
  });
});

describe('messages', () => {
  const samples: LockMessage[] = [
    { kind: 'status', number: 1 },
    { kind: 'open', number: 2, tail: new Uint8Array(92) },
    {
      kind: 'list-begin',
      number: 3,
      epoch: 1,
      version: 2,
      digest: '00'.repeat(32),
      total: 900,
      tail: Uint8Array.of(1),
    },
    { kind: 'list-data', number: 255, offset: 218, tail: new Uint8Array(218) },
    { kind: 'accepted', number: 2, commandId: 'aa00000000000001' },
    { kind: 'failed', number: 2, commandId: 'aa00000000000001', code: 12 },
    { kind: 'log', number: 4, first: 1, next: 2, lost: 0, tail: new Uint8Array(24) },
  ];
  it.each(samples)('$kind reads back', (message) => {
    const written = writeLockMessage(message);
    expect(readLockMessage(written)).toEqual({ ok: true, value: message });
    if (!('tail' in message)) expect(readLockMessage(written.slice(0, -1)).ok).toBe(false);
  });
  it('of any bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = readLockMessage(bytes);
        if (read.ok && read.value.kind === 'log') readLogRecords(read.value.tail);
      }),
      { numRuns: 2_000 },
    );
  });
  it('carry log records of 24 bytes', () => {
    const record = { seq: 7, atS: NOW_S, kind: 1, detail: 0, class: 0, clock: 1, subject: 'ab'.repeat(8), value: 3 };
    expect(LOG_RECORD.size).toBe(24);
    expect(readLogRecords(writeLogRecords([record, record]))).toEqual({ ok: true, value: [record, record] });
    expect(readLogRecords(new Uint8Array(25)).ok).toBe(false);
    expect([logKindOf(LOG_KINDS.granted), logKindOf(200)]).toEqual(['granted', undefined]);
    expect([lockCodeOf(12), lockCodeOf(250)]).toEqual(['jammed', 'unsupported']);
  });
});
