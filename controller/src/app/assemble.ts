// SPDX-License-Identifier: Apache-2.0
// The parts of a controller, each knowing only what it needs of the others, and the order in which they start and stop.
import { toHex } from '@latchkey/protocols/bytes/hex';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { Need } from '@latchkey/protocols/mqtt/messages';
import type { KeyFolder } from '../adapters/key-folder.ts';
import type { ListSlots } from '../adapters/list-slots.ts';
import { shareReaders } from '../adapters/shared-readers.ts';
import type { JournalAlarm } from '../adapters/sqlite-journal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import type { Link } from '../ports/link.ts';
import type { Random } from '../ports/random.ts';
import { createAsker } from './asker.ts';
import { createCommander } from './commander.ts';
import { concludeEarlier } from './conclude-earlier.ts';
import { openCorridorSide } from './corridor-side.ts';
import { openDenyKeeper } from './deny-keeper.ts';
import { openDeskSide } from './desk-side.ts';
import { createGateSide } from './gate-side.ts';
import type { Hardware } from './hardware.ts';
import { createHealthReporter } from './health.ts';
import type { TlsIdentity } from './identity.ts';
import { lateLink } from './late-link.ts';
import { createListKeeper } from './list-keeper.ts';
import { createLockSources } from './lock-sources.ts';
import type { Log } from './log.ts';
import { openPassbackFile } from './passback-file.ts';
import { openPrfKeys } from './prf-keys.ts';
import { createRecording } from './recording.ts';
import { createRenewal } from './renewal.ts';
import { createReports } from './reports.ts';
import { createSession } from './session.ts';
import type { Controller, Foundation } from './start-controller.ts';
import { createTimekeeper } from './timekeeper.ts';
import { createTrustedClock } from './trusted-clock.ts';
import { createUploader } from './uploader.ts';

export interface AssembleParts extends Foundation {
  readonly software: string;
  readonly boot: string;
  readonly slots: ListSlots;
  readonly keys: KeyFolder;
  readonly journal: Journal;
  readonly hardware: Hardware;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly makeLink: (farewell: () => Uint8Array, identity: () => Promise<TlsIdentity>) => Promise<Link>;
}

const TICK_MS = 30_000;
const ID_BYTES = 8;

