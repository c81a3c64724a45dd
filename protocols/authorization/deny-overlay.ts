// SPDX-License-Identifier: Apache-2.0
// What a controller holds of the deny chain: who is denied since the lists in force were made (lists-and-codes, DENY).
// Every function gives a new state; nothing is applied that does not continue the chain.
import { concatBytes } from '../bytes/equal.ts';
import { type Codec, type DecodeCode, type TableValue, table } from '../bytes/field-table.ts';
import { fromHex, toHex } from '../bytes/hex.ts';
import { err, ok, type Result } from '../result.ts';
import { chainAfter, DENY_REASONS, type Deny, type DenyReason, EMPTY_CHAIN, reasonOf, sameChain } from './deny.ts';
import { MAX_OVERLAY_ENTRIES } from './limits.ts';

export interface DeniedEntry {
  readonly epoch: number;
  readonly seq: number;
  readonly reason: DenyReason;
  readonly minute: number;
}

export interface DenyOverlay {
  /** Position in the chain: the last operation applied, 0 before an epoch's first. */
  readonly epoch: number;
  readonly seq: number;
  readonly chain: Uint8Array;
  /** By campus key, as 16 hex digits. */
  readonly entries: ReadonlyMap<string, DeniedEntry>;
}

/** A place in the deny chain. A list's head is one: its epoch and denySeq. */
export interface DenyPosition {
  readonly epoch: number;
  readonly denySeq: number;
}

export type ApplyDenyError =
  | 'gap'
  | 'chain-mismatch'
  | 'replay'
  | 'wrong-campus'
  | 'epoch-not-from-root'
  | 'overlay-full';

export const EMPTY_OVERLAY: DenyOverlay = { epoch: 0, seq: 0, chain: EMPTY_CHAIN, entries: new Map() };

/**
 * Start of an epoch: the chain begins again, so that a stolen deny key cannot have spoilt it for good. Those denied stay
 * denied until lists of the new epoch cover them.
 */
export const enterEpoch = (state: DenyOverlay, epoch: number): DenyOverlay =>
  epoch > state.epoch ? { epoch, seq: 0, chain: EMPTY_CHAIN, entries: state.entries } : state;

/** Applies a verified deny. Operations already applied are skipped when they lie on the same chain. */
export function applyDeny(
  state: DenyOverlay,
  deny: Deny,
  root: { readonly epoch: number; readonly campusId: string },
): Result<DenyOverlay, ApplyDenyError> {
  if (deny.campusId !== root.campusId) return err('wrong-campus');
  if (deny.epoch !== root.epoch) {
    return deny.epoch < root.epoch ? err('replay', 'its epoch is over') : err('epoch-not-from-root');
  }
  const at = enterEpoch(state, deny.epoch);
  const lastSeq = deny.firstSeq + deny.ops.length - 1;
  if (deny.firstSeq > at.seq + 1) return err('gap', `operation ${at.seq + 1} comes next`);
  if (lastSeq <= at.seq) return err('replay', `operations up to ${at.seq} are applied`);
  const known = at.seq + 1 - deny.firstSeq;
  if (!sameChain(chainAfter(deny.previousChain, deny.ops.slice(0, known)), at.chain)) {
    return err('chain-mismatch', 'it does not continue the chain applied here');
  }
  const fresh = deny.ops.slice(known);
  const entries = new Map(at.entries);
  fresh.forEach(({ key8, kind, reason, minute }, index) => {
    const key = toHex(key8);
    // Later operations win, and move to the end so that the map stays in order of sequence.
    entries.delete(key);
    if (kind === 'deny') entries.set(key, { epoch: deny.epoch, seq: at.seq + 1 + index, reason, minute });
  });
  if (entries.size > MAX_OVERLAY_ENTRIES) return err('overlay-full', `at most ${MAX_OVERLAY_ENTRIES} entries`);
  return ok({ epoch: at.epoch, seq: lastSeq, chain: chainAfter(at.chain, fresh), entries });
}

