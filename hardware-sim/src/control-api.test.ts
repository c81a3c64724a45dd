// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlApi } from './control-api.ts';
import { askCampus } from './control-client.ts';
import { describeAnswer } from './control-text.ts';
import { type BenchEvent, DoorBench } from './door-bench.ts';
import { NetworkLink } from './network.ts';

const LAYOUT = {
  readers: ['outside'],
  portals: [
    {
      id: 'front',
      outputs: { in: 'lock', out: 'lock' },
      fail: 'secure',
      contact: { input: 'contact', normallyClosed: true },
      readers: [{ name: 'outside', direction: 'in' }],
    },
  ],
} as const;

describe('the control API', () => {
  let bench: DoorBench;
  let link: NetworkLink;
  let api: ControlApi;
  let events: BenchEvent[];

  beforeEach(async () => {
    events = [];
    bench = new DoorBench({ layout: LAYOUT });
    bench.onEvent((event) => events.push(event));
    link = await NetworkLink.start({ host: '127.0.0.1', port: 9 });
    const people = [{ number: '2026000001', name: '张伟', uid: '0a0b0c0d' }];
    api = await ControlApi.start(
      {
        benches: new Map([['dorm-1', bench]]),
        links: new Map([['dorm-1', link]]),
        people,
        rooms: [],
        library: undefined,
      },
      0,
    );
  });
  afterEach(async () => {
    await api.close();
    await link.close();
    await bench.close();
  });

  const post = async (path: string, body: object) => askCampus(api.url, { method: 'POST', path, body });

  it("holds a person's card to a reader and says how fast the lock let go", async () => {
    bench.onEvent((event) => event.kind === 'card' && bench.setRelay('lock', true));
    const answer = await post('/tap', { reader: 'dorm-1/outside', who: '2026000001' });
    expect(answer).toMatchObject({ reader: 'outside', portal: 'front', released: true });
    expect(describeAnswer('/tap', answer)).toMatch(/^outside: front released after [\d.]+ ms\n$/);
    expect(events.filter(({ kind }) => kind !== 'input')).toEqual([
      { kind: 'card', reader: 'outside', uid: '0a0b0c0d' },
      { kind: 'removed', reader: 'outside' },
    ]);
  });

  it('holds a code under a scanner and says how fast the lock let go', async () => {
    bench.onEvent((event) => event.kind === 'code' && bench.setRelay('lock', true));
    const answer = await post('/scan', { reader: 'outside', text: '284600123456789012' });
    expect(describeAnswer('/scan', answer)).toMatch(/^outside: front released after [\d.]+ ms\n$/);
    expect(events.filter(({ kind }) => kind !== 'input')).toEqual([
      { kind: 'code', reader: 'outside', text: '284600123456789012' },
    ]);
  });

  it('says so when a lock stays as it was', async () => {
    expect(await post('/tap', { reader: 'outside', who: '04A1B2C3' })).toMatchObject({ released: false });
  });

  it('moves doors and cuts links, and shows both', async () => {
    await post('/open', { portal: 'front' });
    await post('/network', { device: 'dorm-1', action: 'cut' });
    expect(bench.isOpen('front')).toBe(true);
    expect(link.state).toBe('cut');
    const state = await askCampus(api.url, { method: 'GET', path: '/state' });
    expect(describeAnswer('/state', state)).toBe(
      'dorm-1 (network cut)\n  front: locked, door open; readers outside (in)\n',
    );
    await post('/network', { device: 'all', action: 'restore' });
    expect(link.state).toBe('up');
  });

  it('finds people by a part of their name', async () => {
    expect(await askCampus(api.url, { method: 'GET', path: `/people?find=${encodeURIComponent('张')}` })).toEqual({
      people: [{ number: '2026000001', name: '张伟', uid: '0a0b0c0d' }],
    });
  });

  it.each([
    ['/tap', { reader: 'nowhere', who: '2026000001' }, /no reader "nowhere"; there are: dorm-1\/outside/],
    ['/tap', { reader: 'outside', who: 'nobody' }, /nobody has the number "nobody"/],
    ['/tap', { reader: 'outside' }, /who:/],
    ['/scan', { reader: 'outside', text: '7'.repeat(513) }, /text: a code has at most 512 characters/],
    ['/rex', { portal: 'front' }, /no exit button/],
    ['/fire', { on: true }, /no fire input/],
    ['/open', { portal: 'back' }, /no portal "back"; there are: front/],
    ['/network', { device: 'dorm-9', action: 'cut' }, /no device "dorm-9"; there are: dorm-1/],
    ['/nowhere', {}, /no such route/],
  ])('says what is wrong with %s %j', async (path, body, message) => {
    await expect(post(path, body)).rejects.toThrow(message);
  });

  it('says how to start a campus where none answers', async () => {
    await expect(askCampus('http://127.0.0.1:9', { method: 'GET', path: '/state' })).rejects.toThrow(/npm start/);
  });

  it.each([
    ['a foreign host name', { host: 'evil.example' }, 403],
    ['a web page', { origin: 'http://evil.example' }, 403],
    ['a form', { 'content-type': 'text/plain' }, 415],
  ])('refuses %s', async (_, headers, status) => {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${api.url}/fire`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
      });
      sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      sent.end('{"on":true}');
    });
    expect(answer).toBe(status);
  });
});
