// SPDX-License-Identifier: Apache-2.0
// Noise (revision 34) with 25519, ChaChaPoly and SHA256, and of it just two patterns: KK for every session of a lock whose keys
// are known (reference: lock, Session), NNpsk2 for the one in which they become known, under the code on its label.
import { createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { concatBytes } from '../bytes/equal.ts';
import { err, ok, type Result } from '../result.ts';
import { openBox, sealBox, TAG_BYTES } from './cipher.ts';

export const DH_BYTES = 32;
const HASH_BYTES = 32;
const NAMES = {
  KK: 'Noise_KK_25519_ChaChaPoly_SHA256',
  NNpsk2: 'Noise_NNpsk2_25519_ChaChaPoly_SHA256',
} as const;

type Token = 'e' | 'ee' | 'es' | 'se' | 'ss' | 'psk';
const MESSAGES: Readonly<Record<keyof typeof NAMES, readonly (readonly Token[])[]>> = {
  KK: [
    ['e', 'es', 'ss'],
    ['e', 'ee', 'se'],
  ],
  NNpsk2: [['e'], ['e', 'ee', 'psk']],
};

/** A private key of 32 bytes and its public one. */
export interface KeyPair {
  readonly secret: Uint8Array;
  readonly open: Uint8Array;
}

const PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32]);
const SPKI = Uint8Array.from([48, 42, 48, 5, 6, 3, 43, 101, 110, 3, 33, 0]);

const privateKey = (secret: Uint8Array) =>
  createPrivateKey({ key: Buffer.from(concatBytes([PKCS8, secret])), format: 'der', type: 'pkcs8' });

/** From 32 random bytes. */
export function keyPair(secret: Uint8Array): KeyPair {
  if (secret.length !== DH_BYTES) throw new RangeError('a key has 32 bytes');
  const spki = createPublicKey(privateKey(secret)).export({ format: 'der', type: 'spki' });
  return { secret, open: new Uint8Array(spki.subarray(SPKI.length)) };
}

/** `undefined` for a public key of small order, whose result anybody knows. */
export function agree(secret: Uint8Array, open: Uint8Array): Uint8Array | undefined {
  if (open.length !== DH_BYTES) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(concatBytes([SPKI, open])), format: 'der', type: 'spki' });
    const shared = diffieHellman({ privateKey: privateKey(secret), publicKey: key });
    return shared.some((byte) => byte !== 0) ? new Uint8Array(shared) : undefined;
  } catch {
    return undefined;
  }
}

const hash = (...parts: readonly Uint8Array[]): Uint8Array => {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return new Uint8Array(sum.digest());
};
const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac('sha256', key).update(data).digest());

function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: number): Uint8Array[] {
  const temporary = hmac(chainingKey, input);
  const made: Uint8Array[] = [];
  let last: Uint8Array = new Uint8Array(0);
  for (let index = 1; index <= outputs; index++) {
    last = hmac(temporary, concatBytes([last, Uint8Array.of(index)]));
    made.push(last);
  }
  return made;
}

export type NoiseError = 'noise-failed' | 'noise-length' | 'noise-order' | 'noise-exhausted';

/** One way of a session. Counters are implicit: a record lost, repeated or moved ends it. */
export interface NoiseWay {
  seal(plain: Uint8Array): Uint8Array;
  open(record: Uint8Array): Result<Uint8Array, NoiseError>;
}

export interface NoiseSession {
  readonly send: Pick<NoiseWay, 'seal'>;
  readonly receive: Pick<NoiseWay, 'open'>;
  /** Hash of the whole handshake: names this session and no other. */
  readonly handshakeHash: Uint8Array;
}

export interface HandshakeOptions {
  readonly pattern: keyof typeof NAMES;
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  /** Made anew for every handshake. */
  readonly ephemeral: KeyPair;
  /** KK. */
  readonly own?: KeyPair;
  readonly peer?: Uint8Array;
  /** NNpsk2: 32 bytes. */
  readonly psk?: Uint8Array;
}

export interface Handshake {
  write(payload?: Uint8Array): Result<Uint8Array, NoiseError>;
  read(message: Uint8Array): Result<Uint8Array, NoiseError>;
  /** Once both messages went. */
  session(): NoiseSession | undefined;
}

/** Largest number of records a way may carry; a session lasts seconds. */
const MOST_RECORDS = 2 ** 32;

