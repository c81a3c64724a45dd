// SPDX-License-Identifier: Apache-2.0
// What a corridor brings to locks, in the form in which they check it themselves: signed beats, denies, root, and the lists of
// their scopes as files.

import { makeDelta } from '@latchkey/protocols/authorization/delta';
import type { Deny } from '@latchkey/protocols/authorization/deny';
import { encodeListFile } from '@latchkey/protocols/authorization/list-file';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import { MAX_LOCK_MESSAGE_BYTES } from '@latchkey/protocols/lock/framing';
import type { SettingsFile } from '../adapters/settings-file.ts';
import type { LockImage } from '../core/lock-push.ts';
import type { VisitSources } from '../roles/lock-visit.ts';
import type { DenyKeeper } from './deny-keeper.ts';
import type { Settings } from './settings-schema.ts';
import type { Trust } from './trust.ts';

export interface LockSources extends VisitSources {
  onDenyFrame(frame: Uint8Array, deny: Deny): void;
  onBeatFrame(frame: Uint8Array, timeMs: number): void;
}

export interface LockSourceParts {
  readonly nowMs: () => number;
  readonly lists: () => readonly AuthorizationList[];
  readonly overlay: () => ReturnType<DenyKeeper['overlay']>;
  readonly settings: SettingsFile<Settings>;
  readonly trust: Pick<Trust, 'rootVersion'>;
  readonly fetchDenies: (fromSeq: number) => void;
}

const MOST_FRAMES = 2_000;
/** Versions of a list to make deltas from. */
const MOST_VERSIONS = 4;
/** A message of a lock, less head frame and headers. */
const MOST_DELTA_BYTES = MAX_LOCK_MESSAGE_BYTES - 1_024;

interface KeptDeny {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  readonly frame: Uint8Array;
}

export function createLockSources(parts: LockSourceParts): LockSources {
  const frames: KeptDeny[] = [];
  const files = new Map<string, Uint8Array>();
  const versions = new Map<number, AuthorizationList[]>();
  let beat: { readonly frame: Uint8Array; readonly timeMs: number } | undefined;
  const waiting = new Set<(frame: Uint8Array) => void>();

  /** The last few versions of a scope, the present one last. */
  function versionsOf(list: AuthorizationList): readonly AuthorizationList[] {
    const known = versions.get(list.head.scopeId) ?? [];
    if (known.at(-1)?.headHash === list.headHash) return known;
    for (const old of known) files.delete(old.headHash);
    const kept = [...known, list].slice(-MOST_VERSIONS);
    versions.set(list.head.scopeId, kept);
    return kept;
  }

  function fileOf(list: AuthorizationList): Uint8Array {
    const made = files.get(list.headHash) ?? encodeListFile({ ...list, policy: list.policyBytes });
    files.set(list.headHash, made);
    return made;
  }

  function deltaTo(list: AuthorizationList, fromVersion: number): Uint8Array | undefined {
    const from = versionsOf(list).find(({ head }) => head.version === fromVersion);
    // Profiles and schedules travel with whole lists only.
    if (!from || from.head.policyRoot !== list.head.policyRoot || from.head.epoch !== list.head.epoch) return undefined;
    const delta = makeDelta(from, list);
    return delta.length <= MOST_DELTA_BYTES - list.headFrame.length ? delta : undefined;
  }

  return {
    nowMs: parts.nowMs,
    beat: () => beat && { frame: beat.frame, ageMs: Math.max(0, parts.nowMs() - beat.timeMs) },
    nextBeat: () => new Promise((resolve) => void waiting.add(resolve)),
    deny() {
      const { epoch, seq } = parts.overlay();
      return { epoch, seq };
    },
    deniesAfter(epoch, seq) {
      const { epoch: present, seq: last } = parts.overlay();
      let next = (epoch === present ? seq : 0) + 1;
      const chain: Uint8Array[] = [];
      for (const kept of [...frames].sort((a, b) => a.first - b.first)) {
        if (kept.epoch !== present || kept.last < next || kept.first > next) continue;
        chain.push(kept.frame);
        next = kept.last + 1;
      }
      if (next > last) return chain;
      parts.fetchDenies(next);
      return undefined;
    },
    root() {
      const frame = fromBase64url(parts.settings.current().trust.root?.frame ?? '');
      return { version: parts.trust.rootVersion(), frame: frame.ok ? frame.value : new Uint8Array(0) };
    },
    image({ scope, prf }: LockAssignment): LockImage | undefined {
      const list = parts.lists().find(({ head }) => head.scopeId === scope);
      if (!list) return undefined;
      versionsOf(list);
      const { epoch, version, prfKeyId } = list.head;
      const wrapped = prf?.id === prfKeyId ? fromHex(prf.wrapped) : undefined;
      return {
        epoch,
        version,
        digest: list.headHash,
        headFrame: list.headFrame,
        file: fileOf(list),
        keyId: prfKeyId,
        wrappedKey: wrapped?.ok ? wrapped.value : undefined,
        delta: (from) => deltaTo(list, from),
      };
    },
    onDenyFrame(frame, { epoch, firstSeq, ops }) {
      if (frames.some((kept) => kept.epoch === epoch && kept.first === firstSeq)) return;
      frames.push({ epoch, first: firstSeq, last: firstSeq + ops.length - 1, frame: frame.slice() });
      if (frames.length > MOST_FRAMES) frames.shift();
    },
    onBeatFrame(given, timeMs) {
      const frame = given.slice();
      beat = { frame, timeMs };
      for (const resolve of waiting) resolve(frame);
      waiting.clear();
    },
  };
}
