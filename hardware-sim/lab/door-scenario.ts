// SPDX-License-Identifier: Apache-2.0
// A door on a real kernel: the shipped controller with the real nfc-pcsc under the real pcscd and the real onoff on GPIO lines
// of the kernel. A card opens the relay, the door contact relocks it, the exit button frees it, force is told apart.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority } from '@latchkey/controller/adapters/authority.test-support';
import { openKeyFolder } from '@latchkey/controller/adapters/key-folder';
import { layFolder, makeCampus, policyFor, uidOf } from '@latchkey/controller/app/campus.test-support';
import { dataFolder, KEY_FILES } from '@latchkey/controller/app/data-folder';
import Database from 'better-sqlite3';
import { spawnController, stop } from '../bench/gate-process.ts';
import { Pcscd } from '../src/pcscd.ts';
import { uidCard, VirtualCard } from '../src/virtual-card.ts';
import { makeGpioBank } from './gpio-bank.ts';
import { type Report, until } from './report.ts';

const LINES = { relay: 0, contact: 1, exit: 2 } as const;
const READY_MS = 90_000;
const STEP_MS = 30_000;

export async function runDoor(report: Report): Promise<void> {
  const bank = await makeGpioBank('lab-door', 8);
  // The door is shut: its contact's circuit is closed.
  await bank.pull(LINES.contact, true);
  await bank.pull(LINES.exit, false);
  const pcscd = await Pcscd.start();
  const [reader] = pcscd.readers;
  if (!reader) throw new Error('no virtual reader');
  const folder = await mkdtemp(join(tmpdir(), 'lab-door-'));
  const campus = await makeCampus();
  const list = await campus.list(50, { policyDocument: policyFor(['north']) });
  await layFolder(folder, campus, { list, wiring: wiringOf(bank.label, reader.name) });
  await layIdentity(folder);
  const controller = spawnController(folder, undefined, pcscd.env);
  const relay = (on: boolean, timeoutMs = STEP_MS) =>
    until(async () => (await bank.level(LINES.relay)) === on, timeoutMs);
  const expect = async (step: string, wanted: Promise<number | undefined>) => {
    const ms = await wanted;
    report(step, ms !== undefined, ms === undefined ? {} : { ms });
  };
  const card = async (index: number) => VirtualCard.insert(reader.port, uidCard(uidOf(index)));

  const first = await card(1);
  await expect('a card opens the relay, from the start of the controller on', relay(true, READY_MS));
  await bank.pull(LINES.contact, false);
  await expect('the opened door relocks at once', relay(false));
  await first.remove();
  await bank.pull(LINES.contact, true);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const second = await card(2);
  await expect('another card opens it again', relay(true));
  await expect('not opened, it relocks by time', relay(false));
  await second.remove();
  await bank.pull(LINES.exit, true);
  await expect('the exit button frees it', relay(true));
  await bank.pull(LINES.exit, false);
  await expect('and it relocks after that', relay(false));
  // A door found open within the debouncing of its contact may have been opened before it locked.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await bank.pull(LINES.contact, false);
  await expect(
    'force is told',
    until(() => told(folder, 'DoorForcedOpen'), STEP_MS),
  );
  await bank.pull(LINES.contact, true);
  await stop(controller);
  await pcscd.close();
  const types = eventTypes(folder);
  for (const type of ['access-granted', 'access-taken', 'access-not-taken', 'request-to-exit', 'door-position'])
    report(`the journal holds ${type}`, types.includes(type));
}

const wiringOf = (chip: string, reader: string) => ({
  readers: [{ name: 'north-in', kind: 'pcsc', match: reader }],
  panel: {
    kind: 'gpio',
    chip,
    outputs: { relay: { line: LINES.relay } },
    inputs: { contact: { line: LINES.contact }, exit: { line: LINES.exit } },
  },
  portals: [
    {
      id: 'north',
      lock: { output: 'relay', fail: 'secure' },
      contact: { input: 'contact' },
      requestToExit: { input: 'exit', mode: 'unlock' },
      readers: [{ name: 'north-in', direction: 'in' }],
      timers: { releaseTimeMs: 8_000 },
    },
  ],
});

async function layIdentity(folder: string): Promise<void> {
  const authority = await makeAuthority();
  const own = await authority.issue('gate-1');
  const keys = openKeyFolder(dataFolder(folder).keys);
  await keys.write(KEY_FILES.authority, Buffer.from(authority.ca));
  await keys.write(KEY_FILES.tlsCertificate, Buffer.from(own.cert));
  await keys.write(KEY_FILES.tlsKey, Buffer.from(own.key));
}

function bodies(folder: string): string[] {
  const database = new Database(dataFolder(folder).journal, { readonly: true });
  try {
    return database.prepare('select body from events order by seq').pluck().all() as string[];
  } finally {
    database.close();
  }
}

const told = (folder: string, text: string): boolean => bodies(folder).some((body) => body.includes(text));
const eventTypes = (folder: string): string[] =>
  bodies(folder).map((body) => (JSON.parse(body) as { type: string }).type);
