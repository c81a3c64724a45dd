// SPDX-License-Identifier: Apache-2.0
// What a corridor knows of one lock: its assignment, what it advertises, what it said last, and what it lacks.
import { ADVERTISED_FLAGS, type Advertisement } from '@latchkey/protocols/lock/advertisement';
import type { LockAssignment } from '@latchkey/protocols/lock/assignment';
import { BOLT_STATES, LOCK_DOOR_STATES, type LockReport } from '@latchkey/protocols/mqtt/lock-messages';
import type { LockImage, LockStatus } from '../core/lock-push.ts';
import type { LockSession } from '../core/lock-session.ts';
import type { Want } from '../core/visit-queue.ts';

export interface KnownLock {
  assignment: LockAssignment;
  /** `atMs`: trusted time, for people. */
  heard?: {
    readonly address: string;
    readonly rssi: number;
    readonly atMs: number;
    readonly atMonotonicMs: number;
  };
  /** Known here since. */
  readonly sinceMonotonicMs: number;
  advertised?: Advertisement;
  /** Address at which it last proved to be the lock. */
  metAt?: string;
  unpaired: boolean;
  /** By its last status it is late or early, whatever it thinks of its clock. */
  isClockOff: boolean;
  status?: LockStatus;
  /** Monotonic, as all that follows. */
  statusAtMs: number;
  /** A visit just went well: what it still lacks was refused, or is not here. */
  restsUntilMs: number;
  session?: LockSession;
  /** What it refused, and why. */
  refused: readonly string[];
  fault?: string;
}

export interface Wanted {
  readonly image: Pick<LockImage, 'epoch' | 'version'> | undefined;
  readonly deny: { readonly epoch: number; readonly seq: number };
  readonly rootVersion: number;
  /** The first number of its log that the journal does not have. */
  readonly logNext: number;
  /** Beats come: a clock can be set. */
  readonly hasBeat: boolean;
  /** Monotonic. */
  readonly nowMs: number;
}

/** A lock that was not heard this long is not tried. */
const HEARD_MS = 120_000;
/** Time drifts, batteries empty, a record may wait with nobody telling. */
const CHECK_EVERY_MS = 6 * 3_600_000;
const BATTERY_UNKNOWN = 255;
const LOW_16 = 0xff_ff;
const LOW_24 = 0xff_ff_ff;
/** Of two numbers of which only the low bits are known: whether the first is ahead. */
const isAhead = (one: number, other: number, mask = LOW_24): boolean => {
  const ahead = (one - other) & mask;
  return ahead > 0 && ahead <= mask >>> 1;
};

/**
 * Order of what a lock advertised. Its state counter begins anew with every start, of which there is a record: the number of the
 * next record goes before.
 */
export function newsOf(said: Advertisement, known: Advertisement | undefined): 'newer' | 'same' | 'older' {
  if (!known || isAhead(said.logNext, known.logNext)) return 'newer';
  if (said.logNext !== known.logNext) return 'older';
  if (said.stateCounter === known.stateCounter) return 'same';
  return isAhead(said.stateCounter, known.stateCounter, LOW_16) ? 'newer' : 'older';
}

export const isHeard = ({ heard }: KnownLock, monotonicMs: number): boolean =>
  heard !== undefined && monotonicMs - heard.atMonotonicMs <= HEARD_MS;

/** Whether this corridor may connect to it. */
export const isServed = ({ assignment }: KnownLock, nowMs: number): boolean =>
  assignment.servesUntilMs === null || nowMs < assignment.servesUntilMs;

export const lacksDeny = (status: LockStatus, deny: Wanted['deny']): boolean =>
  deny.seq > 0 && (status.denyEpoch < deny.epoch || (status.denyEpoch === deny.epoch && status.denySeq < deny.seq));

export const lacksList = (status: LockStatus, image: Wanted['image']): boolean =>
  image !== undefined &&
  (status.epoch < image.epoch || (status.epoch === image.epoch && status.version < image.version));

const lacksCorridors = ({ corridors }: LockAssignment, status: LockStatus): boolean =>
  corridors !== undefined && status.corridorsOrder < corridors.order;

