// SPDX-License-Identifier: Apache-2.0
// Who may call what: every route of the running server by every role, held to the committed table role-matrix.txt; then what a
// role of one building sees of two, on a real registry.
import { readFileSync, writeFileSync } from 'node:fs';
import { ROLES, type Role, type RoleGrant } from '@latchkey/protocols/api/sign-in';
import { ok } from '@latchkey/protocols/result';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { insertEvents } from '../adapters/database/insert-events.ts';
import { composeServices } from '../app/api/compose.ts';
import { createEventBell } from '../app/api/event-wake.ts';
import { createLogger } from '../app/logger.ts';
import { createMetrics } from '../app/metrics.ts';
import { issueCard } from '../app/registry/cards.ts';
import { putPerson } from '../app/registry/people.ts';
import { putPortal } from '../app/registry/places.ts';
import {
  furnish,
  openTestRegistry,
  person,
  portal,
  type TestRegistry,
  uidOf,
  value,
} from '../app/registry/registry.test-support.ts';
import { grantsOf } from '../app/sign-in/grants.ts';
import { openApiDocument } from './openapi.ts';
import { NOBODY } from './people-side.ts';
import type { SessionState } from './principal.ts';
import { accessOf, ROLE_TABLE } from './role-table.ts';
import { createServer } from './server.ts';
import type { ApiServices } from './services.ts';

const ORIGIN = 'https://localhost';
const MATRIX = new URL('./role-matrix.txt', import.meta.url);
const opened: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

const stateOf = (roles: readonly RoleGrant[], number = 'W1'): SessionState => ({
  principal: { actor: number, number, roles, session: 'ab', mustChangePassword: false },
  personId: 1,
  name: 'somebody',
  csrf: 'csrf',
  expiresMs: Number.MAX_SAFE_INTEGER,
  fresh: true,
});

/** A server whose every session holds what `state` says at that moment. */
async function start(services: ApiServices, state: { current: SessionState }): Promise<FastifyInstance> {
  const app = await createServer({
    services,
    token: { accepts: () => false },
    people: {
      ...NOBODY,
      findSession: async () => state.current,
      origins: () => ({ primary: ORIGIN, all: [ORIGIN] }),
    },
    logger: createLogger('silent'),
    version: '0',
    monotonicMs: () => performance.now(),
  });
  opened.push(app);
  return app;
}

const headers = { cookie: '__Host-latchkey=abcdefgh', 'x-latchkey-csrf': 'csrf', origin: ORIGIN };
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const call = (app: FastifyInstance, method: Method, url: string, body?: object) =>
  app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) });

/** Every service call fails with a bug: what is not forbidden gets that far, or stops at its own checks. */
const anyService = (): ApiServices => {
  async function* nothing(): AsyncGenerator<never> {}
  const streams: Record<PropertyKey, unknown> = { export: nothing, follow: nothing };
  const fail = async () => Promise.reject(new Error('reached the service'));
  const inner = new Proxy({}, { get: (_, name) => streams[name] ?? fail });
  return new Proxy({}, { get: () => inner }) as ApiServices;
};

async function routes(): Promise<{ method: Method; url: string }[]> {
  const document = (await openApiDocument('0')) as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  return Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.entries(methods)
      // Public, or for campus apps.
      .filter(([, { security }]) => security === undefined)
      .map(([method]) => ({ method: method.toUpperCase() as Method, url: url.replaceAll(/\{(\w+)\}/g, ':$1') })),
  );
}

describe('the table of routes and roles', () => {
  it('is what the running server does: C with the role on the campus, B also in a building, . never', async () => {
    const state = { current: stateOf([]) };
    const app = await start(anyService(), state);
    const mark = async (method: Method, url: string, role: Role): Promise<string> => {
      const passes = async (buildings: RoleGrant['buildings']) => {
        state.current = stateOf([{ role, buildings }]);
        return (await call(app, method, url.replaceAll(/:\w+/g, 'x1'))).statusCode !== 403;
      };
      return (await passes(['1号楼'])) ? 'B' : (await passes('all')) ? 'C' : '.';
    };
    const lines: string[] = [];
    for (const { method, url } of await routes()) {
      const marks: string[] = [];
      for (const role of ROLES) marks.push(await mark(method, url, role));
      lines.push(`${`${method} ${url}`.padEnd(46)}${marks.map((each) => each.padEnd(2)).join('')}`.trimEnd());
    }
    const text = `${ROLES.map((role, column) => `${' '.repeat(46 + column * 2)}${role}`).join('\n')}\n${lines.join('\n')}\n`;
    if (process.env['LATCHKEY_UPDATE'] !== undefined) writeFileSync(MATRIX, text);
    expect(text).toBe(readFileSync(MATRIX, 'utf8'));
  });

  it('names every route, and none that is not there', async () => {
    const there = (await routes()).map(({ method, url }) => `${method} ${url}`);
    expect(there.filter((route) => !(route in ROLE_TABLE))).toEqual([]);
    expect(Object.keys(ROLE_TABLE).filter((route) => !there.includes(route))).toEqual([]);
  });

  it('is for administrators alone where nobody thought about a route', () => {
    expect(accessOf('GET', '/v1/forgotten')).toEqual({ roles: [], reach: 'campus' });
  });
});

