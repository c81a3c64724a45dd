// SPDX-License-Identifier: Apache-2.0
// A campus for tests: its keys, its lists, what its gateway would sign. And a controller's data folder as enrolment leaves it.
import { createHash } from 'node:crypto';
import { BEAT } from '@latchkey/protocols/authorization/beat';
import { cardId, createPrf, type Prf, phoneId } from '@latchkey/protocols/authorization/credential-id';
import { type Deny, encodeDeny } from '@latchkey/protocols/authorization/deny';
import { FRESHNESS } from '@latchkey/protocols/authorization/freshness';
import { NO_PREVIOUS_HEAD } from '@latchkey/protocols/authorization/head';
import {
  generateSigningJwk,
  importSigningKey,
  type KeyRole,
  type PublicJwk,
  type SigningKey,
  toPublicJwk,
} from '@latchkey/protocols/authorization/keys';
import { buildList, type ListPlan, type SealedList, sealList } from '@latchkey/protocols/authorization/list-build';
import { encodeListFile } from '@latchkey/protocols/authorization/list-file';
import { encodePolicy, type PolicyDocument } from '@latchkey/protocols/authorization/policy';
import { CAMPUS_SCOPE, deviceDigest, type SignedPrfKey, signPrfKey } from '@latchkey/protocols/authorization/prf-key';
import { NO_END } from '@latchkey/protocols/authorization/record';
import { RETRACTION, type Retraction } from '@latchkey/protocols/authorization/retraction';
import { encodeRoot, type RootDocument, rootDigest, signRoot } from '@latchkey/protocols/authorization/root-document';
import { signFrame } from '@latchkey/protocols/authorization/signed-frame';
import { fromHex } from '@latchkey/protocols/bytes/hex';
import type { PhoneKey } from '@latchkey/protocols/codes/make-code';
import { type Command, command } from '@latchkey/protocols/commands/command';
import { sealJson } from '@latchkey/protocols/commands/seal';
import { openKeyFolder } from '../adapters/key-folder.ts';
import { createListSlots } from '../adapters/list-slots.ts';
import { openSettingsFile } from '../adapters/settings-file.ts';
import { dataFolder, prfKeyFile } from './data-folder.ts';
import { NEW_SETTINGS, settingsSchema } from './settings-schema.ts';

export const CAMPUS_ID = '00112233445566aa';
export const SCOPE = 7;
export const SCOPE_KEY_ID = 1;
export const CAMPUS_KEY_ID = 2;
export const PORTAL = 'north';
const SCOPE_KEY = new Uint8Array(16).fill(0x11);
export const CAMPUS_KEY = new Uint8Array(16).fill(0x22);
const YEAR_MINUTES = 365 * 24 * 60;

interface Held {
  readonly key: SigningKey;
  readonly jwk: PublicJwk;
}

async function makeKey(): Promise<Held> {
  const jwk = await generateSigningJwk();
  const open = toPublicJwk(jwk);
  const key = await importSigningKey(jwk);
  if (!open.ok || !key.ok) throw new Error('no key');
  return { key: key.value, jwk: open.value };
}

export const ALWAYS: PolicyDocument['schedules'][number] = {
  id: 'always',
  intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', until: '24:00' }],
  onHolidays: 'as-usual',
};

export function policyFor(portals: readonly string[] = [PORTAL], change: Partial<PolicyDocument> = {}): PolicyDocument {
  return {
    format: 1,
    timeZone: 'Asia/Shanghai',
    holidays: [],
    schedules: [ALWAYS],
    portals: portals.map(
      (id) =>
        ({
          id,
          antiPassback: { mode: 'off' },
          afterExpiry: 'refuse-all',
          askGateway: true,
        }) as PolicyDocument['portals'][number],
    ),
    profiles: [{ kind: 'resident', rules: [{ portals: portals.map((_, index) => index), schedule: 0 }] }],
    ...change,
  };
}

/** The UID of the n-th card. */
export const uidOf = (n: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`card ${n}`).digest().subarray(0, 7));

export function entriesFor(count: number): ListPlan['entries'] {
  const ids = new Uint8Array(count * 16);
  for (let n = 0; n < count; n += 1) ids.set(cardId(uidOf(n)), n * 16);
  return {
    ids,
    profiles: new Uint16Array(count),
    flags: new Uint8Array(count),
    classes: new Uint8Array(count),
    until: new Uint32Array(count).fill(NO_END),
  };
}

/** Phones instead of cards, of the first profile. */
export function phoneEntries(phones: readonly PhoneKey[]): ListPlan['entries'] {
  const entries = entriesFor(phones.length);
  phones.forEach(({ algorithm, publicKey }, at) => entries.ids.set(phoneId(algorithm, publicKey), at * 16));
  return entries;
}

export interface Campus {
  readonly root: RootDocument;
  readonly rootFrame: Uint8Array;
  readonly keys: Readonly<Record<KeyRole, SigningKey>>;
  readonly scopePrf: Prf;
  readonly campusPrf: Prf;
  list(count: number, change?: Partial<ListPlan> & { readonly policyDocument?: PolicyDocument }): Promise<SealedList>;
  deny(deny: Partial<Deny> & Pick<Deny, 'ops'>): Promise<Uint8Array>;
  beat(beatSeq: number, denySeq: number, denyChain: Uint8Array, timeMs?: number): Promise<Uint8Array>;
  freshness(list: SealedList, timeMs?: number): Promise<Uint8Array>;
  /** Signed for `gate-1` unless told. */
  prfKey(scope: number, id: number, key?: Uint8Array, change?: Partial<SignedPrfKey>): Promise<Uint8Array>;
  /** Of SCOPE, for `gate-1`. */
  retraction(change: Partial<Retraction> & Pick<Retraction, 'version' | 'session'>): Promise<Uint8Array>;
  command(given: Partial<Command>): Promise<Uint8Array>;
  /** The next root document with a new list key, signed by the same root keys; this campus then signs with it. */
  rotate(): Promise<{ readonly campus: Campus; readonly frame: Uint8Array }>;
}

