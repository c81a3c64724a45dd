// SPDX-License-Identifier: Apache-2.0
// Makes fixtures/lock: node --import tsx --conditions=latchkey-source hardware-sim/src/vectors-lock.ts
// Noise, framing and layouts once more, on node:crypto with offsets written out by hand, nothing of protocols/: a second
// implementation's word. Every key comes from SHA-256 of its name, ephemeral ones too, so that the bytes are always the same.
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  sign,
} from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const FIXTURES = new URL('../../fixtures/', import.meta.url);
const SOURCE = 'hardware-sim/src/vectors-lock.ts: node:crypto and hand-written offsets, no code of protocols/';
const CAMPUS = '00c0ffee00c0ffee';
const LOCK_ID = '00a1a2a3a4a5a6a7';
const SCOPE = 7;
const NOW_MS = 1_795_320_060_000;
const NOW_S = NOW_MS / 1_000;
const ROOM = 244;

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Buffer =>
  createHmac('sha256', key).update(Buffer.concat(parts)).digest();
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii');
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const u8 = (...values: number[]): Buffer => Buffer.from(values);
const u16 = (value: number): Buffer => u8(value & 0xff, value >>> 8);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const seedOf = (name: string): Buffer => sha256(ascii(`latchkey test key: ${name}`));

