// SPDX-License-Identifier: Apache-2.0
// Lists on their way into force, against a gateway that is honest, broken or hostile (reference: lists and codes).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDelta } from '@latchkey/protocols/authorization/delta';
import type { SealedList } from '@latchkey/protocols/authorization/list-build';
import { leavesOf } from '@latchkey/protocols/authorization/merkle';
import { CAMPUS_SCOPE, deviceDigest, signPrfKey } from '@latchkey/protocols/authorization/prf-key';
import type { Retraction } from '@latchkey/protocols/authorization/retraction';
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { ListDown, Need } from '@latchkey/protocols/mqtt/messages';
import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKeyFolder } from '../adapters/key-folder.ts';
import { createListSlots } from '../adapters/list-slots.ts';
import { openSettingsFile } from '../adapters/settings-file.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createAlarms } from './alarms.ts';
import {
  CAMPUS_KEY,
  CAMPUS_KEY_ID,
  type Campus,
  entriesFor,
  layFolder,
  makeCampus,
  policyFor,
  SCOPE,
  SCOPE_KEY_ID,
  successor,
} from './campus.test-support.ts';
import { dataFolder } from './data-folder.ts';
import { createListKeeper } from './list-keeper.ts';
import { SILENT } from './log.ts';
import { openPrfKeys } from './prf-keys.ts';
import { NEW_SETTINGS, settingsSchema } from './settings-schema.ts';
import { openTrust } from './trust.ts';

const SESSION = '5e5510a1b2c3d4e5';

