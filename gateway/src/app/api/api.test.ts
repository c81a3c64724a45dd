// SPDX-License-Identifier: Apache-2.0
// The API over the real registry and a real database file: what a card office does, and what it is refused.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayDatabase, openDatabase } from '../../adapters/database/open-database.ts';
import { createServer } from '../../http/server.ts';
import type { ApiServices } from '../../http/services.ts';
import { verifyAudit } from '../audit.ts';
import { createLogger } from '../logger.ts';
import type { Committed, RegistryContext } from '../registry/registry-context.ts';
import { pageOfAudit } from './audit.ts';
import { createCardService } from './cards.ts';
import { createCollections } from './collections.ts';

const UID = '04A1B2C3D4E580';
let dir = '';
let database: GatewayDatabase;
let app: FastifyInstance;
const committed: Committed[] = [];

beforeEach(async () => {
  committed.length = 0;
  dir = await mkdtemp(join(tmpdir(), 'latchkey-api-'));
  database = await openDatabase({ path: join(dir, 'gateway.db') });
  const context = contextOf(database);
  const cards = createCardService({
    context,
    confirm: async () => ({ online: 1, confirmed: 1, confirmedMs: 12 }),
  });
  const services: Partial<ApiServices> = {
    ...createCollections(context, () => false),
    cards,
    cardFinder: cards,
    audit: { page: (query) => pageOfAudit(database.db, query), verify: () => verifyAudit(database.db) },
  };
  app = await createServer({
    services: new Proxy(services, { get: (given, name) => Reflect.get(given, name) ?? {} }) as ApiServices,
    token: { accepts: () => true },
    logger: createLogger('silent'),
    version: '0',
    monotonicMs: () => performance.now(),
  });
});
afterEach(async () => {
  await app.close();
  await database.close();
  await rm(dir, { recursive: true });
});

const contextOf = (database: GatewayDatabase): RegistryContext => ({
  database,
  now: () => 1_795_000_000_000,
  epoch: () => 1,
  timeZone: 'Asia/Shanghai',
  campusPrf: createPrf(new Uint8Array(16).fill(7)),
  newScopeKey: async (trx) => {
    const row = { purpose: 'scope' as const, sealed: new Uint8Array(44), created_at: 0 };
    return (await trx.insertInto('prf_key').values(row).returning('id').executeTakeFirstOrThrow()).id;
  },
  onCommitted: (each) => committed.push(each),
});

async function call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) {
  const headers = { authorization: 'Bearer x', 'accept-language': 'en' };
  const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

/** A dormitory with one resident, whose card opens its gate. */
async function furnish(): Promise<string> {
  await call('PUT', '/v1/groups/dorm-3', { name: '3 号楼' });
  await call('PUT', '/v1/scopes/7', { name: 'Dorm 3' });
  await call('PUT', '/v1/portals/dorm-3-gate', { name: '大门', scope: 7 });
  await call('PUT', '/v1/schedules/day', {
    name: 'Day',
    intervals: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '06:00', until: '23:00' }],
  });
  await call('PUT', '/v1/levels/residents', {
    name: 'Residents',
    groups: ['dorm-3'],
    portals: ['dorm-3-gate'],
    schedule: 'day',
  });
  await call('PUT', '/v1/people/2026000001', { name: '王小明', groups: ['dorm-3'] });
  const issued = await call('POST', '/v1/cards', { number: UID, person: '2026000001' });
  expect(issued.status).toBe(201);
  return String(issued.body['id']);
}

