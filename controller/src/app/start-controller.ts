// SPDX-License-Identifier: Apache-2.0
// Puts a controller together. Lists and readers first, the network last: a door decides within two seconds of power, whether
// anybody else is there or not (DESIGN 1.1). Ports can be handed in; what is not is the real thing.
import { existsSync } from 'node:fs';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { makePrivateDirectory } from '../adapters/durable-file.ts';
import { openKeyFolder } from '../adapters/key-folder.ts';
import { createListSlots } from '../adapters/list-slots.ts';
import { openSettingsFile, type SettingsFile } from '../adapters/settings-file.ts';
import { type JournalAlarm, openSqliteJournal } from '../adapters/sqlite-journal.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemRandom } from '../adapters/system-random.ts';
import { parseWiring, type Wiring } from '../core/wiring.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import type { Link } from '../ports/link.ts';
import type { Random } from '../ports/random.ts';
import { assemble } from './assemble.ts';
import { type DataFolder, dataFolder } from './data-folder.ts';
import type { Hardware } from './hardware.ts';
import { NOT_ENROLLED, readTlsIdentities, requireEnrolment } from './identity.ts';
import type { Log } from './log.ts';
import { type Enrolment, NEW_SETTINGS, type Settings, settingsSchema } from './settings-schema.ts';
import { openTrust, type Trust } from './trust.ts';
import { workerFile } from './worker-file.ts';

/** What is handed in instead of the real thing. */
export interface ControllerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly hardware: Hardware;
  readonly link: (farewell: () => Uint8Array) => Link;
}

export interface ControllerOptions {
  readonly dataDir: string;
  readonly software: string;
  readonly log: Log;
  readonly ports?: Partial<ControllerPorts>;
}

export interface Controller {
  /** The events end with "stopped", locks are left in their fail state. */
  close(): Promise<void>;
}

/** What is known before any part is made. */
export interface Foundation {
  readonly folder: DataFolder;
  readonly settings: SettingsFile<Settings>;
  readonly enrolment: Enrolment;
  readonly wiring: Wiring;
  readonly trust: Trust;
}

/** Something a person has to correct; one line. */
export class StartRefused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'StartRefused';
    this.code = code;
  }
}

const BOOT_BYTES = 8;

/** What the journal complains of before anybody can record it is told once somebody can. */
function holdAlarms() {
  const early: JournalAlarm[] = [];
  let tell = (alarm: JournalAlarm): void => void early.push(alarm);
  return {
    tell: (alarm: JournalAlarm) => tell(alarm),
    handOver(to: (alarm: JournalAlarm) => void) {
      tell = to;
      for (const alarm of early.splice(0)) to(alarm);
    },
  };
}

export async function readFoundation(dataDir: string): Promise<Result<Foundation>> {
  const folder = dataFolder(dataDir);
  const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
  const enrolment = requireEnrolment(settings.current().enrolment);
  if (!enrolment.ok) return enrolment;
  const wiring = parseWiring(settings.current().wiring);
  if (!wiring.ok) return err('bad-wiring', `wiring: ${wiring.detail}`);
  const trust = await openTrust(settings);
  if (!trust.ok) return trust;
  return ok({ folder, settings, enrolment: enrolment.value, wiring: wiring.value, trust: trust.value });
}

/** Rejects with StartRefused or SettingsError for what a person has to correct. Resolves once cards are decided. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { log, ports = {} } = options;
  const clock = ports.clock ?? systemClock;
  const random = ports.random ?? systemRandom;
  // A name mistyped must not leave a folder behind.
  if (!existsSync(dataFolder(options.dataDir).settings)) throw new StartRefused('not-enrolled', NOT_ENROLLED);
  await makePrivateDirectory(options.dataDir);
  // First, and not waited for: its thread loads while the lists are verified.
  const journalAlarms = holdAlarms();
  const journal =
    ports.journal ??
    openSqliteJournal({
      path: dataFolder(options.dataDir).journal,
      worker: workerFile('journal-worker'),
      onAlarm: journalAlarms.tell,
    });
  try {
    const foundation = await readFoundation(options.dataDir);
    if (!foundation.ok) throw new StartRefused(foundation.code, foundation.detail ?? foundation.code);
    const { folder, enrolment, wiring } = foundation.value;
    const keys = openKeyFolder(folder.keys);
    const device = enrolment.device;
    const openDevices = async () =>
      (await import('./hardware.ts')).openHardware(wiring, { clock, random, device, log });
    const hardware = ports.hardware ?? (await openDevices());
    const controller = await assemble({
      ...foundation.value,
      software: options.software,
      boot: toHex(random.bytes(BOOT_BYTES)),
      slots: createListSlots({ directory: folder.lists }),
      keys,
      journal,
      hardware,
      clock,
      random,
      log,
      makeLink: async (farewell, identity) => {
        if (ports.link) return ports.link(farewell);
        const found = await readTlsIdentities(keys);
        if (!found.ok) throw new StartRefused(found.code, found.detail ?? found.code);
        const { createMqttLink } = await import('../adapters/mqtt-link.ts');
        const { mqttUrl: url, site } = enrolment;
        const say = (message: string, fields: object) => log.info(fields, message);
        return createMqttLink({ url, site, device, tls: identity, farewell, unit: random.unit, log: say });
      },
    });
    journalAlarms.handOver(controller.onJournalAlarm);
    return controller;
  } catch (error) {
    await journal.close();
    throw error;
  }
}