let campus: Campus;
let directory: string;
beforeAll(async () => {
  campus = await makeCampus();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keeper-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

type Sent = { readonly json: Record<string, unknown>; readonly body: Uint8Array };
const down = (json: ListDown, body?: Uint8Array) => encodeEnvelope(json, body);
const refOf = ({ head }: SealedList) => ({ scope: SCOPE, epoch: head.epoch, version: head.version });

async function open() {
  const folder = dataFolder(directory);
  const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
  const trust = await openTrust(settings);
  if (!trust.ok) throw new Error(trust.code);
  const up: { kind: string; json: Record<string, unknown> }[] = [];
  const active: number[] = [];
  const notices: string[] = [];
  const denies: Uint8Array[] = [];
  const alarms = createAlarms(({ alarm, active: on, subject }) => notices.push(`${alarm} ${on} ${subject ?? ''}`));
  const keys = openKeyFolder(folder.keys);
  const prfKeys = await openPrfKeys({ folder: keys, device: 'gate-1', trust: trust.value, alarms, log: SILENT });
  const keeper = createListKeeper({
    campusId: campus.root.campusId,
    slots: createListSlots({ directory: folder.lists }),
    settings,
    trust: trust.value,
    device: 'gate-1',
    session: () => SESSION,
    onLock: async () => undefined,
    onPairLock: async () => undefined,
    carriesKey: () => false,
    // Keys that no list uses yet are kept: the offers here bring none.
    prfKeys: { ...prfKeys, keepOnly: async () => undefined },
    link: {
      async publish(kind, payload) {
        const envelope = decodeEnvelope(payload);
        if (envelope.ok) up.push({ kind, json: envelope.value.json as Record<string, unknown> });
      },
    },
    clock: systemClock,
    alarms,
    log: SILENT,
    instant: () => ({ ms: Date.now(), quality: 'synced' }),
    onSignedTime: () => undefined,
    onDeny: async (frame) => void denies.push(frame),
    onActive: (list) => active.push(list.head.version),
  });
  await keeper.load();
  const version = () => keeper.lists()[0]?.head.version;
  return { keeper, settings, prfKeys, trust: trust.value, up, active, notices, denies, version, alarms };
}
type Bench = Awaited<ReturnType<typeof open>>;

function offerOf(list: SealedList, deltas?: Uint8Array): Uint8Array {
  const head = Buffer.from(list.headFrame).toString('base64url');
  return down({ kind: 'offer', ...refOf(list), digest: list.digest, head, policyBytes: list.policy.length }, deltas);
}

/** Answers like a gateway that has `list`; `change` may spoil what it sends. */
async function answer(
  { keeper, up }: Bench,
  list: SealedList,
  limit = 100,
  change: (sent: Sent) => Sent | undefined = (s) => s,
): Promise<void> {
  const starts: number[] = [0];
  list.pageCounts.forEach((count, page) => starts.push((starts[page] ?? 0) + count * 16));
  for (let n = 0; n < limit; n += 1) {
    const at = up.findIndex(({ kind }) => kind === 'need');
    if (at < 0) return;
    const need = up.splice(at, 1)[0]?.json as unknown as Need;
    const ref = refOf(list);
    const replies: Sent[] = [];
    if (need.kind === 'policy') {
      const half = Math.ceil(list.policy.length / 2);
      for (const offset of [0, half]) {
        const body = list.policy.subarray(offset, offset + half);
        replies.push({ json: { kind: 'policy', ...ref, offset, total: list.policy.length }, body });
      }
    } else if (need.kind === 'leaves') {
      replies.push({
        json: { kind: 'leaves', ...ref, first: 0 },
        body: leavesOf(SCOPE, list.pageCounts, list.records),
      });
    } else if (need.kind === 'pages') {
      for (const [first, count] of need.ranges) {
        const counts = [...list.pageCounts.subarray(first, first + count)];
        const body = list.records.subarray(starts[first], starts[first + count]);
        replies.push({ json: { kind: 'pages', ...ref, first, counts }, body });
      }
    }
    for (const reply of replies) {
      const sent = change(reply);
      if (sent) await keeper.onMessage(encodeEnvelope(sent.json, sent.body));
    }
  }
}

async function push(bench: Bench, list: SealedList, deltas?: Uint8Array): Promise<void> {
  await bench.keeper.onMessage(offerOf(list, deltas));
  await answer(bench, list);
}

const reports = ({ up }: Bench) =>
  up.filter(({ kind }) => kind === 'list').map(({ json }) => [json['version'], json['state'], json['code']]);

const retractOf = async (version: number, change: Partial<Retraction> = {}, by = campus) =>
  down({ kind: 'retract', scope: SCOPE }, await by.retraction({ version, session: SESSION, ...change }));

async function jweOf(frame: Uint8Array): Promise<string> {
  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  const secret = Buffer.from(JSON.stringify(await exportJWK(pair.privateKey)));
  await openKeyFolder(dataFolder(directory).keys).write('decryption.jwk', new Uint8Array(secret));
  const header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' };
  return new CompactEncrypt(frame).setProtectedHeader(header).encrypt(pair.publicKey);
}

/** The key of the campus; `id` as the message names it. */
const campusKey = async (id: number, frame: Uint8Array): Promise<Uint8Array> =>
  down({ kind: 'campus-key', prf: { id, jwe: await jweOf(frame) } });

/** Both keys that layFolder lays, as the gateway sends them after a rotation. */
async function sendKeys({ keeper, prfKeys }: Bench, by: Campus): Promise<void> {
  const jwe = await jweOf(await by.prfKey(SCOPE, SCOPE_KEY_ID));
  await prfKeys.receive({ id: SCOPE_KEY_ID, scope: SCOPE, jwe, campusKey: null });
  await keeper.onMessage(await campusKey(CAMPUS_KEY_ID, await by.prfKey(CAMPUS_SCOPE, CAMPUS_KEY_ID, CAMPUS_KEY)));
}

describe('PRF keys', () => {
  const LATER = CAMPUS_KEY_ID + 5;
  const own = new Uint8Array(16).fill(0x66);
  async function refused(message: Uint8Array, reason: string, id: number): Promise<void> {
    await layFolder(directory, campus);
    const bench = await open();
    await bench.keeper.onMessage(message);
    expect(bench.notices).toEqual([`key-refused true key ${id}: ${reason}`]);
    expect(bench.settings.current().trust.campusKey).toBe(CAMPUS_KEY_ID);
    expect([...bench.prfKeys.ids()].sort((a, b) => a - b)).toEqual([SCOPE_KEY_ID, CAMPUS_KEY_ID]);
    expect(bench.prfKeys.get(CAMPUS_KEY_ID)?.key(new Uint8Array(16))).toEqual(campus.campusPrf.key(new Uint8Array(16)));
  }

  it('a later campus key of the gateway comes into force and is there after a restart', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    await bench.keeper.onMessage(await campusKey(LATER, await campus.prfKey(CAMPUS_SCOPE, LATER, own)));
    expect(bench.settings.current().trust.campusKey).toBe(LATER);
    expect((await open()).prfKeys.ids()).toContain(LATER);
  });
  it('forged by the broker: bare bytes encrypted to the device', async () =>
    refused(await campusKey(LATER, own), 'malformed-frame', LATER));
  it('forged by the broker: signed by a key of its own', async () => {
    const stranger = await makeCampus();
    const frame = await stranger.prfKey(CAMPUS_SCOPE, LATER, own);
    await refused(await campusKey(LATER, frame), 'unknown-key', LATER);
  });
  it('a key of the campus under the list key', async () => {
    const value = { campusId: campus.root.campusId, epoch: 1, scopeId: CAMPUS_SCOPE, keyId: LATER, key: own };
    const frame = await signPrfKey({ ...value, device: deviceDigest('gate-1') }, campus.keys.list);
    await refused(await campusKey(LATER, frame), 'wrong-role', LATER);
  });
  it('of another scope', async () =>
    refused(await campusKey(LATER, await campus.prfKey(SCOPE, LATER, own)), 'wrong-scope', LATER));
  it('of another device', async () => {
    const frame = await campus.prfKey(CAMPUS_SCOPE, LATER, own, { device: deviceDigest('gate-2') });
    await refused(await campusKey(LATER, frame), 'wrong-device', LATER);
  });
  it('of another campus', async () => {
    const frame = await campus.prfKey(CAMPUS_SCOPE, LATER, own, { campusId: '00'.repeat(8) });
    await refused(await campusKey(LATER, frame), 'wrong-campus', LATER);
  });
  it('under an id that it was not signed for', async () =>
    refused(await campusKey(LATER + 1, await campus.prfKey(CAMPUS_SCOPE, LATER, own)), 'wrong-key-id', LATER + 1));
  it('another key under an id that is held', async () =>
    refused(
      await campusKey(CAMPUS_KEY_ID, await campus.prfKey(CAMPUS_SCOPE, CAMPUS_KEY_ID, own)),
      'key-changed',
      CAMPUS_KEY_ID,
    ));
  it('replayed: an earlier campus key does not come back', async () =>
    refused(await campusKey(1, await campus.prfKey(CAMPUS_SCOPE, 1, CAMPUS_KEY)), 'key-changed', 1));
  it('replayed: an earlier campus key under a free id does not come back', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    await bench.keeper.onMessage(await campusKey(9, await campus.prfKey(CAMPUS_SCOPE, 9, own)));
    await bench.keeper.onMessage(await campusKey(5, await campus.prfKey(CAMPUS_SCOPE, 5)));
    expect(bench.notices).toEqual(['key-refused true key 5: replay']);
    expect(bench.settings.current().trust.campusKey).toBe(9);
  });
  it('replayed after rotation: a key of the epoch before', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const before = await campus.prfKey(CAMPUS_SCOPE, LATER, own);
    const { frame } = await campus.rotate();
    await bench.keeper.onMessage(down({ kind: 'root' }, frame));
    expect(bench.up.map(({ json }) => json)).toContainEqual({ kind: 'campus-key' });
    await bench.keeper.onMessage(await campusKey(LATER, before));
    expect(bench.notices).toEqual([`key-refused true key ${LATER}: replay`]);
  });
  it('held under the root before go on, and are named to nobody until they come anew', async () => {
    await layFolder(directory, campus, { list: await campus.list(5) });
    const bench = await open();
    const { campus: next, frame } = await campus.rotate();
    await bench.keeper.onMessage(down({ kind: 'root' }, frame));
    const after = await open();
    expect(after.prfKeys.get(SCOPE_KEY_ID)).toBeDefined();
    expect(after.prfKeys.ids()).toEqual([]);
    await sendKeys(after, next);
    expect([...after.prfKeys.ids()].sort((a, b) => a - b)).toEqual([SCOPE_KEY_ID, CAMPUS_KEY_ID]);
  });
  it('changed at rest: not used, and an alarm', async () => {
    await layFolder(directory, campus);
    const file = join(dataFolder(directory).keys, `prf-${CAMPUS_KEY_ID}.key`);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const bench = await open();
    expect(bench.prfKeys.get(CAMPUS_KEY_ID)).toBeUndefined();
    expect(bench.notices).toEqual([`key-refused true key ${CAMPUS_KEY_ID}: bad-signature`]);
  });
  it('a list whose key is refused or missing leaves the one in force', async () => {
    const first = await campus.list(10);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    const second = await campus.list(11, { ...successor(first), prfKeyId: 77 });
    await push(bench, second);
    const head = Buffer.from(second.headFrame).toString('base64url');
    const ref = { ...refOf(second), digest: second.digest, head, policyBytes: second.policy.length };
    await bench.keeper.onMessage(down({ kind: 'offer', ...ref, prf: { id: 77, jwe: await jweOf(own) } }));
    expect(reports(bench)).toEqual([
      [2, 'refused', 'key-missing'],
      [2, 'refused', 'key-refused'],
    ]);
    expect(bench.version()).toBe(1);
  });
});