describe('the registry over HTTP', () => {
  it('reads back what was put, and says when nothing changed', async () => {
    await furnish();
    expect((await call('GET', '/v1/people/2026000001')).body).toMatchObject({
      name: '王小明',
      kind: 'resident',
      groups: ['dorm-3'],
      active: true,
    });
    const again = await call('PUT', '/v1/people/2026000001', { name: '王小明', groups: ['dorm-3'] });
    expect(again).toEqual({ status: 200, body: { changed: false } });
    expect((await call('GET', '/v1/levels/residents')).body).toMatchObject({
      directions: ['in', 'out'],
      schedule: 'day',
      validUntil: null,
    });
    expect((await call('GET', '/v1/portals')).body).toMatchObject({
      items: [{ id: 'dorm-3-gate', scope: 7, afterExpiry: 'keep-residents', reported: null }],
    });
    expect((await call('GET', '/v1/groups')).body).toMatchObject({ items: [{ id: 'dorm-3', members: 1 }] });
  });

  it('refuses what names something unknown, by field', async () => {
    const answer = await call('PUT', '/v1/people/2026000002', { name: 'A', groups: ['nowhere'] });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'unknown-reference', field: 'groups' });
    expect((await call('GET', '/v1/people/2026000002')).status).toBe(404);
  });

  it('keeps what is in use', async () => {
    await furnish();
    expect((await call('DELETE', '/v1/schedules/day')).body).toMatchObject({ code: 'in-use' });
    expect((await call('DELETE', '/v1/groups/dorm-3')).body).toMatchObject({ code: 'in-use' });
    expect((await call('DELETE', '/v1/levels/residents')).body).toEqual({ changed: true });
    expect((await call('DELETE', '/v1/schedules/day')).body).toEqual({ changed: true });
  });
});

describe('a card over HTTP', () => {
  it('never shows its number', async () => {
    const id = await furnish();
    const { body } = await call('GET', `/v1/cards/${id}`);
    expect(body).toMatchObject({ ending: 'e580', person: '2026000001', state: 'active' });
    expect(JSON.stringify(body).toUpperCase()).not.toContain(UID);
  });

  it('goes from lost to found, and nowhere else', async () => {
    const id = await furnish();
    const lost = await call('POST', `/v1/cards/${id}/lose`);
    expect(lost.body).toMatchObject({ cards: [{ state: 'lost' }], denySeq: 1 });
    expect((await call('POST', `/v1/cards/${id}/unfreeze`)).body).toMatchObject({ code: 'wrong-state' });
    expect((await call('POST', `/v1/cards/${id}/found`)).body).toMatchObject({
      cards: [{ state: 'active' }],
      denySeq: 2,
    });
    expect(committed.filter(({ deny }) => deny !== undefined)).toHaveLength(2);
  });

  it('is found and stopped by any spelling of its number, and by its holder', async () => {
    await furnish();
    expect((await call('POST', '/v1/cards/lookup', { number: '80e5d4c3b2a104' })).body).toMatchObject({
      ending: 'e580',
    });
    const stopped = await call('POST', '/v1/revocations?waitMs=1000', { number: UID });
    expect(stopped.body).toMatchObject({
      cards: [{ state: 'lost' }],
      confirmation: { online: 1, confirmed: 1, confirmedMs: 12 },
    });
    const again = await call('POST', '/v1/revocations', { person: '2026000001' });
    expect(again.body).toMatchObject({ cards: [{ state: 'lost' }], denySeq: 1 });
    expect((await call('POST', '/v1/revocations', { number: '04FFFFFFFFFFFF' })).status).toBe(404);
    expect((await call('POST', '/v1/revocations', {})).body).toMatchObject({
      code: 'invalid-request',
      field: 'number',
    });
  });

  it('is replaced in one step', async () => {
    const id = await furnish();
    const { body } = await call('POST', `/v1/cards/${id}/replace`, { number: '04FFEEDDCCBBAA' });
    expect(body['cards']).toMatchObject([{ state: 'withdrawn' }, { state: 'active', ending: 'bbaa' }]);
  });

  it('of a number that could be several is not guessed', async () => {
    await furnish();
    const answer = await call('POST', '/v1/cards', { number: '0077771459', person: '2026000001' });
    expect(answer.body).toMatchObject({ code: 'ambiguous-card-number', field: 'form' });
  });
});

it('every change is in the audit chain with its actor, without names or numbers of cards', async () => {
  const id = await furnish();
  await call('POST', `/v1/cards/${id}/lose`);
  const { body } = await call('GET', '/v1/audit?limit=3');
  expect(body['items']).toMatchObject([
    { actor: 'administrator', action: 'card-lose', subject: `card ${id}` },
    { action: 'card-issue' },
    { action: 'person-add' },
  ]);
  expect(body['next']).toBeDefined();
  expect((await call('GET', '/v1/audit/verify')).body).toMatchObject({ intact: true, entries: 8, brokenAt: null });
  await database.db.updateTable('audit').set({ actor: 'nobody' }).where('seq', '=', 4).execute();
  expect((await call('GET', '/v1/audit/verify')).body).toMatchObject({ intact: false, brokenAt: 4 });
});
