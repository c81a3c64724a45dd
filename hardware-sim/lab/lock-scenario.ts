// SPDX-License-Identifier: Apache-2.0
// A lock on the kernel's Bluetooth: the shipped corridor controller with the real noble on one radio, a simulated lock under the real
// bleno on the other, the gateway across the network. A keychain moves the bolt; a list survives the radio going down half way.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isFinalOpening, type Opening } from '@latchkey/protocols/api/keychain';
import { spawnController, stop } from '../bench/gate-process.ts';
import { allEvents } from '../src/campus/event-history.ts';
import { GatewayApi, type PersonApi } from '../src/campus/gateway-api.ts';
import { keepContract } from './contract-scenario.ts';
import type { LockCampusFacts } from './lock-campus.ts';
import { LockProcess } from './lock-process.ts';
import { type Radios, startRadios } from './radios.ts';
import { type Report, until } from './report.ts';

const READY_MS = 120_000;
const STEP_MS = 60_000;
const POLL_MS = 100;
const MOST_TAPS = 3;
/** Until it is final, whatever becomes of it. */
const OPENING_MS = 20_000;
/** What an entry of a list takes. */
const ENTRY_BYTES = 20;

interface Stage {
  readonly facts: LockCampusFacts;
  readonly api: GatewayApi;
  readonly radios: Radios;
  readonly lock: LockProcess;
  readonly report: Report;
  readonly within: (step: string, wanted: Promise<number | undefined>) => Promise<void>;
}

export async function runLock(report: Report, factsFile = ''): Promise<void> {
  const facts = JSON.parse(await readFile(factsFile, 'utf8')) as LockCampusFacts;
  const api = new GatewayApi({ url: facts.gatewayUrl, caFile: facts.caFile, tokenFile: facts.tokenFile });
  const radios = await startRadios();
  const controller = spawnController(facts.controllerFolder);
  const lock = await LockProcess.start(facts.lockId, facts.label);
  const within = async (step: string, wanted: Promise<number | undefined>) => {
    const ms = await wanted;
    report(step, ms !== undefined, ms === undefined ? { detail: JSON.stringify(await lockAt(api, facts)) } : { ms });
  };
  const stage: Stage = { facts, api, radios, lock, report, within };
  try {
    await within('paired over the air by the code on its label, its list in force', inForce(stage, READY_MS));
    await openedFromKeychain(stage);
    await listThroughRadioDown(stage);
    await nothingLost(stage);
  } finally {
    await stop(controller);
    await lock.close();
    api.close();
  }
  await keepContract(report, radios);
  radios.close();
}

interface LockOfApi {
  readonly portal: string;
  readonly rollout: string;
}

async function lockAt(api: GatewayApi, { portal }: LockCampusFacts): Promise<LockOfApi | undefined> {
  const { items } = await api.must<{ items: readonly LockOfApi[] }>('GET', '/v1/locks');
  return items.find((each) => each.portal === portal);
}

const inForce = ({ api, facts }: Stage, timeoutMs = STEP_MS) =>
  until(async () => (await lockAt(api, facts))?.rollout === 'in-force', timeoutMs, POLL_MS);

async function openedFromKeychain(stage: Stage): Promise<void> {
  const { facts, api, lock, report, within } = stage;
  const { portal, resident } = facts;
  const { temporaryPassword } = await api.must<{ temporaryPassword: string }>(
    'POST',
    `/v1/people/${resident.number}/account/reset`,
    {},
  );
  const pass = await api.signIn(resident.number, temporaryPassword, 'for the lab alone');
  const { confirm, first, drawnMs } = await tapped(stage, pass);
  await within('a keychain confirmed on the phone draws the bolt', Promise.resolve(drawnMs));
  report('and the phone is told that it opened', first.state === 'opened', {
    detail: `${first.state} ${first.reason ?? ''}`.trim(),
    ms: first.elapsedMs ?? 0,
  });
  await opened(pass, portal, confirm);
  const { drawn } = await lock.count();
  report('the same confirmation sent again opens no second time', drawn === 1, { detail: `drawn ${drawn} times` });
  await within(
    'it locks again by itself',
    until(() => lock.bolt === 'thrown', STEP_MS),
  );
}

/** A kernel holds up one connect in fifty for longer than an opening lives, as a busy radio may: who stands at the door taps again. */
async function tapped({ facts: { portal }, lock, report }: Stage, pass: PersonApi) {
  for (let tap = 1; ; tap += 1) {
    const confirm = randomBytes(12).toString('base64url');
    const bolt = until(() => lock.bolt === 'drawn', OPENING_MS);
    const first = await opened(pass, portal, confirm);
    if (first.state === 'opened' || tap === MOST_TAPS) return { confirm, first, drawnMs: await bolt };
    report(`tap ${tap} of at most ${MOST_TAPS} came to nothing`, true, {
      detail: `${first.state} ${first.reason ?? ''}`,
    });
  }
}

/** What became of it in the end. */
async function opened(pass: PersonApi, portal: string, confirm: string): Promise<Opening> {
  let opening = await pass.must<Opening>('POST', `/v1/me/doors/${portal}/open`, { confirm });
  while (!isFinalOpening(opening.state)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    opening = await pass.must<Opening>('GET', `/v1/me/doors/openings/${opening.id}`);
  }
  return opening;
}

async function listThroughRadioDown(stage: Stage): Promise<void> {
  const { facts, api, radios, lock, report, within } = stage;
  const { portal, group, groupSize, memberUid, resident, strangerUid } = facts;
  const card = async (step: string, uid: string, wanted: string) => {
    const said = await lock.present(uid);
    report(step, said.startsWith(wanted), { detail: said });
  };
  const since = lock.news.length;
  const whole = groupSize * ENTRY_BYTES;
  lock.tell({ kind: 'fall-silent', afterBytes: whole / 2 });
  await api.must('PUT', '/v1/levels/cleaners', {
    name: '保洁',
    groups: [group],
    portals: [portal],
    schedule: 'always',
  });
  const half = await lock.next('silent', since, STEP_MS);
  await radios.set(0, 'down');
  lock.tell({ kind: 'supervise' });
  report(`the radio goes down half way through a list of ${groupSize} more`, true);
  await card('the old list is in force: its card opens', resident.uid, 'granted');
  await card('and no card of the new one does', memberUid, 'denied');
  await radios.set(0, 'up');
  await within('up again, the update comes to its end by itself', inForce(stage));
  const { bytes } = await lock.count();
  const again = bytes - half.bytes;
  report('from where it broke off', again < (whole * 3) / 4, { detail: `${again} bytes of more than ${whole}` });
  await card('a card of the new list opens', memberUid, 'granted');
  await card('a card of the old one, too', resident.uid, 'granted');
  await card('and one that is in neither does not', strangerUid, 'denied');
}

async function nothingLost({ facts, api, lock, within }: Stage): Promise<void> {
  const { lockId } = facts;
  const isWhole = async () => {
    const { records } = await lock.count();
    const events = (await allEvents(api, { type: 'lock-event' })).map(({ event }) => event);
    const numbers = events.flatMap((event) =>
      event.type === 'lock-event' && event.lockId === lockId ? [event.seq] : [],
    );
    return numbers.length === records && new Set(numbers).size === records;
  };
  await within('every record of the lock is at the gateway once', until(isWhole, STEP_MS, POLL_MS * 5));
}