/** Ed25519, as in fixtures/authorization. */
function signer(name: string) {
  const der = Buffer.concat([hex('302e020100300506032b657004220420'), seedOf(name)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const x = String(createPublicKey(key).export({ format: 'jwk' }).x);
  const jwk = `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`;
  return { key, x, jwk, kid: sha256(ascii(jwk)).subarray(0, 8).toString('hex') };
}

function frame(payload: Buffer, ...names: string[]): Buffer {
  const signatures = names.map((name) => {
    const { key, kid } = signer(name);
    const header = ascii(`{"alg":"EdDSA","kid":"${kid}"}`);
    const input = ascii(`${header.toString('base64url')}.${payload.toString('base64url')}`);
    return Buffer.concat([u8(header.length), header, u8(64), sign(null, input, key)]);
  });
  return Buffer.concat([u8(names.length), ...signatures, payload]);
}

interface Pair {
  readonly secret: Buffer;
  readonly open: Buffer;
}
const x25519 = (secret: Buffer) =>
  createPrivateKey({
    key: Buffer.concat([hex('302e020100300506032b656e04220420'), secret]),
    format: 'der',
    type: 'pkcs8',
  });
function pair(name: string): Pair {
  const secret = seedOf(name);
  return { secret, open: createPublicKey(x25519(secret)).export({ format: 'der', type: 'spki' }).subarray(12) };
}
const dh = (own: Pair, open: Buffer): Buffer =>
  diffieHellman({
    privateKey: x25519(own.secret),
    publicKey: createPublicKey({
      key: Buffer.concat([hex('302a300506032b656e032100'), open]),
      format: 'der',
      type: 'spki',
    }),
  });

function seal(key: Buffer, counter: number, plain: Buffer, about: Buffer = Buffer.alloc(0)): Buffer {
  const nonce = Buffer.concat([u32(0), u64(counter)]);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(about, { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function hkdf(chaining: Buffer, input: Buffer): [Buffer, Buffer, Buffer] {
  const key = hmac(chaining, input);
  const one = hmac(key, u8(1));
  const two = hmac(key, one, u8(2));
  return [one, two, hmac(key, two, u8(3))];
}

/** Both sides' state is the same after each token, so one walk writes both messages. */
function handshake(pattern: 'KK' | 'NNpsk2', prologue: Buffer, statics: Pair[], ephemerals: Pair[], psk?: Buffer) {
  const name = ascii(`Noise_${pattern}_25519_ChaChaPoly_SHA256`);
  let h = name.length <= 32 ? Buffer.concat([name, Buffer.alloc(32 - name.length)]) : sha256(name);
  let chaining = h;
  let key: Buffer | undefined;
  const mixHash = (data: Buffer) => void (h = sha256(h, data));
  const mixKey = (input: Buffer) => void ([chaining, key] = hkdf(chaining, input));
  const [first, second] = ephemerals as [Pair, Pair];
  const [one, other] = statics as [Pair, Pair];
  const ephemeral = ({ open }: Pair) => {
    mixHash(open);
    if (psk) mixKey(open);
  };
  const end = ({ open }: Pair): Buffer => {
    const sealed = key ? seal(key, 0, Buffer.alloc(0), h) : Buffer.alloc(0);
    mixHash(sealed);
    return Buffer.concat([open, sealed]);
  };
  mixHash(prologue);
  if (!psk) for (const { open } of statics) mixHash(open);
  ephemeral(first);
  if (!psk) for (const own of [first, one]) mixKey(dh(own, other.open));
  const message1 = end(first);
  ephemeral(second);
  mixKey(dh(second, first.open));
  if (psk) {
    const [next, mixed, made] = hkdf(chaining, psk);
    chaining = next;
    mixHash(mixed);
    key = made;
  } else mixKey(dh(second, one.open));
  const message2 = end(second);
  const [down, up] = hkdf(chaining, Buffer.alloc(0));
  return { message1, message2, hash: h, down, up };
}

/** Frames of one message in writes of ROOM bytes, `sequence` going on over the messages of a direction. */
function framing() {
  let sequence = 0;
  return (message: Buffer): string[] => {
    const frames: string[] = [];
    for (let at = 0; at < message.length || frames.length === 0; ) {
      const head = frames.length === 0 ? u16(message.length) : Buffer.alloc(0);
      const part = message.subarray(at, at + ROOM - 1 - head.length);
      at += part.length;
      const flags = (frames.length === 0 ? 0x80 : 0) | (at === message.length ? 0x40 : 0) | (sequence % 64);
      frames.push(Buffer.concat([u8(flags), head, part]).toString('hex'));
      sequence += 1;
    }
    return frames;
  };
}

type Way = 'corridor' | 'lock';
interface Said {
  readonly from: Way;
  readonly what: string;
  readonly plain: Buffer;
}

/** A whole link: two handshake messages, then records, each way with its own counter and sequence. */
function link(made: ReturnType<typeof handshake>, envelopes: [number, number], said: readonly Said[]) {
  const frames = { corridor: framing(), lock: framing() };
  const counters = { corridor: 0, lock: 0 };
  const steps = [
    {
      from: 'corridor',
      what: 'handshake',
      plain: '',
      frames: frames.corridor(Buffer.concat([u8(envelopes[0]), made.message1])),
    },
    {
      from: 'lock',
      what: 'handshake',
      plain: '',
      frames: frames.lock(Buffer.concat([u8(envelopes[1]), made.message2])),
    },
  ];
  for (const { from, what, plain } of said) {
    const record = seal(from === 'corridor' ? made.down : made.up, counters[from], plain);
    counters[from] += 1;
    steps.push({ from, what, plain: plain.toString('hex'), frames: frames[from](Buffer.concat([u8(3), record])) });
  }
  return { handshakeHash: made.hash.toString('hex'), steps };
}

const corridor = pair('corridor');
const lock = pair('lock');
const keysOf = ({ secret, open }: Pair) => ({ secret: secret.toString('hex'), public: open.toString('hex') });
const list = (
  JSON.parse(readFileSync(new URL('authorization/lists.json', FIXTURES), 'utf8')) as {
    prfKey: string;
    versions: { headFrame: string; digest: string; file: string }[];
  }
).versions[0] as { headFrame: string; digest: string; file: string };
const SCOPE_PRF = hex('000102030405060708090a0b0c0d0e0f');
const PRF_ID = 9;
const ADVERTISEMENT_KEY = seedOf('advertisement').subarray(0, 16);
const LABEL = seedOf('label').subarray(0, 16);
const COMMAND_ID = 'c0c1c2c3c4c5c6c7';

const rootPayload = (() => {
  const entry = (role: string, scopes: string) => `{"jwk":${signer(role).jwk},"role":"${role}","scopes":${scopes}}`;
  const keys = [entry('list', `[${SCOPE}]`), entry('deny', '"all"'), entry('command', '"all"')].join(',');
  const roots = ['root-1', 'root-2', 'root-3'].map((name) => signer(name).jwk).join(',');
  const numbers = `"epoch":1,"issuedAtMs":${NOW_MS},"keys":[${keys}],"rootKeys":[${roots}]`;
  return ascii(`LKR1{"campusId":"${CAMPUS}",${numbers},"threshold":2,"version":1}`);
})();

const ticket = (() => {
  const body = Buffer.concat([hex(LOCK_ID), hex(COMMAND_ID), u32(NOW_S), u32(NOW_S + 10), u8(1, 0), u16(0)]);
  const input = Buffer.concat([ascii('campus-ticket-v1\0'), hex(CAMPUS), body]);
  return Buffer.concat([body, sign(null, input, signer('command').key)]);
})();

const wrappedKey = (() => {
  const ephemeral = pair('wrap');
  const salt = Buffer.concat([ephemeral.open, lock.open]);
  const key = Buffer.from(hkdfSync('sha256', dh(ephemeral, lock.open), salt, 'campus-lock-key-v1', 32));
  const sealed = Buffer.concat([ephemeral.open, seal(key, 0, SCOPE_PRF, u32(PRF_ID))]);
  const about = [hex(CAMPUS), lock.open, u8(1), u32(PRF_ID)];
  const input = Buffer.concat([ascii('campus-lock-key-v1\0'), ...about, sealed]);
  return Buffer.concat([sealed, sign(null, input, signer('command').key)]);
})();

const beat = frame(
  Buffer.concat([ascii('LKB1'), hex(CAMPUS), u32(1), u64(1), u64(NOW_MS), u64(0), Buffer.alloc(32)]),
  'deny',
);

/** seq, time, kind, detail, class, clock, subject, value. */
const record = (seq: number, atS: number, kind: number, clock: number, subject: Buffer, value: number): Buffer =>
  Buffer.concat([u32(seq), u32(atS), u8(kind, 0, 0, clock), subject, u32(value)]);
const NOBODY = Buffer.alloc(8);
const RECORDS = [
  record(0, 0, 14, 2, NOBODY, 0),
  record(1, 0, 18, 2, NOBODY, 0),
  record(2, NOW_S, 16, 0, NOBODY, 1),
  record(3, NOW_S, 3, 0, hex(COMMAND_ID), 1),
];

function pairing() {
  const block = [corridor.open, hex(LOCK_ID), hex(CAMPUS), u32(SCOPE), ADVERTISEMENT_KEY, sha256(rootPayload)];
  const prologue = Buffer.concat([ascii('campus-lock-pair-v1\0'), hex(LOCK_ID)]);
  const psk = Buffer.from(hkdfSync('sha256', LABEL, Buffer.alloc(0), 'campus-lock-pair-v1', 32));
  const made = handshake('NNpsk2', prologue, [], [pair('pairing-corridor'), pair('pairing-lock')], psk);
  return link(
    made,
    [4, 5],
    [
      {
        from: 'corridor',
        what: 'pair',
        plain: Buffer.concat([u8(0x40, 1), ...block, frame(rootPayload, 'root-1', 'root-2')]),
      },
      { from: 'lock', what: 'paired', plain: Buffer.concat([u8(0xc0, 1, 0), lock.open, u32(1)]) },
    ],
  );
}

function session() {
  const said: Said[] = [];
  let number = 0;
  const ask = (what: string, kind: number, ...parts: Buffer[]) => {
    number += 1;
    said.push({ from: 'corridor', what, plain: Buffer.concat([u8(kind, number), ...parts]) });
  };
  const say = (what: string, kind: number, ...parts: Buffer[]) =>
    void said.push({ from: 'lock', what, plain: Buffer.concat([u8(kind, number), ...parts]) });
  const file = hex(list.file);
  /** Header and head. */
  const front = 32 + hex(list.headFrame).length;
  ask('status', 0x01);
  const counters = [u32(0), u64(0), Buffer.alloc(32), u64(0), u32(0), u32(0), u64(0)];
  const rest = [u32(0), u32(2), u32(1), u32(0), u32(0), u64(0)];
  say('status-is', 0x81, u32(1), u32(1), u64(0), u8(2, 100, 0, 0), ...counters, ...rest);
  ask('time', 0x02, beat);
  say('time-is', 0x82, u8(0), u64(NOW_MS));
  ask('list-key', 0x24, u32(PRF_ID), wrappedKey);
  say('key-is', 0xa4, u8(0), u32(PRF_ID));
  ask('list-begin', 0x20, u32(1), u64(1), hex(list.digest), u32(file.length), file.subarray(0, front));
  say('list-at', 0xa0, u8(0), u32(front));
  for (let at = front, chunk = 1; at < file.length; at += 218, chunk += 1) {
    const part = file.subarray(at, at + 218);
    ask('list-data', 0x21, u32(at), part);
    if (chunk % 16 === 0) say('list-at', 0xa0, u8(0), u32(at + part.length));
  }
  ask('list-commit', 0x22);
  say('list-is', 0xa2, u8(0), u32(1), u64(1));
  ask('open', 0x10, ticket);
  say('accepted', 0x90, hex(COMMAND_ID));
  say('done', 0x91, hex(COMMAND_ID), u8(1));
  ask('log-get', 0x30, u32(0), u8(10));
  say('log', 0xb0, u32(0), u32(4), u32(0), ...RECORDS);
  ask('log-ack', 0x31, u32(3));
  say('log-freed', 0xb1, u32(4));
  const prologue = Buffer.concat([ascii('campus-lock-v1\0'), hex(LOCK_ID)]);
  const made = handshake('KK', prologue, [corridor, lock], [pair('session-corridor'), pair('session-lock')]);
  return link(made, [1, 2], said);
}

/** Flags, percent, counter, version, log, as a furnished lock with its bolt drawn says them. */
const advertisementBody = Buffer.concat([
  ascii('L'),
  u8(1, 0x02, 87),
  u16(513),
  u8(0x56, 0x34, 0x12),
  u8(0x03, 0x02, 0x01),
  hex(LOCK_ID).subarray(0, 4),
]);

function write(name: string, clause: string, made: string, vectors: object): void {
  const text = JSON.stringify({ source: SOURCE, clause, made, ...vectors }, undefined, 2);
  writeFileSync(new URL(`lock/${name}.json`, FIXTURES), `${text}\n`);
}

write('session', 'protocols/README: locks', 'a lock is paired, then met: time, key, list, opening, log', {
  campusId: CAMPUS,
  lockId: LOCK_ID,
  scopeId: SCOPE,
  labelCode: LABEL.toString('hex'),
  nowMs: NOW_MS,
  room: ROOM,
  keys: {
    corridor: keysOf(corridor),
    lock: keysOf(lock),
    ephemerals: {
      'pairing-corridor': keysOf(pair('pairing-corridor')),
      'pairing-lock': keysOf(pair('pairing-lock')),
      'session-corridor': keysOf(pair('session-corridor')),
      'session-lock': keysOf(pair('session-lock')),
    },
  },
  pairing: pairing(),
  session: session(),
});
write('layouts', 'protocols/README: locks', 'one of each fixed layout', {
  ticket: {
    campusId: CAMPUS,
    commandKey: signer('command').x,
    hex: ticket.toString('hex'),
    expected: {
      lockId: LOCK_ID,
      commandId: COMMAND_ID,
      issuedS: NOW_S,
      expiresS: NOW_S + 10,
      action: 1,
      rights: 0,
      holdS: 0,
    },
  },
  advertisement: {
    key: ADVERTISEMENT_KEY.toString('hex'),
    hex: Buffer.concat([advertisementBody, hmac(ADVERTISEMENT_KEY, advertisementBody).subarray(0, 4)]).toString('hex'),
    expected: {
      flags: 2,
      battery: 87,
      stateCounter: 513,
      listVersion: 0x12_34_56,
      logNext: 0x01_02_03,
      shortId: LOCK_ID.slice(0, 8),
    },
  },
  wrappedKey: {
    campusId: CAMPUS,
    lock: keysOf(lock),
    keyId: PRF_ID,
    commandKey: signer('command').x,
    hex: wrappedKey.toString('hex'),
    expected: SCOPE_PRF.toString('hex'),
  },
  records: {
    hex: Buffer.concat(RECORDS).toString('hex'),
    expected: [
      { seq: 0, atS: 0, kind: 14, detail: 0, class: 0, clock: 2, subject: '0'.repeat(16), value: 0 },
      { seq: 1, atS: 0, kind: 18, detail: 0, class: 0, clock: 2, subject: '0'.repeat(16), value: 0 },
      { seq: 2, atS: NOW_S, kind: 16, detail: 0, class: 0, clock: 0, subject: '0'.repeat(16), value: 1 },
      { seq: 3, atS: NOW_S, kind: 3, detail: 0, class: 0, clock: 0, subject: COMMAND_ID, value: 1 },
    ],
  },
});
