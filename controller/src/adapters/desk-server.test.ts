// SPDX-License-Identifier: Apache-2.0
// Who reads the desk's page and who acts through it: the station, and nobody else on the machine or in its browser.
import { request } from 'node:http';
import type { DeskAction, DeskState } from '@latchkey/protocols/api/desk';
import { DESK_HEADER } from '@latchkey/protocols/api/desk-terms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeskServer } from './desk-server.ts';
import { systemClock } from './system-clock.ts';

const TOKEN = 'station-token-of-this-test';
let server: DeskServer;
let acted: DeskAction[];
let opened: number;
let isSelfService: boolean;

beforeEach(async () => {
  acted = [];
  opened = 0;
  isSelfService = false;
  server = await DeskServer.start({
    port: 0,
    files: new Map([['index.html', { type: 'text/html; charset=utf-8', bytes: Buffer.from('<p>desk</p>') }]]),
    token: TOKEN,
    clock: systemClock,
    act: async (action) => {
      acted.push(action);
      return { ok: true };
    },
    opened: () => void (opened += 1),
    view: () => ({ seq: 7 }) as DeskState,
    receipt: () => ({ library: null, desk: 'd', at: 0, timeZone: 'Asia/Shanghai', ending: null, items: [], lines: [] }),
    exported: (format) => (isSelfService ? undefined : `as ${format}`),
  });
});
afterEach(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** As plain as it gets: fetch would not let a test lie about its host. */
const send = (method: string, path: string, headers: Record<string, string> = {}, body = '') =>
  new Promise<Answer>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (path.endsWith('stream')) sent.destroy();
      });
      response.on('close', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });

async function station() {
  const { headers } = await send('GET', `/open?station=${TOKEN}`);
  const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  return { cookie, origin: `http://127.0.0.1:${server.port}`, [DESK_HEADER]: '1', 'content-type': 'application/json' };
}
const SCAN = JSON.stringify({ kind: 'scan', text: 'b1' });

describe('server of the desk', () => {
  it('opens with the token of the station, once, into a cookie no script reads', async () => {
    const { status, headers } = await send('GET', `/open?station=${TOKEN}`);
    expect(status).toBe(303);
    expect(headers['location']).toBe('/desk/');
    expect(String(headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict/);
    expect(String(headers['set-cookie'])).not.toContain(TOKEN);
    expect(opened).toBe(1);
    expect((await send('GET', '/open?station=guess')).status).toBe(403);
  });

  it('shows the page to anybody on the machine, and no data to whoever is not the station', async () => {
    expect((await send('GET', '/desk/')).body).toBe('<p>desk</p>');
    for (const path of ['stream', 'receipt', 'export?format=csv'])
      expect((await send('GET', `/desk/api/${path}`)).status).toBe(401);
    expect((await send('POST', '/desk/api/act', {}, SCAN)).status).toBe(401);
  });

  it('streams whole snapshots', async () => {
    const { body, headers } = await send('GET', '/desk/api/stream', await station());
    expect(headers['content-type']).toMatch(/^text\/event-stream/);
    expect(body).toContain('event: state\ndata: {"seq":7}\n\n');
  });

  it('takes an action of the station', async () => {
    expect(await send('POST', '/desk/api/act', await station(), SCAN)).toMatchObject({
      status: 200,
      body: '{"ok":true}',
    });
    expect(acted).toEqual([{ kind: 'scan', text: 'b1' }]);
  });

  it('takes none that another site could send', async () => {
    const { [DESK_HEADER]: _, ...noHeader } = await station();
    const { origin: __, ...noOrigin } = await station();
    const others = [
      noHeader,
      noOrigin,
      { ...(await station()), origin: 'http://127.0.0.1:1' },
      { ...(await station()), origin: 'null' },
    ];
    for (const headers of others) expect((await send('POST', '/desk/api/act', headers, SCAN)).status).toBe(403);
    expect(acted).toEqual([]);
  });

  it('answers to no name that somebody else points at this machine', async () => {
    const headers = { ...(await station()), host: 'evil.example:80' };
    expect((await send('GET', '/desk/api/receipt', headers)).status).toBe(421);
    expect((await send('GET', '/desk/', { host: `evil.example:${server.port}` })).status).toBe(421);
  });

  it('refuses what is no action, and what is too long', async () => {
    for (const body of ['{', '{"kind":"burn"}', JSON.stringify({ kind: 'scan', text: 'x'.repeat(9_000) })])
      expect((await send('POST', '/desk/api/act', await station(), body)).status).toBe(400);
  });

  it('sends no file where patrons serve themselves', async () => {
    isSelfService = true;
    const { cookie } = await station();
    const { status, headers, body } = await send('GET', '/desk/api/export?format=koc', { cookie });
    expect([status, JSON.parse(body)]).toEqual([403, { ok: false, code: 'not-in-self-service' }]);
    expect(headers['content-disposition']).toBeUndefined();
  });

  it('sends files that a browser does not run', async () => {
    const { headers, body } = await send('GET', '/desk/api/export?format=csv', await station());
    expect(headers['content-disposition']).toContain('attachment');
    expect(body).toContain('as csv');
    expect((await send('GET', '/desk/api/export?format=exe', await station())).status).toBe(400);
  });

  it('allows nothing inline and no frame around it', async () => {
    const policy = String((await send('GET', '/desk/')).headers['content-security-policy']);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });
});