describe('retractions', () => {
  async function kept(message: (list: SealedList) => Promise<Uint8Array>, reason: string): Promise<void> {
    const first = await campus.list(10);
    const second = await campus.list(11, successor(first));
    await layFolder(directory, campus, { list: second });
    const bench = await open();
    await bench.keeper.onMessage(await message(second));
    expect(bench.version()).toBe(2);
    expect(bench.notices).toEqual([`list-refused true scope ${SCOPE}: retraction, ${reason}`]);
  }

  it('unsigned', async () => kept(async () => down({ kind: 'retract', scope: SCOPE }), 'malformed-frame'));
  it('forged by the broker', async () => kept(async () => retractOf(2, {}, await makeCampus()), 'unknown-key'));
  it('of another scope', async () => kept(() => retractOf(2, { scopeId: SCOPE + 1 }), 'wrong-scope'));
  it('of another device', async () => kept(() => retractOf(2, { device: deviceDigest('gate-2') }), 'wrong-device'));
  it('of an earlier session', async () => kept(() => retractOf(2, { session: '00'.repeat(8) }), 'wrong-session'));
  it('of an older version', async () => kept(() => retractOf(1), 'replay'));

  it('replayed after the list was granted again', async () => {
    const list = await campus.list(10);
    await layFolder(directory, campus, { list });
    const bench = await open();
    const retraction = await retractOf(1);
    await bench.keeper.onMessage(retraction);
    await push(bench, list);
    expect(bench.version()).toBe(1);
    await bench.keeper.onMessage(retraction);
    expect(bench.version()).toBe(1);
  });
  it('kept back until after the list was granted again', async () => {
    const list = await campus.list(10);
    await layFolder(directory, campus, { list });
    const bench = await open();
    const issuedMs = Date.now();
    await bench.keeper.onMessage(down({ kind: 'freshness' }, await campus.freshness(list, issuedMs + 1)));
    await bench.keeper.onMessage(await retractOf(1, { issuedMs }));
    expect(bench.version()).toBe(1);
  });
});

