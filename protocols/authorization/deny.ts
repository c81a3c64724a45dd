// SPDX-License-Identifier: Apache-2.0
// Deny push, campus-wide (lists-and-codes, DENY): numbered operations on a hash chain, so that a suppressed one shows as a
// gap. Deny beats allow; what a controller holds of it is the overlay (authorization/deny-overlay).
import { concatBytes, equalBytes } from '../bytes/equal.ts';
import { type Codec, type DecodeCode, type TableValue, table } from '../bytes/field-table.ts';
import { sha256 } from '../bytes/hash.ts';
import { err, ok, type Result } from '../result.ts';
import { MAX_DENY_OPS } from './limits.ts';

const DENY_HEADER_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKD1' },
  { name: 'campusId', type: 'hex', length: 8 },
  { name: 'epoch', type: 'u32' },
  /** Sequence of the first operation; an epoch's first is 1. */
  { name: 'firstSeq', type: 'u64', min: 1 },
  { name: 'count', type: 'u16', min: 1, max: MAX_DENY_OPS },
  { name: 'issuedAtMs', type: 'u64' },
  /** Chain up to and without the first operation; 32 zero bytes before an epoch's first. */
  { name: 'previousChain', type: 'bytes', length: 32 },
] as const;
export type DenyHeader = TableValue<typeof DENY_HEADER_FIELDS>;
export const DENY_HEADER: Codec<DenyHeader> = table('deny', DENY_HEADER_FIELDS);

export const DENY_KINDS = { deny: 1, 'allow-again': 2 } as const;
export const DENY_REASONS = { lost: 1, frozen: 2, withdrawn: 3, other: 4 } as const;
export type DenyKind = keyof typeof DENY_KINDS;
export type DenyReason = keyof typeof DENY_REASONS;

const DENY_OP_FIELDS = [
  /** Key of the credential's id under the campus PRF. */
  { name: 'key8', type: 'bytes', length: 8 },
  { name: 'kind', type: 'u8', min: 1, max: 2 },
  { name: 'reason', type: 'u8', min: 1, max: 4 },
  { name: 'reserved', type: 'zero', length: 2 },
  /** Epoch minute (UTC) of the report. */
  { name: 'minute', type: 'u32' },
] as const;
export const DENY_OP: Codec<TableValue<typeof DENY_OP_FIELDS>> = table('deny operation', DENY_OP_FIELDS);

export interface DenyOp {
  readonly key8: Uint8Array;
  readonly kind: DenyKind;
  readonly reason: DenyReason;
  readonly minute: number;
}

export interface Deny {
  readonly campusId: string;
  readonly epoch: number;
  readonly firstSeq: number;
  readonly issuedAtMs: number;
  readonly previousChain: Uint8Array;
  readonly ops: readonly DenyOp[];
}

export const EMPTY_CHAIN = new Uint8Array(32);

export function encodeDenyOp({ key8, kind, reason, minute }: DenyOp): Uint8Array {
  return DENY_OP.encode({ key8, kind: DENY_KINDS[kind], reason: DENY_REASONS[reason], minute });
}

/** Payload for `signFrame` with the deny key. Throws on no or too many operations. */
export function encodeDeny({ ops, ...header }: Deny): Uint8Array {
  return concatBytes([DENY_HEADER.encode({ ...header, count: ops.length }), ...ops.map(encodeDenyOp)]);
}

export function decodeDeny(payload: Uint8Array): Result<Deny, DecodeCode | 'trailing-bytes'> {
  const header = DENY_HEADER.decode(payload);
  if (!header.ok) return header;
  const { count, ...rest } = header.value;
  const expected = DENY_HEADER.size + count * DENY_OP.size;
  if (payload.length > expected) return err('trailing-bytes', `expected ${expected} bytes`);
  const ops: DenyOp[] = [];
  for (let index = 0; index < count; index++) {
    const op = DENY_OP.decode(payload, DENY_HEADER.size + index * DENY_OP.size);
    if (!op.ok) return op;
    const { key8, kind, reason, minute } = op.value;
    ops.push({ key8, kind: kindOf(kind), reason: reasonOf(reason), minute });
  }
  return ok({ ...rest, ops });
}

/** chain_n = SHA-256(chain_{n-1} ‖ op_n), over the operations in turn. */
export const chainAfter = (chain: Uint8Array, ops: readonly DenyOp[]): Uint8Array =>
  ops.reduce((link, op) => sha256(concatBytes([link, encodeDenyOp(op)])), chain);

export const sameChain = (one: Uint8Array, other: Uint8Array): boolean => equalBytes(one, other);

export const kindOf = (number: number): DenyKind => (number === DENY_KINDS.deny ? 'deny' : 'allow-again');

export function reasonOf(number: number): DenyReason {
  if (number === DENY_REASONS.lost) return 'lost';
  if (number === DENY_REASONS.frozen) return 'frozen';
  return number === DENY_REASONS.withdrawn ? 'withdrawn' : 'other';
}
