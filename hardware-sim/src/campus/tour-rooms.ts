// SPDX-License-Identifier: Apache-2.0
// The tour's last part: a resident opens a room from the keychain, as the page of the pass does it.
import { randomBytes } from 'node:crypto';
import { isFinalOpening, type MyDoor, type Opening } from '@latchkey/protocols/api/keychain';
import type { Campus } from './campus.ts';
import { CORRIDOR, type RoomDoor, tapAtLock } from './corridor.ts';
import type { PersonApi } from './gateway-api.ts';
import type { TourText } from './tour-text.ts';

/** One that no lock answers is over sixteen seconds after it was asked for. */
const FINAL_MS = 20_000;
const RELOCKS_MS = 10_000;
/** Nobody types it; it is gone with the campus. */
const OWN_PASSWORD = 'for the tour alone';

export interface RoomsOfTour {
  readonly campus: Campus;
  readonly text: TourText;
  readonly say: (line: string) => void;
  /** Resolves with how long the locks took until each had its list. */
  readonly locksReady: Promise<number>;
}

export async function doorOfOnesOwn({ campus, text, say, locksReady }: RoomsOfTour): Promise<void> {
  say(text.locksPaired(campus.rooms.length, await locksReady));
  const [resident] = campus.people;
  const [room] = campus.rooms;
  if (resident === undefined || room === undefined) throw new Error('nobody lives in the corridor');
  const pass = await signInAs(campus, resident.number);
  const confirm = newConfirmation();
  const opened = await openUntilFinal(pass, room.portal, confirm);
  if (opened.state !== 'opened') throw new Error(`${room.portal} should have opened: ${JSON.stringify(opened)}`);
  say(text.keychainOpened(`${resident.name} (${resident.number})`, room.portal, opened.elapsedMs ?? 0));
  await openUntilFinal(pass, room.portal, confirm);
  say(text.tappedTwice(room.lock.body.drawn));
  if (room.lock.body.drawn !== 1) throw new Error(`one confirmation opened ${room.lock.body.drawn} times`);
  await hasNoKey(campus, room);
  say(text.neighbourHasNone);
  await untilThrown(room);
  campus.link(CORRIDOR).cut();
  await byCard(room, resident.uid);
  say(text.roomByCard(room.portal));
  await untilThrown(room);
  const { drawn } = room.lock.body;
  const late = await openUntilFinal(pass, room.portal, newConfirmation());
  campus.link(CORRIDOR).restore();
  say(text.notReached([late.state, late.reason].filter(Boolean).join(', ')));
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  if (room.lock.body.drawn !== drawn) throw new Error('an opening fired after it was given up');
}

export const newConfirmation = (): string => randomBytes(12).toString('base64url');

export async function signInAs(campus: Campus, number: string): Promise<PersonApi> {
  const reset = `/v1/people/${number}/account/reset`;
  const { temporaryPassword } = await campus.api.must<{ temporaryPassword: string }>('POST', reset, {});
  return campus.api.signIn(number, temporaryPassword, OWN_PASSWORD);
}

export async function openUntilFinal(pass: PersonApi, portal: string, confirm: string): Promise<Opening> {
  const deadline = Date.now() + FINAL_MS;
  let opening = await pass.must<Opening>('POST', `/v1/me/doors/${portal}/open`, { confirm });
  while (!isFinalOpening(opening.state)) {
    if (Date.now() > deadline) throw new Error(`nothing came of an opening: ${JSON.stringify(opening)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    opening = await pass.must<Opening>('GET', `/v1/me/doors/openings/${opening.id}`);
  }
  return opening;
}

async function hasNoKey(campus: Campus, room: RoomDoor): Promise<void> {
  const stranger = campus.people.at(-1)?.number ?? '';
  const { items } = await (await signInAs(campus, stranger)).must<{ items: MyDoor[] }>('GET', '/v1/me/doors');
  if (items.some(({ portal }) => portal === room.portal)) throw new Error('a stranger has a key to the room');
}

async function byCard(room: RoomDoor, uid: string): Promise<void> {
  const decision = await tapAtLock(room, new Uint8Array(Buffer.from(uid, 'hex')));
  if (decision?.outcome !== 'granted') throw new Error(`${room.portal} refused its resident: ${decision?.reason}`);
}

async function untilThrown({ portal, lock }: RoomDoor): Promise<void> {
  const deadline = Date.now() + RELOCKS_MS;
  while (lock.body.bolt !== 'thrown') {
    if (Date.now() > deadline) throw new Error(`${portal} did not lock itself again`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
