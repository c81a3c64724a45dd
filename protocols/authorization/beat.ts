// SPDX-License-Identifier: Apache-2.0
// Beat, campus-wide, every few seconds (lists-and-codes, BEAT): signed time, and how far the deny chain has got. A deny that
// someone suppresses shows here.
import { type Codec, type TableValue, table } from '../bytes/field-table.ts';
import { err, ok, type Result } from '../result.ts';
import { sameChain } from './deny.ts';
import { type DenyOverlay, enterEpoch } from './deny-overlay.ts';
import { type Instant, judgeSignedTime, type RootEpoch } from './signed-time.ts';

const BEAT_FIELDS = [
  { name: 'magic', type: 'magic', text: 'LKB1' },
  { name: 'campusId', type: 'hex', length: 8 },
  { name: 'epoch', type: 'u32' },
  /** Rises with every beat of an epoch. */
  { name: 'beatSeq', type: 'u64', min: 1 },
  { name: 'timeMs', type: 'u64' },
  { name: 'denySeq', type: 'u64' },
  { name: 'denyChain', type: 'bytes', length: 32 },
] as const;
export type Beat = TableValue<typeof BEAT_FIELDS>;
export const BEAT: Codec<Beat> = table('beat', BEAT_FIELDS);

/** A beat this old, while online, is an alarm. */
export const BEAT_STALE_AFTER_MS = 60_000;

export interface BeatContext {
  readonly root: RootEpoch & { readonly campusId: string };
  /** The last beat accepted, if any. */
  readonly last: { readonly epoch: number; readonly beatSeq: number } | null;
  readonly overlay: DenyOverlay;
  readonly instant: Instant;
}

export interface BeatVerdict {
  /**
   * `current`: nothing missing. `behind`: ask for denies from `fromSeq`. `forked`: the chain here is not the signer's:
   * alarm; only the next epoch heals it. `ahead`: denies applied here that the beat does not know yet (it crossed one on its way).
   */
  readonly deny: 'current' | 'behind' | 'forked' | 'ahead';
  readonly fromSeq: number;
  /** Raise the mark of trusted time to the beat's. */
  readonly raisesTime: boolean;
}

export type BeatError = 'wrong-campus' | 'replay' | 'epoch-not-from-root' | 'implausible-time';

export function judgeBeat(beat: Beat, { root, last, overlay, instant }: BeatContext): Result<BeatVerdict, BeatError> {
  if (beat.campusId !== root.campusId) return err('wrong-campus');
  if (beat.epoch !== root.epoch) {
    return beat.epoch < root.epoch ? err('replay', 'its epoch is over') : err('epoch-not-from-root');
  }
  if (last && last.epoch === beat.epoch && beat.beatSeq <= last.beatSeq) {
    return err('replay', `beat ${last.beatSeq} has been seen`);
  }
  const time = judgeSignedTime(beat.timeMs, instant, root);
  if (time === 'implausible') return err('implausible-time', 'it lies too far ahead of the time known here');
  return ok({ ...judgeChain(beat, enterEpoch(overlay, beat.epoch)), raisesTime: time === 'ahead' });
}

function judgeChain(beat: Beat, overlay: DenyOverlay): Pick<BeatVerdict, 'deny' | 'fromSeq'> {
  const fromSeq = overlay.seq + 1;
  if (beat.denySeq > overlay.seq) return { deny: 'behind', fromSeq };
  if (beat.denySeq < overlay.seq) return { deny: 'ahead', fromSeq };
  return sameChain(beat.denyChain, overlay.chain) ? { deny: 'current', fromSeq } : { deny: 'forked', fromSeq };
}
