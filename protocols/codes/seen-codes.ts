// SPDX-License-Identifier: Apache-2.0
// Which codes were accepted: by credential, the time of the latest, raised and never lowered, and shared within a zone; by
// reader, the code of the last grant, so that a phone still held there is one event. In memory: a restart has its own rule.
import { sha256Hex } from '../bytes/hash.ts';

/** A code read again within this time of its grant, at the same reader, is the same event. */
const REPEAT_MS = 2_000;
/** Longer than any window of acceptance (check-code): what is older can no longer be presented. */
const KEEP_S = 90;
/** No code from further ahead is accepted, so nobody may have accepted one either. */
const MOST_AHEAD_S = 40;

/** A credential's key under the scope's PRF, as 16 hex digits, and the Unix second of a code of its that was accepted. */
export interface SeenCode {
  readonly key: string;
  readonly timeS: number;
}

/** What the check of a code needs to know. */
export interface SeenView {
  lastSeen(key: string): number | undefined;
  /** `atMs` is monotonic. */
  isRepeat(reader: string, text: string, atMs: number): boolean;
}

export interface SeenCodes extends SeenView {
  readonly size: number;
  /** After a code was accepted, and before the relay moves. False where a later one was seen already. */
  raise(seen: SeenCode, nowMs: number): boolean;
  /** What a neighbour accepted; gives how many were news. A time too far ahead is not believed. */
  merge(seen: readonly SeenCode[], nowMs: number): number;
  /** `atMs` is monotonic. */
  noteGrant(reader: string, text: string, atMs: number): void;
}

export function createSeenCodes(): SeenCodes {
  const times = new Map<string, number>();
  const grants = new Map<string, { readonly digest: string; readonly atMs: number }>();
  let prunedS = 0;
  const prune = (nowS: number): void => {
    if (nowS - prunedS < KEEP_S) return;
    prunedS = nowS;
    for (const [key, timeS] of times) if (timeS < nowS - KEEP_S) times.delete(key);
  };
  const raise = ({ key, timeS }: SeenCode): boolean => {
    if (timeS <= (times.get(key) ?? -1)) return false;
    times.set(key, timeS);
    return true;
  };
  return {
    get size() {
      return times.size;
    },
    lastSeen: (key) => times.get(key),
    raise(seen, nowMs) {
      prune(Math.floor(nowMs / 1_000));
      return raise(seen);
    },
    merge(seen, nowMs) {
      const nowS = Math.floor(nowMs / 1_000);
      prune(nowS);
      const believed = seen.filter(({ timeS }) => timeS >= nowS - KEEP_S && timeS <= nowS + MOST_AHEAD_S);
      return believed.filter(raise).length;
    },
    noteGrant(reader, text, atMs) {
      grants.set(reader, { digest: sha256Hex(encoder.encode(text)), atMs });
    },
    isRepeat(reader, text, atMs) {
      const grant = grants.get(reader);
      if (grant === undefined) return false;
      const age = atMs - grant.atMs;
      return age >= 0 && age <= REPEAT_MS && grant.digest === sha256Hex(encoder.encode(text));
    },
  };
}

const encoder = new TextEncoder();
