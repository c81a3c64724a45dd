// SPDX-License-Identifier: Apache-2.0
// What a corridor controller and a lock say inside a session: one byte of kind, one of number (a reply repeats its request's),
// then a fixed block and, for some, bytes to the end. One table for both ways.
import { concatBytes } from '../bytes/equal.ts';
import { type Codec, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';
import { LOG_RECORD, type LogRecord } from './log-record.ts';

/** First byte of a whole message on the link: before the session, in it, or instead of it. */
export const ENVELOPES = { kk1: 1, kk2: 2, record: 3, pair1: 4, pair2: 5, refused: 6 } as const;

/** Body of `refused`, in the clear: it says that there is no session, and nothing else. */
export const REFUSALS = { busy: 1, 'not-paired': 2, failed: 4, 'too-many-attempts': 5 } as const;

const codes = {
  ok: 0,
  malformed: 1,
  forged: 2,
  'not-newer': 3,
  'wrong-scope': 4,
  'wrong-version': 5,
  'wrong-offset': 6,
  'too-large': 7,
  'flash-failed': 8,
  'clock-unsure': 9,
  expired: 10,
  'not-mine': 11,
  jammed: 12,
  'battery-critical': 13,
  privacy: 14,
  busy: 15,
  gap: 16,
  unsupported: 17,
  /** Power was lost while it opened: it opened or it did not, and it will not open now. */
  interrupted: 18,
  /** By another order: a factory reset goes before. */
  'already-paired': 19,
} as const;
/** What a lock answers. Stable numbers; a lock that meets an unknown request says `unsupported`. */
export const LOCK_CODES = codes;
export type LockCode = keyof typeof LOCK_CODES;

const code = { name: 'code', type: 'u8', max: 19 } as const;
const u8 = <const N extends string>(name: N) => ({ name, type: 'u8' }) as const;
const u32 = <const N extends string>(name: N) => ({ name, type: 'u32' }) as const;
const u64 = <const N extends string>(name: N) => ({ name, type: 'u64' }) as const;
const hex = <const N extends string, const L extends number>(name: N, length: L) =>
  ({ name, type: 'hex', length }) as const;

const MESSAGES = {
  status: { kind: 0x01, block: table('status', []) },
  /** Tail: a beat frame, signed by the deny key (authorization/beat). */
  time: { kind: 0x02, block: table('time', []), tail: true },
  /** Tail: a ticket (ticket.ts). */
  open: { kind: 0x10, block: table('open', []), tail: true },
  /** Opens or resumes a transfer. Tail: the signed head frame. */
  'list-begin': {
    kind: 0x20,
    block: table('list-begin', [u32('epoch'), u64('version'), hex('digest', 32), u32('total')]),
    tail: true,
  },
  /** Tail: bytes of the list file from `offset`. Answered once every 16 and when something is wrong. */
  'list-data': { kind: 0x21, block: table('list-data', [u32('offset')]), tail: true },
  'list-commit': { kind: 0x22, block: table('list-commit', []) },
  /** Tail: u16 length and the new head frame, then delta frames (authorization/delta). */
  'list-delta': { kind: 0x23, block: table('list-delta', [u64('from'), u64('to')]), tail: true },
  /** Tail: 64 bytes (key-wrap.ts). */
  'list-key': { kind: 0x24, block: table('list-key', [u32('keyId')]), tail: true },
  /** The key under which denies are, the same way: a lock that has denies and no key for them lets nobody in. */
  'campus-key': { kind: 0x25, block: table('campus-key', [u32('keyId')]), tail: true },
  /** Tail: a deny frame (authorization/deny). */
  deny: { kind: 0x28, block: table('deny', []), tail: true },
  /** Tail: a root document, signed by the old and the new root keys. */
  root: { kind: 0x29, block: table('root', []), tail: true },
  'log-get': { kind: 0x30, block: table('log-get', [u32('from'), u8('most')]) },
  'log-ack': { kind: 0x31, block: table('log-ack', [u32('upTo')]) },
  /** In a pairing session only. Tail: a root document; the lock checks it against the digest on the label's code. */
  pair: {
    kind: 0x40,
    block: table('pair', [
      hex('corridor', 32),
      hex('lockId', 8),
      hex('campusId', 8),
      u32('scopeId'),
      hex('advertisementKey', 16),
      hex('rootDigest', 32),
    ]),
    tail: true,
  },
  /** Who may hold sessions from now on. Tail: the signed frame (lock/corridor-keys). */
  corridors: { kind: 0x41, block: table('corridors', []), tail: true },

  'status-is': {
    kind: 0x81,
    block: table('status-is', [
      u32('firmware'),
      u32('boot'),
      u64('nowMs'),
      /** 0 synced, 1 free, 2 degraded. */
      u8('clock'),
      /** Percent; 255 unknown. */
      u8('battery'),
      /** 0 thrown, 1 drawn, 2 jammed, 3 unknown. */
      u8('bolt'),
      /** 0 closed, 1 open, 2 unknown. */
      u8('door'),
      u32('epoch'),
      u64('version'),
      hex('digest', 32),
      /** Transfer under way: version 0 for none. */
      u64('shadowVersion'),
      u32('shadowOffset'),
      u32('denyEpoch'),
      u64('denySeq'),
      u32('logFirst'),
      u32('logNext'),
      u32('rootVersion'),
      u32('keyId'),
      u32('campusKeyId'),
      /** Of the corridors' keys in force; 0: the one that paired it. */
      u64('corridorsOrder'),
    ]),
  },
  'time-is': { kind: 0x82, block: table('time-is', [code, u64('nowMs')]) },
  /** The ticket is good and the motor has its order; `done` or `failed` follows, or followed long ago. */
  accepted: { kind: 0x90, block: table('accepted', [hex('commandId', 8)]) },
  /** From the bolt's sensor, not from the motor's order. */
  done: { kind: 0x91, block: table('done', [hex('commandId', 8), u8('bolt')]) },
  failed: { kind: 0x92, block: table('failed', [hex('commandId', 8), code]) },
  'list-at': { kind: 0xa0, block: table('list-at', [code, u32('offset')]) },
  'list-is': { kind: 0xa2, block: table('list-is', [code, u32('epoch'), u64('version')]) },
  'key-is': { kind: 0xa4, block: table('key-is', [code, u32('keyId')]) },
  'deny-is': { kind: 0xa8, block: table('deny-is', [code, u64('denySeq')]) },
  'root-is': { kind: 0xa9, block: table('root-is', [code, u32('rootVersion')]) },
  /** `lost`: numbers before the first that the ring overwrote unacknowledged. Tail: records. */
  log: { kind: 0xb0, block: table('log', [u32('first'), u32('next'), u32('lost')]), tail: true },
  'log-freed': { kind: 0xb1, block: table('log-freed', [u32('first')]) },
  /** The lock's own static key, kept by the gateway. */
  paired: { kind: 0xc0, block: table('paired', [code, hex('lock', 32), u32('firmware')]) },
  'corridors-are': { kind: 0xc1, block: table('corridors-are', [code, u64('order')]) },
  /** Not understood, or not now. */
  refused: { kind: 0xff, block: table('refused', [code]) },
} as const satisfies Readonly<Record<string, { kind: number; block: Pick<Codec<never>, 'size'>; tail?: true }>>;

export type LockMessageKind = keyof typeof MESSAGES;
type BlockOf<K extends LockMessageKind> = (typeof MESSAGES)[K]['block'] extends Codec<infer T> ? T : never;
type TailOf<K extends LockMessageKind> = (typeof MESSAGES)[K] extends { tail: true }
  ? { readonly tail: Uint8Array }
  : object;

export type LockMessage<K extends LockMessageKind = LockMessageKind> = {
  [X in K]: { readonly kind: X; readonly number: number } & BlockOf<X> & TailOf<X>;
}[K];

const HEADER = table('lock message', [u8('kind'), u8('number')]);
const BY_NUMBER = new Map<number, LockMessageKind>(
  Object.entries(MESSAGES).map(([name, { kind }]) => [kind, name as LockMessageKind]),
);

/** Throws RangeError on a value that has no encoding: a bug of the caller. */
export function writeLockMessage(message: LockMessage): Uint8Array {
  const form = MESSAGES[message.kind];
  const block = (form.block as unknown as Codec<object>).encode(message);
  const tail = 'tail' in message ? message.tail : new Uint8Array(0);
  return concatBytes([HEADER.encode({ kind: form.kind, number: message.number }), block, tail]);
}

export type LockMessageError = 'message-truncated' | 'message-unknown' | 'message-malformed';

export function readLockMessage(bytes: Uint8Array): Result<LockMessage, LockMessageError> {
  const header = HEADER.decode(bytes);
  if (!header.ok) return err('message-truncated');
  const kind = BY_NUMBER.get(header.value.kind);
  if (kind === undefined) return err('message-unknown');
  const form = MESSAGES[kind];
  const block = (form.block as unknown as Codec<object>).decode(bytes, HEADER.size);
  if (!block.ok) return err(block.code === 'truncated' ? 'message-truncated' : 'message-malformed', block.detail);
  const tail = bytes.slice(HEADER.size + form.block.size);
  if (!('tail' in form) && tail.length > 0) return err('message-malformed', 'bytes follow the message');
  const value = { kind, number: header.value.number, ...block.value, ...('tail' in form ? { tail } : {}) };
  return ok(value as unknown as LockMessage);
}

const CODE_NAMES = Object.keys(LOCK_CODES) as LockCode[];
export const lockCodeOf = (number: number): LockCode =>
  CODE_NAMES.find((name) => LOCK_CODES[name] === number) ?? 'unsupported';

/** Records in the tail of `log`. */
export function readLogRecords(tail: Uint8Array): Result<LogRecord[], 'message-malformed'> {
  if (tail.length % LOG_RECORD.size !== 0) return err('message-malformed', 'records take 24 bytes each');
  const records: LogRecord[] = [];
  for (let at = 0; at < tail.length; at += LOG_RECORD.size) {
    const record = LOG_RECORD.decode(tail, at);
    if (!record.ok) return err('message-malformed', record.detail);
    records.push(record.value);
  }
  return ok(records);
}

export const writeLogRecords = (records: readonly LogRecord[]): Uint8Array =>
  concatBytes(records.map((record) => LOG_RECORD.encode(record)));

/** Every message as the documents show it: number, fixed block by offset and width, whether bytes follow. */
export const lockMessageForms = () =>
  Object.entries(MESSAGES).map(([name, form]) => ({
    name,
    number: form.kind,
    fields: form.block.fields.map(({ field, offset, width }) => ({ name: field.name, offset, width })),
    hasTail: 'tail' in form,
  }));
