// SPDX-License-Identifier: Apache-2.0
// Challenges of profile D that a gate has shown: good for 30 s and one use. Over and used ones are kept a little longer, so that
// whoever answers too late hears that, and not that the code is forged.
import { equalBytes } from '../bytes/equal.ts';
import { sha256 } from '../bytes/hash.ts';
import type { Challenge } from './pass-code.ts';

export const CHALLENGE_LIFE_MS = 30_000;
const KEEP_MS = 60_000;
/** A display shows a new one every few seconds; each costs one check of a signature. */
const MOST_CHALLENGES = 8;

export interface ShownChallenge {
  readonly challenge: Challenge;
  /** Monotonic. */
  readonly shownMs: number;
  readonly used: boolean;
}

export type ChallengeState = 'open' | 'used' | 'expired';

/** Names a gate within a challenge: the first four bytes of the hash of its portal's id. */
export const gateIdOf = (portal: string): Uint8Array => sha256(new TextEncoder().encode(portal)).slice(0, 4);

/** `nonce`: 8 random bytes. Gives all that are kept, newest first. */
export function showChallenge(
  shown: readonly ShownChallenge[],
  challenge: Challenge,
  atMs: number,
): readonly ShownChallenge[] {
  const kept = shown.filter(({ shownMs }) => atMs - shownMs <= KEEP_MS);
  return [{ challenge, shownMs: atMs, used: false }, ...kept].slice(0, MOST_CHALLENGES);
}

export const useChallenge = (shown: readonly ShownChallenge[], { nonce }: Challenge): readonly ShownChallenge[] =>
  shown.map((one) => (equalBytes(one.challenge.nonce, nonce) ? { ...one, used: true } : one));

export function challengeState({ shownMs, used }: ShownChallenge, atMs: number): ChallengeState {
  if (used) return 'used';
  return atMs - shownMs <= CHALLENGE_LIFE_MS ? 'open' : 'expired';
}
