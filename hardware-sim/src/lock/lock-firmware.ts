// SPDX-License-Identifier: Apache-2.0
// The firmware of a smart lock, from flash to radio (protocols/README.md, Locks): who may speak with it, what it answers, how it
// decides about cards by itself. One thing at a time: requests, cards and sensors wait for one another.
import { cardId, createPrf } from '@latchkey/protocols/authorization/credential-id';
import { type Decision, decide } from '@latchkey/protocols/authorization/decide';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import { CREDENTIAL_CLASSES, type CredentialClass } from '@latchkey/protocols/ids';
import { ADVERTISED_FLAGS, writeAdvertisement } from '@latchkey/protocols/lock/advertisement';
import { LOCK_REASONS, LOG_KINDS, type LogKind, type LogRecord } from '@latchkey/protocols/lock/log-record';
import { type KeyPair, keyPair } from '@latchkey/protocols/lock/noise';
import { type Flash, PowerLost } from './flash.ts';
import { openListSlots } from './list-slots.ts';
import type { LockBody, LockTimers } from './lock-body.ts';
import { createLockLink, type LockPeer } from './lock-link.ts';
import { createLockLists } from './lock-lists.ts';
import { openLockMemory } from './lock-memory.ts';
import { createLockOpenings } from './lock-openings.ts';
import { createLockRequests } from './lock-requests.ts';
import { createLockTime } from './lock-time.ts';
import { createLockTrust } from './lock-trust.ts';
import { openLogRing } from './log-ring.ts';
import { createPairingAttempts } from './pairing-attempts.ts';
import { openSettingsStore } from './settings-store.ts';

/** Pages of 4 KiB: two banks of settings, the log, two slots for lists. */
const LAYOUT = { settings: 12, log: 16, slot: 16 } as const;
export const LOCK_FLASH_PAGES = 2 * LAYOUT.settings + LAYOUT.log + 2 * LAYOUT.slot;

export interface LockParts {
  readonly flash: Flash;
  readonly body: LockBody;
  readonly timers: LockTimers;
  readonly random: { bytes(count: number): Uint8Array };
  /** 16 hex digits, on the label. */
  readonly lockId: string;
  /** 16 bytes, on the label: who knows them may pair the lock. */
  readonly labelCode: Uint8Array;
  /** Power is gone: this firmware runs no more. */
  readonly onPowerLost: () => void;
  /** It has stopped and wants to boot again. */
  readonly onRestart: () => void;
}

export interface LockFirmware {
  /** What it advertises now, without the two bytes of the company. */
  advertisement(): Uint8Array;
  /** `undefined`: no link is left; who is second hears that it is busy. `room`: bytes a frame may have. */
  connect(peer: LockPeer, room: number): { onFrame(frame: Uint8Array): void; onClosed(): void } | undefined;
  /** A card at the reader. */
  present(uid: Uint8Array, credential: CredentialClass): Promise<Decision | undefined>;
  /** The button inside, held for ten seconds. */
  factoryReset(): Promise<void>;
  /** Public static key. */
  readonly key: Uint8Array;
  /** Written to the log so far. */
  records(): number;
  /** It computes, and does not merely wait for its motor. */
  isBusy(): boolean;
  close(): void;
}

const EMPTY_SUBJECT = '0'.repeat(16);
const BATTERY_LOW = 20;
const NEAR_FULL = 0.75;
const HOLD_MS = 5_000;
const FORCED_AFTER_MS = 300;
const HELD_MS = 60_000;

export type WriteLog = (kind: LogKind, more?: Partial<Omit<LogRecord, 'seq' | 'kind' | 'atS' | 'clock'>>) => void;