export const isDenied = (state: DenyOverlay, campusKey8: Uint8Array): boolean =>
  state.entries.size > 0 && state.entries.has(toHex(campusKey8));

/**
 * Forgets entries that every active list covers: `covered` is the least (epoch, denySeq) among them. An entry of an earlier
 * epoch goes once all lists are of a later one.
 */
export function pruneOverlay(state: DenyOverlay, covered: DenyPosition): DenyOverlay {
  const entries = new Map(
    [...state.entries].filter(([, { epoch, seq }]) => !isCovered({ epoch, denySeq: seq }, covered)),
  );
  return entries.size === state.entries.size ? state : { ...state, entries };
}

/** True where `covered` is at or behind `position` in the chain's order. */
export const isCovered = (position: DenyPosition, covered: DenyPosition): boolean =>
  position.epoch < covered.epoch || (position.epoch === covered.epoch && position.denySeq <= covered.denySeq);

/** The least of several positions; `undefined` for none. */
export const leastPosition = (positions: readonly DenyPosition[]): DenyPosition | undefined =>
  positions.reduce<DenyPosition | undefined>(
    (least, position) => (least === undefined || isCovered(position, least) ? position : least),
    undefined,
  );

const OVERLAY_HEADER_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKO1' },
  { name: 'epoch', type: 'u32' },
  { name: 'seq', type: 'u64' },
  { name: 'chain', type: 'bytes', length: 32 },
  { name: 'count', type: 'u32', max: MAX_OVERLAY_ENTRIES },
] as const;
export const OVERLAY_HEADER: Codec<TableValue<typeof OVERLAY_HEADER_FIELDS>> = table('overlay', OVERLAY_HEADER_FIELDS);

const OVERLAY_ENTRY_FIELDS = [
  { name: 'key8', type: 'bytes', length: 8 },
  { name: 'epoch', type: 'u32' },
  { name: 'seq', type: 'u64' },
  { name: 'minute', type: 'u32' },
  { name: 'reason', type: 'u8', min: 1, max: 4 },
  { name: 'reserved', type: 'zero', length: 3 },
] as const;
export const OVERLAY_ENTRY: Codec<TableValue<typeof OVERLAY_ENTRY_FIELDS>> = table('denied', OVERLAY_ENTRY_FIELDS);

/** At rest on a controller; not signed: the store keeps it whole (write, fsync, rename), beats show what is missing. */
export function encodeOverlay(state: DenyOverlay): Uint8Array {
  const { epoch, seq, chain, entries } = state;
  const parts = [OVERLAY_HEADER.encode({ epoch, seq, chain, count: entries.size })];
  for (const [key, entry] of entries) {
    const key8 = fromHex(key);
    if (key8.ok) parts.push(OVERLAY_ENTRY.encode({ ...entry, key8: key8.value, reason: DENY_REASONS[entry.reason] }));
  }
  return concatBytes(parts);
}

export function decodeOverlay(bytes: Uint8Array): Result<DenyOverlay, DecodeCode | 'trailing-bytes'> {
  const header = OVERLAY_HEADER.decode(bytes);
  if (!header.ok) return header;
  const { epoch, seq, chain, count } = header.value;
  const size = OVERLAY_HEADER.size + count * OVERLAY_ENTRY.size;
  if (bytes.length > size) return err('trailing-bytes', `expected ${size} bytes`);
  const entries = new Map<string, DeniedEntry>();
  for (let at = OVERLAY_HEADER.size; at < size; at += OVERLAY_ENTRY.size) {
    const entry = OVERLAY_ENTRY.decode(bytes, at);
    if (!entry.ok) return entry;
    const { key8, reason, ...rest } = entry.value;
    entries.set(toHex(key8), { ...rest, reason: reasonOf(reason) });
  }
  return ok({ epoch, seq, chain, entries });
}
