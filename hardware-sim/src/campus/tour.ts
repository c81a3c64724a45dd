// SPDX-License-Identifier: Apache-2.0
// The tour of `npm start`: the main job, step by step, each claim measured as it is made. A step that does not come out as
// promised ends the tour with an error.
import type { ApiEvent } from '@latchkey/protocols/api/history';
import { type TapResult, tap } from '../control-commands.ts';
import type { Campus } from './campus.ts';
import { allEvents, eventsArrived } from './event-history.ts';
import { readersOf } from './gates.ts';
import type { Resident } from './residents.ts';
import { doorOfOnesOwn } from './tour-rooms.ts';
import type { TourText } from './tour-text.ts';

const OFFLINE_TAPS = 10;
const CONFIRM_WAIT_MS = 3_000;

export interface TourOptions {
  readonly campus: Campus;
  readonly text: TourText;
  /** How long the gateway took to start. */
  readonly gatewayUpMs: number;
  readonly print: (line: string) => void;
}

export async function tour({ campus, text, gatewayUpMs, print }: TourOptions): Promise<void> {
  const say = (line: string) => print(`  · ${line}`);
  print(text.heading.start);
  say(text.gatewayUp(gatewayUpMs));
  const { locksReady } = await begin(campus, text, say);
  print(`\n${text.heading.card}`);
  const [first] = await cardAtTheGate(campus, text, say);
  print(`\n${text.heading.lost}`);
  const lost = await cardIsLost(campus, text, say);
  print(`\n${text.heading.offline}`);
  await networkIsCut(campus, text, say, first, lost);
  if (campus.rooms.length === 0) return;
  print(`\n${text.heading.room}`);
  await doorOfOnesOwn({ campus, text, say, locksReady });
}

type Say = (line: string) => void;

/** Gives how long the locks took to be paired and furnished, once they are: nobody waits for them meanwhile. */
async function begin(campus: Campus, text: TourText, say: Say): Promise<{ readonly locksReady: Promise<number> }> {
  const { importMs } = await campus.furnish();
  say(text.imported(campus.people.length, importMs));
  const since = performance.now();
  await campus.startControllers();
  const locksReady = campus.locksInForce().then(() => performance.now() - since);
  // It is awaited later, when it is told.
  locksReady.catch(() => undefined);
  say(text.controllersUp(campus.gates.map(({ device }) => device).join(', '), performance.now() - since));
  const version = await campus.listsInForce();
  say(text.listInForce(version, performance.now() - since));
  return { locksReady };
}

async function cardAtTheGate(campus: Campus, text: TourText, say: Say): Promise<readonly [Resident]> {
  const [gate] = campus.gates;
  const reader = readersOf(gate?.device ?? '')[0];
  const resident = residentOf(campus, 'building-1', 0);
  const neighbour = residentOf(campus, 'building-2', 0);
  const since = performance.now();
  const arrived = eventsArrived(campus.api, { type: 'access-granted' }, 1).then(() => performance.now() - since);
  say(text.opened(nameOf(resident), reader, mustOpen(await tap(campus, reader, resident.uid))));
  say(text.atGateway(await arrived));
  mustStayShut(await tap(campus, reader, neighbour.uid));
  say(text.refused(text.notTheirBuilding, reader, await reasonOf(campus, 1)));
  mustStayShut(await tap(campus, reader, 'decafbad'));
  say(text.refused(text.unknownCard, reader, await reasonOf(campus, 2)));
  return [resident];
}

async function cardIsLost(campus: Campus, text: TourText, say: Say): Promise<Resident> {
  const resident = residentOf(campus, 'building-1', 1);
  const reportedAt = Date.now();
  const path = `/v1/revocations?waitMs=${CONFIRM_WAIT_MS}`;
  const change = await campus.api.must<{
    confirmation?: { online: number; confirmed: number; confirmedMs: number | null };
  }>('POST', path, { person: resident.number, reason: 'lost' });
  const confirmation = change.confirmation;
  if (confirmation?.confirmedMs == null) throw new Error('no controller confirmed the lost card in time');
  say(text.reportedLost(nameOf(resident), confirmation.confirmed, confirmation.confirmedMs));
  const reader = readersOf('gate-2')[0];
  mustStayShut(await tap(campus, reader, resident.uid));
  const refusal = await newestRefusal(campus, 3);
  say(text.lostRefused(reader, refusal.reason, refusal.at - reportedAt));
  return resident;
}

async function networkIsCut(campus: Campus, text: TourText, say: Say, first: Resident, lost: Resident): Promise<void> {
  const [reader] = readersOf('gate-1');
  const before = (await allEvents(campus.api, { device: 'gate-1' })).length;
  campus.link('gate-1').cut();
  say(text.cut('gate-1'));
  let slowest = 0;
  for (let index = 0; index < OFFLINE_TAPS; index += 1) {
    const resident = index === 0 ? first : residentOf(campus, 'building-1', 10 + index);
    slowest = Math.max(slowest, mustOpen(await tap(campus, reader, resident.uid)));
    await untilShut(campus, 'gate-1');
  }
  say(text.openedOffline(OFFLINE_TAPS, slowest));
  mustStayShut(await tap(campus, reader, lost.uid));
  say(text.lostOffline(reader));
  const since = performance.now();
  campus.link('gate-1').restore();
  const opened = campus.bench('gate-1').moves.filter(({ on }) => !on).length;
  const granted = await eventsArrived(campus.api, { device: 'gate-1', type: 'access-granted' }, opened);
  const ms = performance.now() - since;
  say(text.restored((await allEvents(campus.api, { device: 'gate-1' })).length - before, ms));
  if (granted.length !== opened) throw new Error(`the gate opened ${opened} times, the gateway has ${granted.length}`);
  say(text.nothingLost(opened));
}

/** The `nth` resident with this right. */
function residentOf(campus: Campus, group: string, nth: number): Resident {
  const found = campus.people.filter((person) => person.group === group)[nth];
  if (found === undefined) throw new Error(`${group} has no resident ${nth}`);
  return found;
}

const nameOf = ({ name, number }: Resident) => `${name} (${number})`;

function mustOpen(result: TapResult): number {
  if (result.afterMs === undefined) throw new Error(`${result.reader} should have opened and did not`);
  return result.afterMs;
}

function mustStayShut(result: TapResult): void {
  if (result.released) throw new Error(`${result.reader} should have stayed shut and opened`);
}

/** Reason of the newest of `count` refusals. */
async function reasonOf(campus: Campus, count: number): Promise<string> {
  return (await newestRefusal(campus, count)).reason;
}

async function newestRefusal(campus: Campus, count: number): Promise<{ readonly reason: string; readonly at: number }> {
  const events = await eventsArrived(campus.api, { type: 'access-denied' }, count);
  const newest = events.reduce<ApiEvent | undefined>(
    (last, event) => (last === undefined || event.event.at > last.event.at ? event : last),
    undefined,
  );
  if (newest?.event.type !== 'access-denied') throw new Error('the newest refusal is no refusal');
  return newest.event;
}

async function untilShut(campus: Campus, device: string): Promise<void> {
  const bench = campus.bench(device);
  const deadline = Date.now() + 10_000;
  while (bench.isOpen(device) || bench.isReleased(device)) {
    if (Date.now() > deadline) throw new Error(`${device} did not lock again`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