describe('a list on its way', () => {
  it('comes into force whole, is stored, marked and reported', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const list = await campus.list(3_000);
    await push(bench, list);
    expect(bench.version()).toBe(1);
    expect(reports(bench)).toEqual([[1, 'active', undefined]]);
    expect(bench.settings.current().trust.lists[String(SCOPE)]?.digest).toBe(list.digest);
    expect((await open()).version()).toBe(1);
  });

  it('needs no page where a delta fits', async () => {
    const first = await campus.list(3_000);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    const second = await campus.list(3_010, successor(first));
    await bench.keeper.onMessage(offerOf(second, makeDelta(first, second)));
    expect(bench.up.filter(({ kind }) => kind === 'need')).toEqual([]);
    expect(bench.version()).toBe(2);
  });

  it('fetches only the pages that differ where the delta does not fit', async () => {
    const first = await campus.list(3_000);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    const second = await campus.list(3_003, successor(first));
    await bench.keeper.onMessage(offerOf(second, new Uint8Array([1, 2, 3])));
    let asked = 0;
    await answer(bench, second, 100, (sent) => {
      if (sent.json['kind'] === 'pages') asked += (sent.json['counts'] as number[]).length;
      return sent;
    });
    expect(bench.version()).toBe(2);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('fetches nothing but the policy when only the policy changed', async () => {
    const first = await campus.list(500);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    const policyDocument = policyFor(['north', 'south']);
    const second = await campus.list(500, { ...successor(first), policyDocument });
    await bench.keeper.onMessage(offerOf(second));
    expect(bench.up.map(({ json }) => json['kind'])).toEqual(['policy']);
    await answer(bench, second);
    expect(bench.keeper.listFor('south')?.head.version).toBe(2);
  });

  it('interrupted goes on after a restart from the pages that had arrived', async () => {
    await layFolder(directory, campus);
    const list = await campus.list(6_000);
    const before = await open();
    await before.keeper.onMessage(offerOf(list));
    let pages = 0;
    const cut = (sent: Sent) => {
      if (sent.json['kind'] !== 'pages') return sent;
      pages += 1;
      const counts = (sent.json['counts'] as number[]).slice(0, 5);
      const bytes = counts.reduce((sum, count) => sum + count * 16, 0);
      return pages === 1 ? { json: { ...sent.json, counts }, body: sent.body.subarray(0, bytes) } : undefined;
    };
    await answer(before, list, 3, cut);
    expect(before.version()).toBeUndefined();
    await before.keeper.close();
    const after = await open();
    await after.keeper.onMessage(offerOf(list));
    const need = after.up.find(({ json }) => json['kind'] === 'pages')?.json as unknown as Extract<
      Need,
      { kind: 'pages' }
    >;
    expect(need.ranges[0]?.[0]).toBe(5);
    await answer(after, list);
    expect(after.version()).toBe(1);
  });

  it('with a page changed on the way is not used, and the page is asked for again', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const list = await campus.list(300);
    await bench.keeper.onMessage(offerOf(list));
    await answer(bench, list, 5, (sent) => {
      if (sent.json['kind'] !== 'pages') return sent;
      const body = new Uint8Array(sent.body);
      body[12] = (body[12] ?? 0) ^ 1;
      return { ...sent, body };
    });
    expect(bench.version()).toBeUndefined();
  });
});

