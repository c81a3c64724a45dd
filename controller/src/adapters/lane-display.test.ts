// SPDX-License-Identifier: Apache-2.0
// What a lane's display serves, and to how many. The page itself is looked at in a browser by hardware-sim.
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { lanePage } from '../app/worker-file.ts';
import { currentView, INITIAL_LANE_VIEW } from '../core/lane-view.ts';
import { STATE_WORDS } from '../core/lane-words.ts';
import { LaneDisplay, type LaneDisplayOptions } from './lane-display.ts';
import { type WatchedLane, watchLane } from './lane-events.test-support.ts';
import { systemClock } from './system-clock.ts';

const GRANTED = { state: 'granted', ...STATE_WORDS.granted } as const;

describe("the server of a lane's display", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  async function start(more: Partial<LaneDisplayOptions> = {}) {
    const display = await LaneDisplay.start({
      port: 0,
      host: '127.0.0.1',
      page: lanePage(),
      clock: systemClock,
      view: () => currentView(INITIAL_LANE_VIEW),
      challenge: () => undefined,
      ...more,
    });
    cleanups.push(async () => display.close());
    const watch = async (direction: 'in' | 'out') => {
      const watched = await watchLane(display.port, direction);
      cleanups.push(() => watched.close());
      return watched;
    };
    return { display, watch, url: `http://127.0.0.1:${display.port}` };
  }

  it.each(['/in', '/out', '/lane.js', '/lane.css', '/icon.svg'])(
    'answers GET %s, with a strict policy',
    async (path) => {
      const { url } = await start();
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      const policy = answer.headers.get('content-security-policy');
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(policy).not.toContain('unsafe');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('has no script or style in the page itself', async () => {
    const html = await readFile(new URL('lane.html', lanePage()), 'utf8');
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  });

  it('refuses to take anything in, and knows no other address', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/in`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/../../../etc/passwd`)).status).toBe(404);
    expect((await fetch(`${url}/challenge.svg`)).status).toBe(404);
  });

  it('tells the present picture to whoever comes, and later ones to the direction they are for', async () => {
    const { display, watch } = await start();
    const [inner, outer] = [await watch('in'), await watch('out')];
    display.show('in', GRANTED);
    await expect.poll(inner.states).toEqual(['waiting', 'granted']);
    expect(outer.states()).toEqual(['waiting']);
    expect(inner.told[0]?.event).toBe('hello');
  });

  it('keeps eight watchers of a direction; the one that watched longest makes way', async () => {
    const { watch } = await start();
    const watchers: WatchedLane[] = [];
    for (let count = 0; count < 9; count += 1) watchers.push(await watch('in'));
    await expect
      .poll(() => watchers.map((each) => each.isOpen()))
      .toEqual([false, ...watchers.slice(1).map(() => true)]);
  });

  it('cuts off a watcher that does not read', { timeout: 60_000 }, async () => {
    const { display } = await start();
    const socket = connect(display.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    let ended = false;
    socket.on('error', () => undefined);
    socket.once('close', () => (ended = true));
    socket.write('GET /in/events HTTP/1.1\r\nhost: lane\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.pause();
    const long = { ...GRANTED, en: { title: 'x'.repeat(60_000), advice: '' } };
    for (let count = 0; count < 400; count += 1) {
      display.show('in', long);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.resume();
    await expect.poll(() => ended).toBe(true);
  });

  it('asks for a challenge only while somebody watches, and for the next after half of its time', async () => {
    let asked = 0;
    const { watch, url } = await start({ challenge: () => ({ text: `LKD1:${++asked}`, expiresMs: 600 }) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(asked).toBe(0);
    const watched = await watch('in');
    const paths = () => watched.told.flatMap(({ event, data }) => (event === 'challenge' ? [data['path']] : []));
    await expect.poll(paths).toEqual([null, '/challenge.svg?1', '/challenge.svg?2']);
    const code = await fetch(`${url}/challenge.svg?2`);
    expect(code.headers.get('content-type')).toBe('image/svg+xml');
    expect(await code.text()).toMatch(/^<svg /);
    watched.close();
    await new Promise((resolve) => setTimeout(resolve, 700));
    const before = asked;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(asked).toBe(before);
  });

  it('asks for another challenge as soon as somebody passed, and shows the same one where it is still good', async () => {
    let text = 'LKD1:first';
    const { display, watch } = await start({ challenge: () => ({ text, expiresMs: 30_000 }) });
    const watched = await watch('in');
    const paths = () => watched.told.flatMap(({ event, data }) => (event === 'challenge' ? [data['path']] : []));
    await expect.poll(paths).toEqual([null, '/challenge.svg?1']);
    display.show('in', GRANTED);
    text = 'LKD1:second';
    display.show('out', GRANTED);
    await expect.poll(paths).toEqual([null, '/challenge.svg?1', '/challenge.svg?2']);
  });
});
