// SPDX-License-Identifier: Apache-2.0
// Who is denied since the lists were made: pushes, beats, gaps. A deny is in force the moment it is verified, durable right
// after; what a beat knows and this controller does not is fetched (reference: lists and codes, What a controller enforces 4).
import { readFile } from 'node:fs/promises';
import { BEAT, BEAT_STALE_AFTER_MS, judgeBeat } from '@latchkey/protocols/authorization/beat';
import { type Deny, decodeDeny } from '@latchkey/protocols/authorization/deny';
import {
  applyDeny,
  type DenyOverlay,
  type DenyPosition,
  decodeOverlay,
  EMPTY_OVERLAY,
  encodeOverlay,
  isCovered,
  leastPosition,
  pruneOverlay,
} from '@latchkey/protocols/authorization/deny-overlay';
import { verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import type { Instant } from '@latchkey/protocols/authorization/signed-time';
import { equalBytes } from '@latchkey/protocols/bytes/equal';
import { sha256 } from '@latchkey/protocols/bytes/hash';
import { replaceFile } from '../adapters/durable-file.ts';
import type { SettingsFile } from '../adapters/settings-file.ts';
import type { Clock } from '../ports/clock.ts';
import type { Alarms } from './alarms.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings-schema.ts';
import type { Trust } from './trust.ts';

export interface DenyKeeper {
  overlay(): DenyOverlay;
  /** A signed deny, from the broadcast or sent alone to fill a gap. */
  onDeny(frame: Uint8Array): Promise<void>;
  onBeat(frame: Uint8Array): Promise<void>;
  onUp(): void;
  onDown(): void;
  /** The last beat believed, for the marks that are written now and then. */
  lastBeat(): { readonly epoch: number; readonly seq: number } | undefined;
  /** Lists at these positions are all that is in force. */
  prune(positions: readonly DenyPosition[]): Promise<void>;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

export interface DenyKeeperParts {
  readonly path: string;
  readonly settings: SettingsFile<Settings>;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly alarms: Alarms;
  readonly log: Log;
  readonly instant: () => Instant;
  readonly onSignedTime: (ms: number) => void;
  readonly fetchFrom: (seq: number) => void;
  /** A deny came into force. */
  readonly onApplied: () => void;
  /** Frames whose signature holds, for locks, which check them again. */
  readonly onFrame?: (frame: Uint8Array, deny: Deny) => void;
  readonly onBeatFrame?: (frame: Uint8Array, timeMs: number) => void;
}

const DIGEST_BYTES = 32;
/** Frames that wait to be looked at. What floods beyond is dropped: beats show what was missed. */
const MAX_WAITING = 1_000;
const LOST = 'denies kept here were lost';
const FORKED = 'the chain of denies forked';
const HELD_BACK = 'denies are held back';
const FULL = 'more denies than fit here';

/** The overlay and its digest: the file is not signed, and a flipped bit must not free a lost card unseen. */
async function readOverlay(path: string): Promise<DenyOverlay | 'none' | 'damaged'> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return 'none';
  const body = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
  if (!equalBytes(sha256(body), bytes.subarray(body.length))) return 'damaged';
  const overlay = decodeOverlay(body);
  return overlay.ok ? overlay.value : 'damaged';
}

async function writeOverlay(path: string, overlay: DenyOverlay): Promise<void> {
  const body = encodeOverlay(overlay);
  await replaceFile(path, Buffer.concat([body, sha256(body)]));
}

/** Reads what is kept. A damaged or missing file that should be there is an alarm, and everything is fetched anew. */
export async function openDenyKeeper(parts: DenyKeeperParts): Promise<DenyKeeper> {
  const { settings, alarms } = parts;
  const kept = await readOverlay(parts.path);
  const overlay = kept === 'none' || kept === 'damaged' ? EMPTY_OVERLAY : kept;
  const { epoch, seq } = settings.current().trust.deny;
  const isBehind = !isCovered({ epoch, denySeq: seq }, { epoch: overlay.epoch, denySeq: overlay.seq });
  if (kept === 'damaged' || isBehind) alarms.set('deny-suppressed', true, LOST);
  return denyKeeper(parts, overlay);
}

function denyKeeper(parts: DenyKeeperParts, initial: DenyOverlay): DenyKeeper {
  const { settings, trust, clock, alarms, log } = parts;
  let overlay = initial;
  let writing: Promise<void> = Promise.resolve();
  let queue: Promise<void> = Promise.resolve();
  let lastSeen: { epoch: number; beatSeq: number } | undefined;
  let up = false;
  let cancelStale: (() => void) | undefined;
  let cancelBehind: (() => void) | undefined;
  let waiting = 0;

  function store(next: DenyOverlay): Promise<void> {
    overlay = next;
    const done = writing.then(async () => {
      await writeOverlay(parts.path, next);
      const deny = { epoch: next.epoch, seq: next.seq };
      await settings.update((data) => ({ ...data, trust: { ...data.trust, deny } }));
    });
    writing = done.catch((error: unknown) => {
      log.error({ reason: (error as { code?: string }).code ?? 'unknown' }, 'denies not kept on disk');
    });
    return writing;
  }

  /** One message after the other: each continues the chain of the one before. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    waiting += 1;
    queue = queue
      .then(work)
      .catch((error: unknown) => log.error({ error: String(error) }, 'deny handling failed'))
      .finally(() => {
        waiting -= 1;
      });
    return queue;
  }

  const fromOutside = (work: () => Promise<void>) => (waiting < MAX_WAITING ? inTurn(work) : Promise.resolve());

  async function takeDeny(bytes: Uint8Array): Promise<void> {
    const keyring = trust.keyring();
    const frame = await verifyFrame(bytes, 'LKD1', keyring, 'deny');
    const deny = frame.ok ? decodeDeny(frame.value.payload) : frame;
    if (!deny.ok) return log.warn({ code: deny.code }, 'deny refused');
    parts.onFrame?.(bytes, deny.value);
    const applied = applyDeny(overlay, deny.value, keyring);
    if (applied.ok) {
      log.info({ seq: applied.value.seq }, 'deny in force');
      const stored = store(applied.value);
      parts.onApplied();
      return stored;
    }
    if (applied.code === 'replay') return;
    log.warn({ code: applied.code }, 'deny refused');
    if (applied.code === 'gap') parts.fetchFrom(overlay.epoch === deny.value.epoch ? overlay.seq + 1 : 1);
    if (applied.code === 'chain-mismatch') refetchForked();
    if (applied.code === 'overlay-full') alarms.set('deny-suppressed', true, FULL);
  }

  function refetchForked(): void {
    alarms.set('deny-suppressed', true, FORKED);
    // Entries stay: who is denied here stays denied; only the place in the chain is given up.
    overlay = { ...EMPTY_OVERLAY, epoch: trust.keyring().epoch, entries: overlay.entries };
    parts.fetchFrom(1);
  }

  function watchBeats(): void {
    cancelStale?.();
    if (up) cancelStale = clock.after(BEAT_STALE_AFTER_MS, () => alarms.set('beat-stale', true));
  }

  /** Known to be behind for longer than a fetch may take: somebody lets beats through and not what they speak of. */
  function watchGap(isBehind: boolean): void {
    if (!isBehind || !up) {
      cancelBehind?.();
      cancelBehind = undefined;
      if (!isBehind) alarms.set('deny-suppressed', false, HELD_BACK);
      return;
    }
    cancelBehind ??= clock.after(BEAT_STALE_AFTER_MS, () => alarms.set('deny-suppressed', true, HELD_BACK));
  }

  /** One that was held back and let through later shows no more than that it was made once. */
  const isOld = (beatMs: number): boolean => {
    const { ms, quality } = parts.instant();
    return quality === 'synced' && ms - beatMs > BEAT_STALE_AFTER_MS;
  };

  async function takeBeat(bytes: Uint8Array): Promise<void> {
    const keyring = trust.keyring();
    const frame = await verifyFrame(bytes, 'LKB1', keyring, 'deny');
    const beat = frame.ok ? BEAT.decode(frame.value.payload) : frame;
    if (!beat.ok) return log.warn({ code: beat.code }, 'beat refused');
    const { epoch, seq } = settings.current().trust.beat;
    const last = seq > 0 ? { epoch, beatSeq: seq } : null;
    const judged = judgeBeat(beat.value, { root: keyring, last: lastSeen ?? last, overlay, instant: parts.instant() });
    if (!judged.ok) return log.debug({ code: judged.code }, 'beat refused');
    parts.onBeatFrame?.(bytes, beat.value.timeMs);
    lastSeen = { epoch: beat.value.epoch, beatSeq: beat.value.beatSeq };
    if (!isOld(beat.value.timeMs)) {
      alarms.set('beat-stale', false);
      watchBeats();
    }
    watchGap(judged.value.deny === 'behind');
    if (judged.value.raisesTime) parts.onSignedTime(beat.value.timeMs);
    if (judged.value.deny === 'behind') parts.fetchFrom(judged.value.fromSeq);
    else if (judged.value.deny === 'forked') refetchForked();
    else alarms.set('deny-suppressed', false, LOST);
    if (judged.value.deny !== 'current') return;
    alarms.set('deny-suppressed', false, FORKED);
    alarms.set('deny-suppressed', false, FULL);
  }

  return {
    overlay: () => overlay,
    onDeny: (frame) => fromOutside(() => takeDeny(frame)),
    onBeat: (frame) => fromOutside(() => takeBeat(frame)),
    onUp() {
      up = true;
      watchBeats();
    },
    onDown() {
      up = false;
      cancelStale?.();
      watchGap(true);
      alarms.set('beat-stale', false);
    },
    lastBeat: () => lastSeen && { epoch: lastSeen.epoch, seq: lastSeen.beatSeq },
    prune: (positions) =>
      inTurn(async () => {
        const least = leastPosition(positions);
        const pruned = least ? pruneOverlay(overlay, least) : overlay;
        if (pruned !== overlay) await store(pruned);
      }),
    async close() {
      up = false;
      cancelStale?.();
      watchGap(true);
      await queue;
      await writing;
    },
  };
}