describe('attacks', () => {
  it('forged: a head signed by no list key is refused', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const stranger = await makeCampus();
    await push(bench, await stranger.list(10));
    expect(bench.version()).toBeUndefined();
    expect(bench.notices).toEqual([`list-refused true scope ${SCOPE}: unknown-key`]);
  });

  it('rollback: an older version is refused, also right after a restart', async () => {
    const first = await campus.list(10);
    const second = await campus.list(11, successor(first));
    await layFolder(directory, campus, { list: second });
    const bench = await open();
    await push(bench, first);
    expect(bench.version()).toBe(2);
    expect(reports(bench)).toEqual([[1, 'refused', 'rollback']]);
  });

  it('split view: another head of the version in force raises an equivocation alarm', async () => {
    const first = await campus.list(10);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    await push(bench, await campus.list(12));
    expect(bench.version()).toBe(1);
    expect(bench.notices).toContain(`list-equivocation true scope ${SCOPE}: equivocation`);
  });

  it('another scope: a list replayed under another scope is refused', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const list = await campus.list(10);
    const message = {
      kind: 'offer',
      ...refOf(list),
      scope: 8,
      digest: list.digest,
      policyBytes: list.policy.length,
    } as const;
    await bench.keeper.onMessage(down({ ...message, head: Buffer.from(list.headFrame).toString('base64url') }));
    expect(bench.notices).toEqual(['list-refused true scope 8: wrong-scope']);
  });

  it('endless data: a transfer that never ends is cut off', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const list = await campus.list(10);
    await bench.keeper.onMessage(offerOf(list));
    const flood = new Uint8Array(4_000_000);
    const ref = refOf(list);
    for (let n = 0; n < 8; n += 1) {
      await bench.keeper.onMessage(down({ kind: 'policy', ...ref, offset: 0, total: flood.length + 1 }, flood));
    }
    expect(bench.notices).toContain(`list-refused true scope ${SCOPE}: endless-data`);
  });

  it('endless data: what waits is bounded, and what was dropped is taken when it comes again', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const offer = offerOf(await campus.list(10));
    const junk = down({ kind: 'freshness' }, new Uint8Array(1_048_576));
    const flood = Array.from({ length: 33 }, () => bench.keeper.onMessage(junk));
    await Promise.all([...flood, bench.keeper.onMessage(offer)]);
    expect(bench.up).toEqual([]);
    await bench.keeper.onMessage(offer);
    expect(bench.up.map(({ kind }) => kind)).toContain('need');
  });

  it('stolen list key after root rotation: a list by the old key is refused, the one in force stays', async () => {
    const first = await campus.list(10);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    const { campus: next, frame } = await campus.rotate();
    await bench.keeper.onMessage(down({ kind: 'root' }, frame));
    await push(bench, await campus.list(11, successor(first)));
    expect(bench.version()).toBe(1);
    const renewed = await next.list(12, { version: 1 });
    await push(bench, renewed);
    expect(bench.keeper.lists()[0]?.headHash).toBe(renewed.digest);
  });

  it('a root document by strangers changes nothing', async () => {
    await layFolder(directory, campus);
    const bench = await open();
    const stranger = await makeCampus();
    await bench.keeper.onMessage(down({ kind: 'root' }, (await stranger.rotate()).frame));
    expect(bench.trust.rootVersion()).toBe(1);
  });

  it('freeze: a freshness statement ahead of the list asks for the newer one', async () => {
    const first = await campus.list(10);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    const second = await campus.list(11, successor(first));
    await bench.keeper.onMessage(down({ kind: 'freshness' }, await campus.freshness(second)));
    expect(bench.up.map(({ json }) => json)).toContainEqual({ kind: 'offer', scope: SCOPE });
  });
});

