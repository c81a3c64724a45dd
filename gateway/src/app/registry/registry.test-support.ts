// SPDX-License-Identifier: Apache-2.0
// A registry in a directory of its own with a made-up dormitory, for tests.
import { randomBytes } from 'node:crypto';
import { type CardUid, cardUid } from '@latchkey/protocols/card/uid';
import type { Result } from '@latchkey/protocols/result';
import {
  openTemporaryDatabase,
  type TemporaryDatabase,
} from '../../adapters/database/temporary-database.test-support.ts';
import { ceremonyForDemo } from '../../adapters/demo-ceremony.ts';
import { type Keystore, openKeystore } from '../../adapters/keystore.ts';
import { putLevel } from './levels.ts';
import { openRegistry, type Registry } from './open-registry.ts';
import { putGroup, putPerson } from './people.ts';
import { putPortal, putScope } from './places.ts';
import type { Committed } from './registry-context.ts';

export const ACTOR = 'test';
/** Monday, 2026-11-23 09:00 in Shanghai. */
export const NOW_MS = Date.parse('2026-11-23T09:00:00+08:00');
export const CAMPUS = '00000000c0ffee01';

export interface TestRegistry extends Registry {
  readonly database: TemporaryDatabase;
  readonly keystore: Keystore;
  readonly heard: Committed[];
  close(): Promise<void>;
}

export function value<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.code}: ${result.detail ?? ''}`);
}

export async function openTestRegistry(): Promise<TestRegistry> {
  const database = await openTemporaryDatabase();
  await ceremonyForDemo(database.directory, { campusId: CAMPUS, nowMs: NOW_MS });
  const keystore = value(await openKeystore({ dataDir: database.directory, passphrase: undefined }));
  const registry = await openRegistry({ database, keystore, now: () => NOW_MS, timeZone: 'Asia/Shanghai' });
  const heard: Committed[] = [];
  registry.subscribe((committed) => heard.push(committed));
  return { ...registry, database, keystore, heard, close: () => database.close() };
}

export const person = (over: Partial<Parameters<typeof putPerson>[2]> = {}): Parameters<typeof putPerson>[2] => ({
  name: '王小明',
  kind: 'resident',
  groups: [],
  validFrom: null,
  validUntil: null,
  extendedAccess: false,
  antiPassbackExempt: false,
  building: '1号楼',
  room: '101',
  bed: '1',
  className: '机电2601',
  ...over,
});

export const portal = (over: Partial<Parameters<typeof putPortal>[2]> = {}): Parameters<typeof putPortal>[2] => ({
  name: '北门',
  nameEn: 'North gate',
  building: '1号楼',
  kind: 'door',
  room: '',
  floor: '',
  scope: 1,
  device: null,
  antiPassback: { mode: 'off' },
  assurance: [],
  afterExpiry: 'keep-residents',
  askGateway: true,
  ...over,
});

export const level = (over: Partial<Parameters<typeof putLevel>[2]> = {}): Parameters<typeof putLevel>[2] => ({
  name: '宿舍',
  groups: ['dorm-1'],
  portals: ['north'],
  directions: ['in', 'out'],
  schedule: 'always',
  validFrom: null,
  validUntil: null,
  ...over,
});

export function randomUid(length: 4 | 7 = 4): CardUid {
  for (;;) {
    const bytes = randomBytes(length);
    if (bytes[0] === 0x08) continue;
    const uid = cardUid(bytes);
    if (uid.ok) return uid.value;
  }
}

export const uidOf = (hex: string): CardUid => value(cardUid(Uint8Array.from(Buffer.from(hex, 'hex'))));

/** Scope 1 with a portal `north` that the group `dorm-1` may pass; scope 2 with `library` that nobody may. */
export async function furnish({ context }: Registry): Promise<void> {
  for (const [id, name] of [
    [1, '1号楼'],
    [2, '图书馆'],
  ] as const)
    value(await putScope(context, id, { name }, ACTOR));
  value(await putPortal(context, 'north', portal(), ACTOR));
  value(await putPortal(context, 'library', portal({ scope: 2, name: '图书馆' }), ACTOR));
  value(await putGroup(context, 'dorm-1', { name: '1号楼' }, ACTOR));
  value(await putLevel(context, 'dorm', level(), ACTOR));
  value(await putPerson(context, 'S1', person({ groups: ['dorm-1'] }), ACTOR));
}

const csvOf = (rows: readonly (readonly string[])[]) =>
  new TextEncoder().encode(`${rows.map((row) => row.join(',')).join('\r\n')}\r\n`);
export const personNumberOf = (index: number) => String(2_026_000_001 + index);

/** Residents of the group `dorm-1`. */
export const peopleFile = (count: number): Uint8Array =>
  csvOf([
    ['学号', '姓名', '类别', '楼栋', '房间', '组'],
    ...Array.from({ length: count }, (_, index) => [
      personNumberOf(index),
      `学生${index}`,
      '住宿生',
      '1号楼',
      String(100 + (index % 900)),
      'dorm-1',
    ]),
  ]);

/** One card for each of them, a made-up UID in hexadecimal. */
export const cardsFile = (count: number): Uint8Array =>
  csvOf([
    ['学号', '卡号'],
    ...Array.from({ length: count }, (_, index) => [
      personNumberOf(index),
      (0x1000_0000 + index * 7).toString(16).padStart(8, '0'),
    ]),
  ]);
