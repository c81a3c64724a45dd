// SPDX-License-Identifier: Apache-2.0
// The corridor with what stands around it: its key, the assignments the gateway signed, its marks in locks' logs, its reports.
// A controller without radios for locks has one that does nothing.
import { toHex } from '@latchkey/protocols/bytes/hex';
import { openJson } from '@latchkey/protocols/commands/seal';
import { type LockAssignment, lockAssignment } from '@latchkey/protocols/lock/assignment';
import { type KeyPair, keyPair } from '@latchkey/protocols/lock/noise';
import { pairingOrder } from '@latchkey/protocols/lock/pairing-order';
import { err, type Result } from '@latchkey/protocols/result';
import { decryptJwe } from '../adapters/decrypt-jwe.ts';
import type { KeyFolder } from '../adapters/key-folder.ts';
import type { EventBody } from '../core/event-body.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import type { Link } from '../ports/link.ts';
import type { LockRadio, SeenLock } from '../ports/lock-radio.ts';
import type { Random } from '../ports/random.ts';
import { createCorridor } from '../roles/corridor.ts';
import { openCorridorStore } from './corridor-store.ts';
import { KEY_FILES } from './data-folder.ts';
import { createLockPairings, isLabelCode } from './lock-pairings.ts';
import { createLockReporter } from './lock-reporter.ts';
import type { LockSources } from './lock-sources.ts';
import type { Log } from './log.ts';
import type { Recording } from './recording.ts';
import type { Foundation } from './start-controller.ts';
import type { TrustedClock } from './trusted-clock.ts';

export interface CorridorSide {
  /** A `dn/list` body: one lock, signed. */
  onLock(frame: Uint8Array): Promise<void>;
  /** A `dn/list` body: an order to pair a lock at the door, signed. */
  onPairLock(frame: Uint8Array): Promise<void>;
  /** The list of this scope is a lock's. */
  carries(scope: number): boolean;
  open(portal: string, ticket: string, expiresMs: number): Promise<Result<null>>;
  /** Lists or denies changed. */
  refresh(): void;
  onUp(): void;
  onDown(): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface CorridorSideParts extends Pick<Foundation, 'folder' | 'enrolment' | 'trust' | 'wiring'> {
  readonly radio: LockRadio | undefined;
  readonly keys: KeyFolder;
  readonly journal: Journal;
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly time: Pick<TrustedClock, 'instant'>;
  readonly recording: Pick<Recording, 'alarms'>;
  readonly sources: LockSources;
  readonly onDurable: () => void;
}

const KEY_BYTES = 32;

const NO_CORRIDOR: CorridorSide = {
  onLock: () => Promise.resolve(),
  onPairLock: () => Promise.resolve(),
  carries: () => false,
  open: () => Promise.resolve(err('unknown-portal', 'no smart locks here')),
  refresh: () => undefined,
  onUp: () => undefined,
  onDown: () => undefined,
  start: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

async function ownKey(keys: KeyFolder, random: Random): Promise<KeyPair> {
  const kept = await keys.read(KEY_FILES.corridor);
  if (kept?.length === KEY_BYTES) return keyPair(new Uint8Array(kept));
  const secret = random.bytes(KEY_BYTES);
  await keys.write(KEY_FILES.corridor, secret);
  return keyPair(secret);
}

/** The same radio; somebody else hears what it hears. */
const heardBy = (radio: LockRadio, onSeen: (seen: SeenLock) => void): LockRadio => ({
  start: (listener) =>
    radio.start((seen) => {
      onSeen(seen);
      listener(seen);
    }),
  connect: (address, deadlineMs, onReached) => radio.connect(address, deadlineMs, onReached),
  reset: () => radio.reset(),
  close: () => radio.close(),
});

async function openCode(keys: KeyFolder, jwe: string): Promise<Uint8Array | undefined> {
  const jwk = await keys.read(KEY_FILES.decryption);
  return jwk ? decryptJwe(jwe, JSON.parse(new TextDecoder().decode(jwk))) : undefined;
}

export async function openCorridorSide(parts: CorridorSideParts): Promise<CorridorSide> {
  const { radio, clock, log, time, trust, journal } = parts;
  if (!radio) return NO_CORRIDOR;
  const { device } = parts.enrolment;
  const [own, store] = await Promise.all([ownKey(parts.keys, parts.random), openCorridorStore(parts.folder, journal)]);

  /** Straight into the journal: a lock waits for as long as a disk takes. */
  async function keep(body: EventBody): Promise<boolean> {
    const { ms, quality } = time.instant();
    try {
      await journal.append({ ...body, at: Math.max(0, ms), clock: quality });
      parts.onDurable();
      return true;
    } catch {
      return false;
    }
  }

  const pairings = createLockPairings({
    radio,
    clock,
    nowMs: () => time.instant().ms,
    random: parts.random,
    own,
    campusId: trust.keyring().campusId,
    root: () => trust.root(),
    onOutcome: () => reporter.soon(),
    log: (message, fields) => log.info(fields, message),
  });
  const corridor = createCorridor({
    radio: heardBy(radio, pairings.onSeen),
    radios: parts.wiring.locks?.radios.length ?? 1,
    clock,
    random: parts.random,
    own,
    sources: parts.sources,
    keep,
    marks: store,
    setAlarm: parts.recording.alarms.set,
    onChange: (lockId) => reporter.changed(lockId),
    log: (message, fields) => log.info(fields, message),
  });
  const { link } = parts;
  const { reports } = corridor;
  const reporter = createLockReporter({
    link,
    clock,
    corridor: toHex(own.open),
    reports,
    pairings: pairings.outcomes,
  });

  async function readAssignment(frame: Uint8Array): Promise<LockAssignment | undefined> {
    const opened = await openJson(frame, 'LKK1', lockAssignment, trust.keyring(), 'command');
    if (opened.ok && opened.value.device === device) return opened.value;
    log.warn({ reason: opened.ok ? 'wrong-device' : opened.code }, 'assignment of a lock refused');
    return undefined;
  }

  return {
    async onLock(frame) {
      const said = await readAssignment(frame);
      if (!said) return;
      const known = corridor.assignments().find(({ lockId }) => lockId === said.lockId);
      if (known && known.order >= said.order) return;
      pairings.known(said.lockId);
      corridor.assign(said);
      await store.setFrame(said.lockId, said.gone ? undefined : frame);
      reporter.changed(said.lockId);
    },
    async onPairLock(frame) {
      const opened = await openJson(frame, 'LKN1', pairingOrder, trust.keyring(), 'command');
      const isOurs = opened.ok && opened.value.device === device;
      const code = isOurs ? await openCode(parts.keys, opened.value.code) : undefined;
      if (isOurs && isLabelCode(code)) return pairings.order(opened.value, code);
      log.warn({ reason: opened.ok ? 'not-for-us' : opened.code }, 'order to pair a lock refused');
    },
    carries: (scope) => corridor.assignments().some((each) => each.scope === scope),
    open: corridor.open,
    refresh: corridor.refresh,
    onUp: reporter.onUp,
    onDown: reporter.onDown,
    async start() {
      for (const frame of store.frames()) {
        const said = await readAssignment(frame);
        if (said) corridor.assign(said);
      }
      // Doors decide with or without it.
      await corridor.start().catch((error: Error) => {
        parts.recording.alarms.set('lock-radio-down', true);
        log.error({ reason: error.message }, 'no radio for locks');
      });
    },
    async close() {
      reporter.onDown();
      pairings.close();
      await corridor.close();
    },
  };
}