/** Boots from the flash. Throws PowerLost where power fails meanwhile. */
export async function bootLock(parts: LockParts): Promise<LockFirmware> {
  const { flash, body, timers, random, lockId } = parts;
  const memory = openLockMemory(openSettingsStore(flash, 0, LAYOUT.settings));
  const log = openLogRing(flash, 2 * LAYOUT.settings, LAYOUT.log, () =>
    Math.max(memory.read('freed') ?? 0, memory.read('wiped') ?? 0),
  );
  const slots = openListSlots(flash, 2 * LAYOUT.settings + LAYOUT.log, LAYOUT.slot, memory);
  const time = createLockTime(memory, timers.monotonic);
  const boot = (memory.read('boots') ?? 0) + 1;
  memory.write('boots', boot);
  let dead = false;
  /** The one who is with the lock, and one more, who is told that it is busy. */
  const links = { session: false, busy: false };
  let counter = 0;
  let tampered = false;
  let queue: Promise<unknown> = Promise.resolve();
  let pending = 0;
  const cancels = new Set<() => void>();

  const changed = () => void (counter = (counter + 1) & 0xffff);

  /** One after the other; what power cuts short never resolves. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    pending += 1;
    const done = queue
      .then(async () => {
        if (dead) throw new PowerLost();
        return work();
      })
      .finally(() => {
        pending -= 1;
      });
    queue = done.catch((error: unknown) => {
      if (error instanceof PowerLost) die();
    });
    return done;
  }

  function die(): void {
    if (dead) return;
    stop();
    parts.onPowerLost();
  }

  function stop(): void {
    dead = true;
    for (const cancel of cancels) cancel();
    body.onEvent(() => undefined);
  }

  function after(delayMs: number, action: () => void): () => void {
    const cancel = timers.after(delayMs, () => {
      cancels.delete(cancel);
      if (!dead) action();
    });
    cancels.add(cancel);
    return cancel;
  }

  const write: WriteLog = (kind, more = {}) => {
    const { ms, quality } = time.instant();
    log.append({
      atS: Math.floor(ms / 1_000),
      kind: LOG_KINDS[kind],
      detail: 0,
      class: 0,
      clock: { synced: 0, free: 1, degraded: 2 }[quality],
      subject: EMPTY_SUBJECT,
      value: (slots.active()?.version ?? 0) % 2 ** 32,
      ...more,
    });
    changed();
  };

  function ownKeys(): KeyPair {
    const kept = fromHex(memory.read('secret') ?? '');
    if (kept.ok && kept.value.length === 32) return keyPair(kept.value);
    const secret = random.bytes(32);
    memory.write('secret', Buffer.from(secret).toString('hex'));
    return keyPair(secret);
  }

  let own = ownKeys();
  const trust = await createLockTrust(memory);
  const lists = await createLockLists({ memory, slots, trust, time, write });
  const commands: ReadonlySet<number> = new Set([LOG_KINDS['command-done'], LOG_KINDS['command-failed']]);
  const recordOf = (id: string) =>
    log.read(0, log.capacity * 2).find(({ kind, subject }) => commands.has(kind) && subject === id);
  const openings = createLockOpenings({
    memory,
    body,
    trust,
    time,
    write,
    recordOf,
    lockId,
    after,
    relockSoon,
    reset,
    restart,
  });
  const attempts = createPairingAttempts(memory, timers.monotonic);
  const requests = createLockRequests({
    memory,
    slots,
    trust,
    lists,
    time,
    log,
    body,
    openings,
    attempts,
    lockId,
    own: () => own,
    boot,
    write,
    changed,
  });

  function flags(): number {
    let set = 0;
    const raise = (flag: keyof typeof ADVERTISED_FLAGS, on: boolean) => void (set |= on ? ADVERTISED_FLAGS[flag] : 0);
    raise('unpaired', memory.read('pairing') === undefined);
    raise('boltDrawn', body.bolt === 'drawn');
    raise('doorOpen', body.isDoorOpen);
    raise('jammed', body.bolt === 'jammed');
    raise('clockUnsure', time.instant().quality !== 'synced');
    raise('logNearFull', log.next() - log.first() > log.capacity * NEAR_FULL);
    raise('batteryLow', body.battery <= BATTERY_LOW);
    raise('tampered', tampered);
    return set;
  }

  function advertisement(): Uint8Array {
    const key = fromHex(memory.read('pairing')?.advertisementKey ?? '');
    const value = {
      flags: flags(),
      battery: body.battery,
      stateCounter: counter,
      listVersion: (slots.active()?.version ?? 0) & 0xff_ff_ff,
      logNext: log.next() & 0xff_ff_ff,
      shortId: lockId.slice(0, 8),
    };
    return writeAdvertisement(value, key.ok && key.value.length === 16 ? key.value : undefined);
  }

  let cancelRelock: (() => void) | undefined;
  function relockSoon(holdMs = HOLD_MS): void {
    cancelRelock?.();
    cancelRelock = after(holdMs, () => void inTurn(relock).catch(() => undefined));
  }

  async function relock(): Promise<void> {
    // A bolt thrown against an open door keeps nobody out.
    if (body.isDoorOpen) return relockSoon(1_000);
    if (body.bolt !== 'drawn') return;
    const bolt = await body.move('thrown');
    write(bolt === 'thrown' ? 'relocked' : 'bolt-jammed');
  }

  async function reset(): Promise<void> {
    const freed = memory.read('freed') ?? 0;
    memory.clear();
    memory.write('boots', boot);
    // Forgotten, and told as lost to whoever asks next.
    memory.write('wiped', log.next());
    memory.write('freed', freed);
    own = ownKeys();
    await trust.reload();
    await lists.reload();
    write('factory-reset');
  }

  /** Between what it was asked, and not in the middle of it: the bolt of who came last is where it should be. */
  function restart(): void {
    const now = async () => {
      stop();
      parts.onRestart();
    };
    void inTurn(now).catch(() => undefined);
  }

  let cancelHeld: (() => void) | undefined;
  let mayOpenUntilMs = 0;
  function onDoor(): void {
    cancelHeld?.();
    if (!body.isDoorOpen) return write('door-closed');
    const isForced = body.bolt !== 'drawn' && timers.monotonic() > mayOpenUntilMs;
    write(isForced ? 'door-forced' : 'door-opened');
    cancelHeld = after(HELD_MS, () => void inTurn(async () => write('door-held')).catch(() => undefined));
  }

  let wasLow = false;
  function onBattery(): void {
    const isLow = body.battery <= BATTERY_LOW;
    if (isLow && !wasLow) write('battery-low', { value: body.battery });
    if (openings.isCritical() && body.battery > 0) write('battery-critical', { value: body.battery });
    wasLow = isLow;
  }

  body.onEvent((event) => {
    changed();
    void inTurn(async () => {
      if (event === 'door') onDoor();
      if (event === 'battery') onBattery();
      if (event === 'bolt' && body.bolt === 'drawn') mayOpenUntilMs = Number.POSITIVE_INFINITY;
      if (event === 'bolt' && body.bolt === 'thrown') mayOpenUntilMs = timers.monotonic() + FORCED_AFTER_MS;
      if (event === 'knob') {
        mayOpenUntilMs = Number.POSITIVE_INFINITY;
        write('opened-from-inside');
        relockSoon();
      }
      if (event === 'tamper') {
        tampered = true;
        write('tamper');
      }
    }).catch(() => undefined);
  });

  async function present(uid: Uint8Array, credential: CredentialClass): Promise<Decision | undefined> {
    const list = lists.list();
    const id = cardId(uid);
    const [portal = ''] = list?.policy.portals.keys() ?? [];
    const scopeKey = lists.scopeKey();
    const campusKey = lists.campusKey();
    const scopePrf = scopeKey && createPrf(scopeKey);
    const decision = decide({
      list,
      overlay: lists.overlay(),
      credential: { id, class: credential },
      portal,
      direction: 'in',
      instant: time.instant(),
      scopePrf,
      campusPrf: campusKey && createPrf(campusKey),
    });
    const subject = scopePrf ? Buffer.from(scopePrf.key(id)).toString('hex') : EMPTY_SUBJECT;
    const about = { class: CREDENTIAL_CLASSES[credential], subject };
    if (decision.outcome === 'denied') {
      write('denied', { ...about, detail: Math.max(0, LOCK_REASONS.indexOf(decision.reason)) });
      return decision;
    }
    if (body.isPrivate || openings.isCritical()) {
      write('denied', { ...about, detail: LOCK_REASONS.indexOf('DoorNotAccessible') });
      return { ...decision, outcome: 'denied', reason: 'DoorNotAccessible' };
    }
    // Before the bolt moves: an opening without a record there is none.
    write('granted', about);
    if ((await body.move('drawn')) === 'drawn') relockSoon();
    else write('bolt-jammed', about);
    return decision;
  }

  write('restarted');
  openings.recover();
  // Nobody else remembers that it was to be thrown again.
  if (body.bolt === 'drawn') relockSoon();
  return {
    advertisement,
    connect(peer, room) {
      const place = links.session ? 'busy' : 'session';
      if (links[place] || dead) return undefined;
      links[place] = true;
      const link = createLockLink({
        peer,
        room,
        lockId,
        labelCode: parts.labelCode,
        random,
        after,
        own: () => own,
        corridors: () => memory.read('corridors')?.keys ?? [],
        isPaired: () => memory.read('pairing') !== undefined,
        isBusy: place === 'busy',
        mayTryCode: () => inTurn(async () => attempts.begin()),
        answer: (message, isPairing, say) => inTurn(() => requests.answer(message, isPairing, say)),
      });
      return {
        onFrame: (frame) => {
          if (!dead) link.onFrame(frame);
        },
        onClosed() {
          links[place] = false;
          link.close();
        },
      };
    },
    present: (uid, credential) => inTurn(() => present(uid, credential)),
    factoryReset: () => inTurn(reset),
    get key() {
      return own.open;
    },
    records: log.next,
    isBusy: () => pending > 0 && !body.isMoving() && !dead,
    close: stop,
  };
}
