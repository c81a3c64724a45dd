// SPDX-License-Identifier: Apache-2.0
// One visit to a lock, in the order of what must not wait: time where it is unsure, denies, its log, then list and key. What a
// person at the door wants goes between any two messages of it (lock-openings).
import { fromBase64url } from '@latchkey/protocols/bytes/base64url';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import { ok, type Result } from '@latchkey/protocols/result';
import { collectLog, type LockLogParts } from '../core/lock-log.ts';
import {
  type LockImage,
  type LockStatus,
  type PushFault,
  pushCampusKey,
  pushCorridors,
  pushDeny,
  pushList,
  pushRoot,
  readStatus,
  tellTime,
} from '../core/lock-push.ts';
import type { LockSession } from '../core/lock-session.ts';
import type { Clock } from '../ports/clock.ts';
import { lacksDeny, lacksList } from './corridor-lock.ts';

export interface VisitSources {
  nowMs(): number;
  /** The last beat, signed; a lock takes its time from it, and is late by its age. */
  beat(): { readonly frame: Uint8Array; readonly ageMs: number } | undefined;
  /** Resolves when the next one comes. */
  nextBeat(): Promise<Uint8Array>;
  deny(): { readonly epoch: number; readonly seq: number };
  /** Signed denies after this place, in order; `undefined` where they are not all here, and have been asked for. */
  deniesAfter(epoch: number, seq: number): readonly Uint8Array[] | undefined;
  root(): { readonly version: number; readonly frame: Uint8Array };
  /** The list of the lock's scope in force here. */
  image(assignment: LockAssignment): LockImage | undefined;
}

export type Brought = 'list' | 'deny' | 'root' | 'key' | 'corridors';

export interface VisitParts {
  readonly session: LockSession;
  readonly assignment: LockAssignment;
  readonly sources: VisitSources;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: LockLogParts;
  readonly onStatus: (status: LockStatus) => void;
  /** A lock said no: a list, a deny, a root. */
  readonly onRefused: (what: Brought, code: string) => void;
}

export type VisitFault = PushFault | 'journal-failed';

/** Off by more, the lock is told the time: it takes tickets from 2 s ahead of it at most. */
const DRIFT_MS = 1_000;
/** A beat as old as that sets a clock well enough. */
const FRESH_MS = 700;
/** Beats come every 5 s. */
const BEAT_WAIT_MS = 6_000;

const isOff = ({ clock, nowMs }: LockStatus, sources: VisitSources): boolean =>
  clock !== 0 || Math.abs(nowMs - sources.nowMs()) > DRIFT_MS;

/**
 * Sets the lock's clock by a beat that is fresh, waiting for one where the gateway is there: by the beats of late, or by the command
 * that brought somebody to this lock (`isGatewayThere`). False: no beat came, or the lock refused it.
 */
export async function setLockClock(
  session: LockSession,
  sources: VisitSources,
  clock: Pick<Clock, 'after'>,
  isGatewayThere = false,
): Promise<boolean> {
  const held = sources.beat();
  if (held && held.ageMs <= FRESH_MS && (await tellTime(session, held.frame)).ok) return true;
  // Without a gateway none comes: no use in waiting.
  if (!isGatewayThere && !(held && held.ageMs <= BEAT_WAIT_MS)) return false;
  const next = await new Promise<Uint8Array | undefined>((resolve) => {
    const cancel = clock.after(BEAT_WAIT_MS, () => resolve(undefined));
    const settle = (frame?: Uint8Array) => {
      cancel();
      resolve(frame);
    };
    session.onEnd(() => settle());
    void sources.nextBeat().then(settle);
  });
  return next !== undefined && (await tellTime(session, next)).ok;
}

/** Ok: everything that could be brought was brought or refused by the lock, and its log is here. */
export async function visitLock(parts: VisitParts): Promise<Result<LockStatus, VisitFault>> {
  const { session, sources } = parts;
  const first = await readStatus(session);
  if (!first.ok) return first;
  parts.onStatus(first.value);
  const beat = sources.beat();
  // At once, so that it can judge what is brought; more exactly in the end.
  if (beat && first.value.clock !== 0) await tellTime(session, beat.frame);
  for (const step of [bringCampusKey, bringDenies, bringRoot, bringCorridors, collect, bringList]) {
    const done = await step(parts, first.value);
    if (!done.ok) return done;
  }
  const last = await readStatus(session);
  if (last.ok) parts.onStatus(last.value);
  if (!last.ok || !isOff(last.value, sources) || !(await setLockClock(session, sources, parts.clock))) return last;
  const set = await readStatus(session);
  if (set.ok) parts.onStatus(set.value);
  return set;
}

type Step = (parts: VisitParts, status: LockStatus) => Promise<Result<null, VisitFault>>;
const DONE = ok(null);

/** What the lock refuses does not end the visit; a link that ended does. */
function settle(parts: VisitParts, what: Brought, code: PushFault): Result<null, VisitFault> {
  if (!parts.session.isOpen()) return { ok: false, code };
  parts.onRefused(what, code);
  return DONE;
}

/** Before the denies that it reads: with denies and no key for them, a lock lets nobody in. */
const bringCampusKey: Step = async (parts, status) => {
  const { campus } = parts.assignment;
  const wrapped = campus && fromHex(campus.wrapped);
  if (!campus || !wrapped?.ok || status.campusKeyId === campus.id) return DONE;
  const pushed = await pushCampusKey(parts.session, campus.id, wrapped.value);
  return pushed.ok ? DONE : settle(parts, 'key', pushed.code);
};

const bringCorridors: Step = async (parts, status) => {
  const { corridors } = parts.assignment;
  const frame = corridors && fromBase64url(corridors.frame);
  if (!corridors || !frame?.ok || status.corridorsOrder >= corridors.order) return DONE;
  const pushed = await pushCorridors(parts.session, frame.value);
  return pushed.ok || pushed.code === 'not-newer' ? DONE : settle(parts, 'corridors', pushed.code);
};

const bringDenies: Step = async (parts, status) => {
  const { sources, session } = parts;
  if (!lacksDeny(status, sources.deny())) return DONE;
  for (const frame of sources.deniesAfter(status.denyEpoch, status.denySeq) ?? []) {
    const pushed = await pushDeny(session, frame);
    // It has it already: another corridor was here.
    if (!pushed.ok && pushed.code !== 'not-newer') return settle(parts, 'deny', pushed.code);
  }
  return DONE;
};

const bringRoot: Step = async (parts, status) => {
  const { version, frame } = parts.sources.root();
  if (status.rootVersion >= version) return DONE;
  const pushed = await pushRoot(parts.session, frame);
  return pushed.ok || pushed.code === 'not-newer' ? DONE : settle(parts, 'root', pushed.code);
};

const collect: Step = async ({ session, log }) => {
  const collected = await collectLog(session, log);
  return collected.ok ? DONE : collected;
};

const bringList: Step = async (parts, status) => {
  const image = parts.sources.image(parts.assignment);
  if (!image || !lacksList(status, image)) return DONE;
  const pushed = await pushList(parts.session, status, image);
  return pushed.ok || pushed.code === 'not-newer' ? DONE : settle(parts, 'list', pushed.code);
};
