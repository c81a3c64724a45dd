// SPDX-License-Identifier: Apache-2.0
// Routes whose form is their point: imports, exports, live events, commands.
import type { ApiEvent } from '@latchkey/protocols/api/history';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../app/logger.ts';
import { eventStream, ndjson } from './event-stream.ts';
import { createServer } from './server.ts';
import type { ApiServices, ImportRequest } from './services.ts';

const opened: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close();
});

async function start(services: Partial<ApiServices>): Promise<FastifyInstance> {
  const app = await createServer({
    services: new Proxy(services, { get: (given, name) => Reflect.get(given, name) ?? {} }) as ApiServices,
    token: { accepts: () => true },
    logger: createLogger('silent'),
    version: '0',
    monotonicMs: () => performance.now(),
  });
  opened.push(app);
  return app;
}

const headers = { authorization: 'Bearer x', 'accept-language': 'en' };

const event = (id: string): ApiEvent => ({
  id,
  device: 'gate-1',
  epoch: '0011223344556677',
  seq: Number(id),
  receivedAt: '2026-11-22T00:00:00.000Z',
  person: null,
  event: { type: 'request-to-exit', at: 1, clock: 'synced', portal: 'dorm-3' as never },
});

async function* of(...events: ApiEvent[]): AsyncGenerator<ApiEvent> {
  yield* events;
}

describe('an import', () => {
  const DIFFERENCE = { applied: false, added: 1, changed: 0, unchanged: 0, changes: [] };

  it('hands over the raw file, as it is, with its options', async () => {
    const seen: ImportRequest[] = [];
    const app = await start({
      import: async (request) => {
        seen.push(request);
        return { ok: true, value: { ok: true, difference: DIFFERENCE } };
      },
    });
    const csv = Buffer.from([0xd1, 0xa7, 0xba, 0xc5, 0x0a]);
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/imports/cards?dryRun=true&form=hex',
      headers: { ...headers, 'content-type': 'text/csv; charset=gbk' },
      payload: csv,
    });
    expect(answer.json()).toEqual(DIFFERENCE);
    expect(seen).toEqual([{ kind: 'cards', csv, dryRun: true, form: 'hex' }]);
  });

  it('with errors answers 422 with every line and column', async () => {
    const problems = [{ line: 3, column: '学号', message: 'is empty' }];
    const app = await start({ import: async () => ({ ok: true, value: { ok: false, problems } }) });
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/imports/people',
      headers: { ...headers, 'content-type': 'text/csv' },
      payload: 'x',
    });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ code: 'import-refused', problems });
  });

  it('of something else, or as JSON, is refused', async () => {
    const app = await start({});
    const post = (url: string, type: string) =>
      app.inject({ method: 'POST', url, headers: { ...headers, 'content-type': type }, payload: '{}' });
    expect((await post('/v1/imports/doors', 'text/csv')).json()).toMatchObject({
      code: 'invalid-request',
      field: 'kind',
    });
    expect((await post('/v1/imports/people', 'application/json')).statusCode).toBe(415);
  });
});

describe('events', () => {
  it('are exported one JSON object a line', async () => {
    const app = await start({
      events: { export: () => of(event('1'), event('2')) } as unknown as ApiServices['events'],
    });
    const answer = await app.inject({ url: '/v1/events/export?portal=dorm-3', headers });
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    expect(
      answer.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([event('1'), event('2')]);
  });

  it('stream with their id, so that a reader resumes after it', async () => {
    const asked: unknown[] = [];
    const follow = (filter: unknown, after: unknown) => {
      asked.push(filter, after);
      return of(event('7'));
    };
    const app = await start({ events: { follow } as unknown as ApiServices['events'] });
    const answer = await app.inject({
      url: '/v1/events/stream?device=gate-1',
      headers: { ...headers, 'last-event-id': '6' },
    });
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(answer.body).toContain(`id: 7\nevent: request-to-exit\ndata: ${JSON.stringify(event('7'))}\n\n`);
    expect(asked).toEqual([{ device: 'gate-1' }, '6']);
  });

  it('stop streaming at the signal, and free their source', async () => {
    const controller = new AbortController();
    let freed = false;
    const source = (async function* () {
      try {
        yield event('1');
        await new Promise((_resolve, reject) => controller.signal.addEventListener('abort', reject));
      } finally {
        freed = true;
      }
    })();
    const lines: string[] = [];
    for await (const line of eventStream(source, controller.signal)) {
      lines.push(line);
      if (lines.length === 2) controller.abort(new Error('reader gone'));
    }
    expect(lines[0]).toBe(': open\n\n');
    expect(lines).toHaveLength(2);
    expect(freed).toBe(true);
  });

  it('make one line each even when they hold a line break', async () => {
    const withBreak = { ...event('1'), device: 'a\nb' };
    for await (const line of ndjson(of(withBreak))) expect(line.match(/\n/g)).toHaveLength(1);
  });
});

describe('a command', () => {
  it('of an unknown mode is refused with the modes there are', async () => {
    const app = await start({});
    const answer = await app.inject({
      method: 'PUT',
      url: '/v1/portals/dorm-3/mode',
      headers,
      payload: { mode: 'Accessed' },
    });
    expect(answer.json()).toMatchObject({ code: 'invalid-request', field: 'mode' });
    expect(answer.json().fix).toContain('Blocked');
  });
});

it('readiness follows the gateway', async () => {
  let ready = false;
  const app = await start({ ready: () => ready });
  expect((await app.inject({ url: '/v1/ready' })).statusCode).toBe(503);
  ready = true;
  expect((await app.inject({ url: '/v1/ready' })).json()).toEqual({ status: 'ready' });
});