export function createHandshake(options: HandshakeOptions): Handshake {
  const { pattern, initiator, ephemeral, own, peer, psk } = options;
  const name = new TextEncoder().encode(NAMES[pattern]);
  let h = name.length <= HASH_BYTES ? concatBytes([name, new Uint8Array(HASH_BYTES - name.length)]) : hash(name);
  let chaining = h;
  let key: Uint8Array | undefined;
  let nonce = 0;
  let remote: Uint8Array | undefined;
  let turn = 0;
  let failed = false;

  const mixHash = (data: Uint8Array) => void (h = hash(h, data));
  const mixKey = (input: Uint8Array) => {
    const [next, made] = hkdf(chaining, input, 2) as [Uint8Array, Uint8Array];
    chaining = next;
    key = made;
    nonce = 0;
  };
  mixHash(options.prologue);
  if (pattern === 'KK') {
    if (!own || !peer) throw new RangeError('KK needs both static keys');
    for (const each of initiator ? [own.open, peer] : [peer, own.open]) mixHash(each);
  } else if (psk?.length !== HASH_BYTES) throw new RangeError('NNpsk2 needs a key of 32 bytes');

  /** Which of our secrets meets which of their public keys. */
  function shared(token: 'ee' | 'es' | 'se' | 'ss'): Uint8Array | undefined {
    const [mine, theirs] = initiator ? [token[0], token[1]] : [token[1], token[0]];
    const secret = mine === 'e' ? ephemeral.secret : own?.secret;
    const open = theirs === 'e' ? remote : peer;
    return secret && open ? agree(secret, open) : undefined;
  }

  /** False where a key agreement fails. */
  function mix(token: Exclude<Token, 'e'>): boolean {
    if (token === 'psk') {
      const [next, mixed, made] = hkdf(chaining, psk as Uint8Array, 3) as [Uint8Array, Uint8Array, Uint8Array];
      chaining = next;
      mixHash(mixed);
      key = made;
      nonce = 0;
      return true;
    }
    const secret = shared(token);
    if (secret) mixKey(secret);
    return secret !== undefined;
  }

  function mixEphemeral(open: Uint8Array): void {
    mixHash(open);
    // With a pre-shared key every ephemeral key is mixed in as well (revision 34, 9.2).
    if (pattern === 'NNpsk2') mixKey(open);
  }

  function fail(code: NoiseError): Result<never, NoiseError> {
    failed = true;
    return err(code);
  }

  function seal(payload: Uint8Array): Uint8Array {
    const sealed = key ? sealBox(key, nonce++, payload, h) : payload;
    mixHash(sealed);
    return sealed;
  }

  const isTurn = (writing: boolean) =>
    !failed && turn < MESSAGES[pattern].length && (turn % 2 === 0) === (initiator === writing);

  return {
    write(payload = new Uint8Array(0)) {
      if (!isTurn(true)) return fail('noise-order');
      for (const token of MESSAGES[pattern][turn] ?? []) {
        if (token === 'e') mixEphemeral(ephemeral.open);
        else if (!mix(token)) return fail('noise-failed');
      }
      turn += 1;
      return ok(concatBytes([ephemeral.open, seal(payload)]));
    },
    read(message) {
      if (!isTurn(false)) return fail('noise-order');
      if (message.length < DH_BYTES) return fail('noise-length');
      for (const token of MESSAGES[pattern][turn] ?? []) {
        if (token === 'e') {
          remote = message.slice(0, DH_BYTES);
          mixEphemeral(remote);
        } else if (!mix(token)) return fail('noise-failed');
      }
      const sealed = message.slice(DH_BYTES);
      const payload = key ? openBox(key, nonce++, sealed, h) : sealed;
      if (!payload) return fail('noise-failed');
      mixHash(sealed);
      turn += 1;
      return ok(payload);
    },
    session() {
      if (failed || turn < MESSAGES[pattern].length) return undefined;
      const [first, second] = hkdf(chaining, new Uint8Array(0), 2) as [Uint8Array, Uint8Array];
      const [out, back] = initiator ? [first, second] : [second, first];
      return { send: wayOf(out), receive: wayOf(back), handshakeHash: h };
    },
  };
}

const NOTHING = new Uint8Array(0);

function wayOf(key: Uint8Array): NoiseWay {
  let count = 0;
  let broken = false;
  return {
    seal(plain) {
      if (count >= MOST_RECORDS) throw new RangeError('a session carries at most 2^32 records');
      return sealBox(key, count++, plain, NOTHING);
    },
    open(record) {
      if (broken || record.length < TAG_BYTES) return err(broken ? 'noise-failed' : 'noise-length');
      if (count >= MOST_RECORDS) return err('noise-exhausted');
      const plain = openBox(key, count, record, NOTHING);
      // Whoever can break one record must not try a second: the session is over.
      if (!plain) {
        broken = true;
        return err('noise-failed');
      }
      count += 1;
      return ok(plain);
    },
  };
}