describe('a role of one building', () => {
  let registry: TestRegistry;
  let services: ApiServices;
  const asked: unknown[] = [];
  const cards: Record<string, string> = {};

  beforeAll(async () => {
    registry = await openTestRegistry();
    const { context, database } = registry;
    await furnish(registry);
    value(await putPortal(context, 'east', portal({ building: '2号楼', name: '东门' }), 'test'));
    value(await putPerson(context, 'S2', person({ building: '2号楼' }), 'test'));
    value(await putPerson(context, 'W1', person({ building: '', kind: 'staff' }), 'test'));
    for (const [number, hex] of [
      ['S1', '1a2b3c4d'],
      ['S2', '5e6f7081'],
    ] as const) {
      const issue = { uid: uidOf(hex), person: number, class: 'uid-only' as const, validUntilMs: null };
      cards[number] = String(value(await issueCard(context, issue, 'test')).cards[0]);
    }
    await insertEvents(database, [eventAt('north', 1), eventAt('east', 2), eventAt('library', 3)]);
    const command = async (id: string) => {
      asked.push(id);
      return ok({ id: '00', device: 'gate-1', portal: id, operation: 'x', state: 'done', code: null, elapsedMs: 1 });
    };
    services = composeServices({
      context,
      isOnline: () => true,
      enrolment: anyService().devices,
      commands: {
        unlock: command,
        setMode: command,
        releaseMode: command,
        lockdown: async (_on: boolean, portals: readonly string[] | undefined) => {
          asked.push(portals);
          return ok([]);
        },
        get: async () => undefined,
      } as unknown as ApiServices['commands'],
      confirm: async () => ({ online: 0, confirmed: 0, confirmedMs: 0 }),
      explain: async () => ok({} as never),
      imports: async () => ok({ ok: false, problems: [] }),
      own: anyService().own,
      wake: createEventBell(),
      metrics: createMetrics(),
      ready: () => true,
    } as never);
  });
  afterAll(() => registry.close());

  const eventAt = (where: string, seq: number) => ({
    device_id: 'gate-1',
    epoch: '00'.repeat(8),
    seq,
    at: seq,
    received_at: seq,
    type: 'request-to-exit',
    portal_id: where,
    credential_ref: null,
    body: JSON.stringify({ type: 'request-to-exit', at: seq, clock: 'synced', portal: where }),
  });

  const as = (...roles: RoleGrant[]) => start(services, { current: stateOf(roles) });
  const here = (role: Role): RoleGrant => ({ role, buildings: ['1号楼'] });
  const items = (text: string) => (JSON.parse(text) as { items: Record<string, unknown>[] }).items;

  it('sees the people and cards of its building, in pages and one by one', async () => {
    const app = await as(here('dorm-manager'));
    expect(items((await call(app, 'GET', '/v1/people')).body).map(({ number }) => number)).toEqual(['S1']);
    expect(items((await call(app, 'GET', '/v1/cards')).body).map(({ person: whose }) => whose)).toEqual(['S1']);
    expect((await call(app, 'GET', '/v1/people/S1')).statusCode).toBe(200);
    for (const url of ['/v1/people/S2', '/v1/people/W1', '/v1/people/nobody', `/v1/cards/${cards['S2']}`])
      expect((await call(app, 'GET', url)).statusCode, url).toBe(404);
  });

  it('gets nobody else by a cursor, a filter or a number', async () => {
    const app = await as(here('dorm-manager'));
    for (const url of ['/v1/people?number=S2', '/v1/cards?person=S2', '/v1/events?portal=east', '/v1/events?person=S2'])
      expect(items((await call(app, 'GET', url)).body), url).toEqual([]);
    const all = await as({ role: 'card-office', buildings: 'all' });
    const { next } = JSON.parse((await call(all, 'GET', '/v1/people?limit=1')).body) as { next: string };
    expect(items((await call(app, 'GET', `/v1/people?cursor=${next}`)).body)).toEqual([]);
    expect((await call(app, 'POST', '/v1/cards/lookup', { number: '5e6f7081' })).statusCode).toBe(404);
  });

  it('stops no card and no phone of another building', async () => {
    const app = await as(here('card-office'));
    for (const action of ['lose', 'freeze', 'withdraw'])
      expect((await call(app, 'POST', `/v1/cards/${cards['S2']}/${action}`)).statusCode).toBe(404);
    for (const body of [{ person: 'S2' }, { number: '5e6f7081' }])
      expect((await call(app, 'POST', '/v1/revocations', body)).statusCode).toBe(404);
    expect((await call(app, 'POST', '/v1/cards', { number: '99aabbcc', person: 'S2' })).statusCode).toBe(404);
    for (const [method, url] of [
      ['GET', '/v1/people/S2/phones'],
      ['DELETE', '/v1/people/S2/phones/1'],
    ] as const)
      expect((await call(app, method, url)).statusCode, url).toBe(404);
    expect((await services.cards.get(cards['S2'] ?? ''))?.state).toBe('active');
    expect((await call(app, 'POST', `/v1/cards/${cards['S1']}/lose`)).statusCode).toBe(200);
  });

  it('opens its own doors and no others', async () => {
    const app = await as(here('dorm-manager'));
    asked.length = 0;
    expect((await call(app, 'POST', '/v1/portals/east/unlock')).statusCode).toBe(404);
    expect((await call(app, 'PUT', '/v1/portals/east/mode', { mode: 'Unlocked' })).statusCode).toBe(404);
    expect((await call(app, 'DELETE', '/v1/portals/east/mode')).statusCode).toBe(404);
    expect(asked).toEqual([]);
    expect((await call(app, 'POST', '/v1/portals/north/unlock')).statusCode).toBe(200);
    expect(asked).toEqual(['north']);
    expect(items((await call(app, 'GET', '/v1/portals')).body).map(({ id }) => id)).toEqual(['library', 'north']);
  });

  it('locks down its own doors when it names none, and is refused those of others', async () => {
    const app = await as(here('security'));
    asked.length = 0;
    expect((await call(app, 'POST', '/v1/lockdown', {})).statusCode).toBe(200);
    expect((await call(app, 'POST', '/v1/lockdown', { portals: ['north', 'east'] })).statusCode).toBe(404);
    expect(asked).toEqual([['library', 'north']]);
  });

  it('reads the events of its doors, in pages and exports, and every look is told by name', async () => {
    const app = await as(here('security'));
    const portals = (rows: Record<string, unknown>[]) =>
      rows.map(({ event }) => (event as { portal: string }).portal).sort();
    expect(portals(items((await call(app, 'GET', '/v1/events')).body))).toEqual(['library', 'north']);
    const lines = (await call(app, 'GET', '/v1/events/export')).body.trim().split('\n');
    expect(portals(lines.map((line) => JSON.parse(line) as Record<string, unknown>))).toEqual(['library', 'north']);
    const audit = value(await services.audit.page({ limit: 2 }));
    expect(audit.items.map(({ actor, action }) => [actor, action])).toEqual([
      ['W1', 'events-look'],
      ['W1', 'events-look'],
    ]);
  });

  it('shows facilities no movement, whatever they filter for', async () => {
    const app = await as(here('facilities'), { role: 'facilities', buildings: ['2号楼'] });
    for (const url of ['/v1/events', '/v1/events?type=request-to-exit', '/v1/events?portal=north'])
      expect(items((await call(app, 'GET', url)).body), url).toEqual([]);
    expect((await call(app, 'GET', '/v1/events/export')).statusCode).toBe(403);
  });

  it('explains only its own people at its own doors', async () => {
    const app = await as(here('dorm-manager'));
    const ask = (portal: string, whose: string) =>
      call(app, 'POST', '/v1/explain', { portal, person: whose, direction: 'in' });
    expect([(await ask('north', 'S2')).statusCode, (await ask('east', 'S1')).statusCode]).toEqual([404, 404]);
    expect((await ask('north', 'S1')).statusCode).not.toBe(404);
  });

  it('never becomes more: only administrators give roles, and not to themselves', async () => {
    const body = { items: [{ role: 'administrator', buildings: 'all' }] };
    for (const role of ROLES.filter((each) => each !== 'administrator')) {
      const app = await as({ role, buildings: 'all' });
      expect((await call(app, 'PUT', '/v1/people/W1/roles', body)).statusCode, role).toBe(403);
    }
    const app = await as({ role: 'administrator', buildings: 'all' });
    expect((await call(app, 'PUT', '/v1/people/W1/roles', body)).statusCode).toBe(422);
    const given = {
      items: [
        { role: 'dorm-manager', buildings: ['1号楼', '1号楼'] },
        { role: 'student', buildings: 'all' },
      ],
    };
    expect((await call(app, 'PUT', '/v1/people/S1/roles', given)).json()).toEqual({ changed: true });
    expect((await call(app, 'PUT', '/v1/people/S1/roles', given)).json()).toEqual({ changed: false });
    expect((await call(app, 'GET', '/v1/people/S1/roles')).json()).toEqual({
      items: [{ role: 'dorm-manager', buildings: ['1号楼'] }],
    });
    const { id } = await registry.database.db
      .selectFrom('person')
      .select('id')
      .where('number', '=', 'S1')
      .executeTakeFirstOrThrow();
    expect(await grantsOf(registry.database.db, id)).toContainEqual({ role: 'dorm-manager', buildings: ['1号楼'] });
    // An administrator of a building is none of the campus.
    const scoped = await as(here('administrator'));
    expect((await call(scoped, 'PUT', '/v1/people/S1/roles', body)).statusCode).toBe(403);
  });
});