export async function assemble(
  parts: AssembleParts,
): Promise<Controller & { onJournalAlarm(alarm: JournalAlarm): void }> {
  const { folder, settings, enrolment, trust, boot, clock, random, log, journal } = parts;
  const { device, campusId } = enrolment;
  const link = lateLink();
  const newId = () => toHex(random.bytes(ID_BYTES));
  const keyring = () => trust.keyring();
  const time = createTrustedClock(settings, clock, keyring);
  const uploader = createUploader({ journal, link, clock, log });
  const recording = createRecording({ journal, clock, log, time, onDurable: uploader.nudge });
  const { alarms, record } = recording;
  const ask = (need: Need) => void link.publish('need', encodeEnvelope(need)).catch(() => undefined);
  const [prfKeys, passback, denies] = await Promise.all([
    openPrfKeys({ folder: parts.keys, device, trust, alarms, log }),
    openPassbackFile(folder.antiPassback, clock, log),
    openDenyKeeper({
      path: folder.denies,
      settings,
      trust,
      clock,
      alarms,
      log,
      instant: time.instant,
      onSignedTime: time.onSignedTime,
      fetchFrom: (fromSeq) => ask({ kind: 'deny', fromSeq }),
      onApplied() {
        health.soon();
        corridor.refresh();
      },
      onFrame: (frame, deny) => lockSources.onDenyFrame(frame, deny),
      onBeatFrame: (frame, timeMs) => lockSources.onBeatFrame(frame, timeMs),
    }),
  ]);
  const lockSources = createLockSources({
    nowMs: () => time.instant().ms,
    lists: () => lists.lists(),
    overlay: denies.overlay,
    settings,
    trust,
    fetchDenies: (fromSeq) => ask({ kind: 'deny', fromSeq }),
  });
  const lists = createListKeeper({
    campusId,
    device,
    session: () => session.id(),
    slots: parts.slots,
    settings,
    trust,
    prfKeys,
    link,
    clock,
    alarms,
    log,
    instant: time.instant,
    onSignedTime: time.onSignedTime,
    onDeny: denies.onDeny,
    onLock: (frame) => corridor.onLock(frame),
    onPairLock: (frame) => corridor.onPairLock(frame),
    carriesKey: (scope) => corridor.carries(scope),
    onActive(list, covered) {
      const { scopeId: scope, version } = list.head;
      void record({ type: 'list-activated', scope, version, digest: list.headHash });
      void denies.prune(covered);
      gate.refresh();
      corridor.refresh();
      desk.refresh();
    },
  });
  const asker = createAsker({ link, clock, device, boot, newId, keyring, now: () => time.instant().ms });
  const isOnline = () => session.isUp();
  const readers = shareReaders(parts.hardware.readers, parts.wiring.desk?.readers ?? []);
  const hardware = { ...parts.hardware, readers: readers.rest };
  const gateSide = createGateSide({
    ...parts,
    hardware,
    time,
    recording,
    lists,
    denies,
    prfKeys,
    passback,
    asker,
    isOnline,
  });
  const { gate } = gateSide;
  const desk = await openDeskSide({
    ...parts,
    ...gateSide.decisionParts,
    codes: gateSide.codes,
    time,
    recording,
    lists,
  });
  readers.onNamed(desk.onReader);
  const corridor = await openCorridorSide({
    ...parts,
    radio: parts.hardware.locks,
    link,
    time,
    recording,
    sources: lockSources,
    onDurable: uploader.nudge,
  });
  const commander = createCommander({
    link,
    doors: gate,
    openLock: corridor.open,
    settings,
    device,
    boot,
    keyring,
    now: () => time.instant().ms,
    record: (body) => void record(body),
    log,
  });
  const timekeeper = createTimekeeper({
    link,
    clock,
    device,
    newNonce: newId,
    keyring,
    onSample: time.onSample,
    onMissing: (missing) => alarms.set('time-missing', missing),
  });
  const nowMs = () => time.instant().ms;
  const renewal = createRenewal({ keys: parts.keys, device, link, clock, alarms, log, newId, nowMs });
  const { hello, healthReport } = createReports({ ...parts, gate, time, alarms, lists, denies, prfKeys });
  const health = createHealthReporter({ link, clock, unit: random.unit, report: healthReport });
  const session = createSession(
    { random, log, hello, lists, denies, commander, asker, uploader, timekeeper, health, renewal, corridor },
    link,
  );

  let cancelTick: (() => void) | undefined;
  function tick(): void {
    cancelTick = clock.after(TICK_MS, tick);
    lists.checkDates();
    alarms.set('clock-behind', time.instant().quality === 'degraded');
    time.keep(denies.lastBeat()).catch(() => log.warn({}, 'time mark not kept on disk'));
  }

  /** Doors decide with or without it: a certificate that is missing is a complaint, not an end. */
  async function openNetwork(): Promise<Link | undefined> {
    try {
      const made = await parts.makeLink(session.farewell, renewal.identity);
      link.set(made);
      await made.start(session.handlers);
      return made;
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'no network, doors decide alone');
      return undefined;
    }
  }

  await lists.load();
  await gateSide.start(commander.restore);
  log.info({ ms: Math.round(performance.now()) }, 'ready');
  void record({ type: 'started', software: parts.software, boot });
  concludeEarlier({ journal, boot, record }).then(
    (left) => left > 0 && log.info({ left }, 'grants without an end concluded'),
    () => log.warn({}, 'journal unavailable, grants of an earlier run not looked for'),
  );
  if (parts.hardware.simulated) alarms.set('simulated-hardware', true);
  await Promise.all([corridor.start(), desk.start()]);
  tick();
  const network = await openNetwork();

  return {
    onJournalAlarm: ({ alarm, active, subject }) => alarms.set(alarm, active, subject),
    async close() {
      cancelTick?.();
      await Promise.all([gateSide.close(), corridor.close(), desk.close()]);
      await record({ type: 'stopped', boot });
      await session.close(link);
      await network?.close();
      for (const part of [uploader, asker, timekeeper, health]) part.close();
      await recording.close();
      await Promise.all([lists.close(), denies.close(), passback.close(), renewal.close()]);
      await time.keep(denies.lastBeat(), true).catch(() => log.warn({}, 'time mark not kept on disk'));
      await journal.close();
      await settings.close();
    },
  };
}