const hasFlag = ({ advertised }: KnownLock, flag: keyof typeof ADVERTISED_FLAGS): boolean =>
  ((advertised?.flags ?? 0) & ADVERTISED_FLAGS[flag]) !== 0;

/** What it is to be visited for, by what it advertises and said last. */
export function wantsOf(lock: KnownLock, wanted: Wanted): Want[] {
  const { status, advertised } = lock;
  const wants: Want[] = [];
  if (!status) return [wanted.image ? 'list' : 'check'];
  const lacksKey = lock.assignment.campus !== undefined && status.campusKeyId !== lock.assignment.campus.id;
  if (lacksDeny(status, wanted.deny) || lacksKey) wants.push('deny');
  if (hasFlag(lock, 'logNearFull')) wants.push('log');
  const lacksMore = status.rootVersion < wanted.rootVersion || lacksCorridors(lock.assignment, status);
  if (lacksList(status, wanted.image) || lacksMore) wants.push('list');
  const hasRecords = advertised
    ? isAhead(advertised.logNext, wanted.logNext & LOW_24)
    : status.logNext > wanted.logNext;
  const isClockWrong = hasFlag(lock, 'clockUnsure') || (lock.isClockOff && wanted.hasBeat);
  if (hasRecords || isClockWrong || wanted.nowMs - lock.statusAtMs > CHECK_EVERY_MS) wants.push('check');
  return wants;
}

const percent = (value: number | undefined) =>
  value === undefined || value >= BATTERY_UNKNOWN ? undefined : Math.min(100, value);

export const batteryOf = ({ status, advertised }: KnownLock): number | undefined =>
  percent(advertised?.battery) ?? percent(status?.battery);

function stateOf(lock: KnownLock, monotonicMs: number, trustedMs: number, failures: number): LockReport['state'] {
  if (lock.unpaired) return 'unpaired';
  if (!isServed(lock, trustedMs)) return 'other';
  if (lock.session) return 'linked';
  if (!lock.heard) return 'never-seen';
  return isHeard(lock, monotonicMs) && failures < 3 ? 'seen' : 'unreachable';
}

function boltOf(lock: KnownLock): LockReport['bolt'] {
  if (lock.session && lock.status) return BOLT_STATES[lock.status.bolt] ?? 'unknown';
  if (!lock.advertised) return 'unknown';
  if (hasFlag(lock, 'jammed')) return 'jammed';
  return hasFlag(lock, 'boltDrawn') ? 'drawn' : 'thrown';
}

function doorOf(lock: KnownLock): LockReport['door'] {
  const said = lock.status && LOCK_DOOR_STATES[lock.status.door];
  if (said === 'unknown' || !lock.advertised) return said ?? 'unknown';
  return hasFlag(lock, 'doorOpen') ? 'open' : 'closed';
}

export function reportOf(lock: KnownLock, wanted: Wanted, trustedMs: number, failures: number): LockReport {
  const { assignment, heard, status, fault } = lock;
  const { image, deny, logNext } = wanted;
  const battery = batteryOf(lock);
  return {
    portal: assignment.portal,
    lockId: assignment.lockId,
    order: assignment.order,
    state: stateOf(lock, wanted.nowMs, trustedMs, failures),
    wanted: { deny, ...(image ? { list: { epoch: image.epoch, version: image.version } } : {}) },
    ...(status && status.version > 0
      ? { list: { epoch: status.epoch, version: status.version, digest: status.digest } }
      : {}),
    ...(status ? { deny: { epoch: status.denyEpoch, seq: status.denySeq }, firmware: status.firmware } : {}),
    ...(battery === undefined ? {} : { battery }),
    ...(heard ? { lastSeenMs: heard.atMs, rssi: Math.max(-127, Math.min(20, heard.rssi)) } : {}),
    bolt: boltOf(lock),
    door: doorOf(lock),
    ...(status ? { logPending: Math.max(0, status.logNext - logNext) } : {}),
    ...(fault === undefined ? {} : { fault }),
  };
}
