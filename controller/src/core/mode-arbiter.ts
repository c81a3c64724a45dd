// SPDX-License-Identifier: Apache-2.0
// Who decides a door's mode: each writer holds one claim, the highest rank shows, and each gives up only its own
// (reference: door, Details). Momentary access is no claim: it lies over the mode and ends by itself.
import { type DoorMode, MODE_WRITERS, type ModeWriter } from '@latchkey/protocols/mqtt/door-terms';
import { type Err, err, ok, type Result } from '@latchkey/protocols/result';

/** Modes a writer may ask for. Accessed and Unknown are outcomes. */
export type ClaimedMode = Exclude<DoorMode, 'Accessed' | 'Unknown'>;

export interface Claim {
  readonly mode: ClaimedMode;
  /** Who, for the record: `operator:li`, `schedule:day`. */
  readonly by: string;
}

export type Claims = { readonly [writer in ModeWriter]?: Claim };

export const NO_CLAIMS: Claims = {};

export type ClaimRefusal = 'door-locked-down' | 'door-locked-open';

/** The claim that shows; none: the door is Locked. */
export function highestClaim(claims: Claims): (Claim & { readonly writer: ModeWriter }) | undefined {
  for (const writer of MODE_WRITERS) {
    const claim = claims[writer];
    if (claim) return { ...claim, writer };
  }
  return undefined;
}

export const baseMode = (claims: Claims): ClaimedMode => highestClaim(claims)?.mode ?? 'Locked';

/**
 * An operator's change is refused while the door is LockedDown or LockedOpen: these take only their own release. Fire and
 * lockdown rank above, and a schedule is no request: it keeps its claim up to date underneath.
 */
export function claimMode(claims: Claims, writer: ModeWriter, claim: Claim): Result<Claims, ClaimRefusal> {
  return mayClaim(baseMode(claims), writer, claim.mode) ?? ok({ ...claims, [writer]: claim });
}

/** Why a door in this mode will not take that claim; `undefined` where it will. For whoever has to know before it keeps it. */
export function mayClaim(now: DoorMode, writer: ModeWriter, mode: ClaimedMode): Err<ClaimRefusal> | undefined {
  if (writer !== 'operator' || now === mode) return undefined;
  if (now === 'LockedDown') return err('door-locked-down', 'release the lockdown first');
  if (now === 'LockedOpen') return err('door-locked-open', 'release the locked-open mode first');
  return undefined;
}

export function relinquish(claims: Claims, writer: ModeWriter): Claims {
  const { [writer]: _own, ...others } = claims;
  return others;
}

/** Modes in which nothing momentary opens the door from outside. */
export const refusesMomentary = (mode: DoorMode): boolean =>
  mode === 'Blocked' || mode === 'LockedDown' || mode === 'LockedOpen';

/** Modes in which the lock is free; they mask forced and held. */
export const isFree = (mode: DoorMode): boolean => mode === 'Unlocked' || mode === 'LockedOpen';

/** Modes that Accessed lies over, and to which it returns. */
export const yieldsToAccess = (mode: DoorMode): boolean => mode === 'Locked' || mode === 'DoubleLocked';