describe('at rest', () => {
  const slot = (name: string) => join(directory, 'lists', String(SCOPE), `${name}.lkl`);
  async function two(): Promise<SealedList> {
    const first = await campus.list(200);
    await layFolder(directory, campus, { list: first });
    const bench = await open();
    const second = await campus.list(210, successor(first));
    await push(bench, second);
    await bench.keeper.close();
    return second;
  }
  const flip = (file: string, at: number) => {
    const bytes = readFileSync(file);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    writeFileSync(file, bytes);
  };

  it.each([40, 200, 700, 2_000])(
    'bit flip at byte %i of the slot in use: no list rather than an older one, with an alarm',
    async (at) => {
      const second = await two();
      flip(slot('b'), at);
      const bench = await open();
      expect(bench.version()).toBeUndefined();
      expect(bench.notices).toEqual([`list-corrupt true scope ${SCOPE}`]);
      await push(bench, second);
      expect(bench.version()).toBe(2);
      expect(bench.alarms.standing()).toEqual([]);
    },
  );

  it('torn write of the inactive slot: the list in use is untouched', async () => {
    await two();
    writeFileSync(slot('a'), readFileSync(slot('b')).subarray(0, 900));
    const bench = await open();
    expect(bench.version()).toBe(2);
    expect(bench.notices).toEqual([]);
  });

  it('a pointer to the older slot does not bring the older list back', async () => {
    await two();
    writeFileSync(join(directory, 'lists', String(SCOPE), 'current'), 'a');
    expect((await open()).version()).toBe(2);
  });

  it('verify-then-swap: what is swapped on the disk after loading is not used', async () => {
    await two();
    const bench = await open();
    writeFileSync(slot('b'), 'swapped');
    expect(bench.keeper.lists()[0]?.count).toBe(210);
  });

  it('power lost between the pointer and the mark: the newer list is taken and marked', async () => {
    const first = await campus.list(200);
    await layFolder(directory, campus, { list: first });
    const second = await campus.list(210, successor(first));
    const { encodeListFile } = await import('@latchkey/protocols/authorization/list-file');
    await createListSlots({ directory: dataFolder(directory).lists }).activate(SCOPE, encodeListFile(second));
    const bench = await open();
    expect(bench.version()).toBe(2);
    expect(bench.settings.current().trust.lists[String(SCOPE)]?.digest).toBe(second.digest);
  });

  it('the list in force when the root changed is still used after a restart, until its successor comes', async () => {
    const first = await campus.list(200);
    await layFolder(directory, campus, { list: first });
    const before = await open();
    const { campus: next, frame } = await campus.rotate();
    await before.keeper.onMessage(down({ kind: 'root' }, frame));
    await before.keeper.close();
    const after = await open();
    expect(after.version()).toBe(1);
    await push(after, await next.list(5, { version: 1 }));
    expect(after.trust.previousKeyring(), 'its keys are signed under it still').toBeDefined();
    await sendKeys(after, next);
    expect(after.trust.previousKeyring()).toBeUndefined();
    expect((await open()).keeper.lists()[0]?.count).toBe(5);
  });

  it('a retracted list is gone and stays below its mark', async () => {
    const first = await campus.list(20);
    const second = await campus.list(21, successor(first));
    await layFolder(directory, campus, { list: second });
    const bench = await open();
    await bench.keeper.onMessage(await retractOf(2));
    expect(bench.version()).toBeUndefined();
    const again = await open();
    expect(again.notices).toEqual([]);
    await push(again, first);
    expect(again.version()).toBeUndefined();
  });

  it('a retracted list takes its alarms with it', async () => {
    await layFolder(directory, campus, { list: await campus.list(20, { refreshBy: 1 }) });
    const bench = await open();
    expect(bench.alarms.standing()).toEqual([`list-past-refresh scope ${SCOPE}`]);
    await bench.keeper.onMessage(await retractOf(1));
    expect(bench.alarms.standing()).toEqual([]);
  });
});

it('entries of a test campus are different cards', () => {
  expect(
    new Set(
      Array.from({ length: 50 }, (_, n) =>
        entriesFor(50)
          .ids.subarray(n * 16, n * 16 + 16)
          .join(),
      ),
    ).size,
  ).toBe(50);
});