export async function makeCampus(): Promise<Campus> {
  const rootKey = await makeKey();
  const held = { list: await makeKey(), deny: await makeKey(), command: await makeKey(), code: await makeKey() };
  return campusOf(rootKey, held, 1);
}

async function campusOf(rootKey: Held, held: Record<KeyRole, Held>, version: number): Promise<Campus> {
  const root: RootDocument = {
    version,
    epoch: version,
    campusId: CAMPUS_ID,
    threshold: 1,
    rootKeys: [rootKey.jwk],
    keys: (Object.keys(held) as KeyRole[]).map((role) => ({ role, scopes: 'all', jwk: held[role].jwk })),
    issuedAtMs: Date.now() - 60_000,
  };
  const keys = { list: held.list.key, deny: held.deny.key, command: held.command.key, code: held.code.key };
  const scopePrf = createPrf(SCOPE_KEY);
  const base = { campusId: CAMPUS_ID, epoch: version };
  return {
    root,
    rootFrame: await signRoot(root, [rootKey.key]),
    keys,
    scopePrf,
    campusPrf: createPrf(CAMPUS_KEY),
    async list(count, { policyDocument, ...change } = {}) {
      const minute = Math.floor(Date.now() / 60_000);
      const built = buildList({
        ...base,
        scopeId: SCOPE,
        version: 1,
        issuedAtMs: Date.now() - 1_000,
        refreshBy: minute + YEAR_MINUTES,
        hardExpiry: minute + 2 * YEAR_MINUTES,
        denySeq: 0,
        previousHeadHash: NO_PREVIOUS_HEAD,
        prfKeyId: SCOPE_KEY_ID,
        prf: scopePrf,
        policy: encodePolicy(policyDocument ?? policyFor()),
        entries: entriesFor(count),
        ...change,
      });
      if (!built.ok) throw new Error(built.code);
      return sealList(built.value, keys.list);
    },
    deny: (deny) =>
      signFrame(
        encodeDeny({ ...base, firstSeq: 1, issuedAtMs: Date.now(), previousChain: new Uint8Array(32), ...deny }),
        [keys.deny],
      ),
    beat: (beatSeq, denySeq, denyChain, timeMs = Date.now()) =>
      signFrame(BEAT.encode({ ...base, beatSeq, timeMs, denySeq, denyChain }), [keys.deny]),
    freshness: (list, timeMs = Date.now()) =>
      signFrame(
        FRESHNESS.encode({ ...base, scopeId: SCOPE, version: list.head.version, headHash: list.digest, timeMs }),
        [keys.deny],
      ),
    prfKey: (scopeId, keyId, key = SCOPE_KEY, change = {}) =>
      signPrfKey(
        { ...base, scopeId, keyId, device: deviceDigest('gate-1'), key, ...change },
        scopeId === CAMPUS_SCOPE ? keys.deny : keys.list,
      ),
    retraction: (change) =>
      signFrame(
        RETRACTION.encode({ ...base, scopeId: SCOPE, device: deviceDigest('gate-1'), issuedMs: Date.now(), ...change }),
        [keys.list],
      ),
    command: (given) => sealJson('LKC1', command, given as Command, keys.command),
    async rotate() {
      const next = await campusOf(rootKey, { ...held, list: await makeKey() }, version + 1);
      return { campus: next, frame: next.rootFrame };
    },
  };
}

/** The list that follows another of the same campus. */
export const successor = (list: SealedList): Partial<ListPlan> => {
  const previous = fromHex(list.digest);
  if (!previous.ok) throw new Error('no digest');
  return { version: list.head.version + 1, previousHeadHash: previous.value };
};

/** A data folder as an enrolled controller has it, with a list in its slot when one is given. */
export async function layFolder(
  path: string,
  campus: Campus,
  options: { readonly list?: SealedList; readonly wiring?: unknown; readonly mqttUrl?: string } = {},
): Promise<void> {
  const folder = dataFolder(path);
  const keys = openKeyFolder(folder.keys);
  await keys.write(prfKeyFile(SCOPE_KEY_ID), await campus.prfKey(SCOPE, SCOPE_KEY_ID, SCOPE_KEY));
  await keys.write(prfKeyFile(CAMPUS_KEY_ID), await campus.prfKey(CAMPUS_SCOPE, CAMPUS_KEY_ID, CAMPUS_KEY));
  const settings = await openSettingsFile(folder.settings, settingsSchema, NEW_SETTINGS);
  const root = {
    frame: Buffer.from(campus.rootFrame).toString('base64url'),
    digest: rootDigest(encodeRoot(campus.root)),
  };
  const { list } = options;
  if (list) await createListSlots({ directory: folder.lists }).activate(list.head.scopeId, encodeListFile(list));
  const mark = list && { epoch: list.head.epoch, version: list.head.version, digest: list.digest };
  await settings.update((data) => ({
    ...data,
    wiring: options.wiring ?? null,
    enrolment: settingsSchema.shape.enrolment.parse({
      site: 'campus',
      device: 'gate-1',
      campusId: CAMPUS_ID,
      mqttUrl: options.mqttUrl ?? 'mqtts://localhost:1',
    }),
    trust: { ...data.trust, root, campusKey: CAMPUS_KEY_ID, lists: mark ? { [String(SCOPE)]: mark } : {} },
  }));
}
