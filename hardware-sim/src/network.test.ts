// SPDX-License-Identifier: Apache-2.0
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetworkLink } from './network.ts';

describe('a network link', () => {
  let echo: Server;
  let link: NetworkLink;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', () => resolve()));
    const { port } = echo.address() as { port: number };
    link = await NetworkLink.start({ host: '127.0.0.1', port });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await link.close();
    await new Promise<void>((resolve) => echo.close(() => resolve()));
  });

  const dial = async () => {
    const socket = connect(link.port, '127.0.0.1');
    sockets.push(socket);
    const heard: string[] = [];
    let ended = false;
    socket.on('data', (chunk) => heard.push(chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      ended = true;
    });
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()).once('close', () => resolve()));
    return { socket, heard: () => heard.join(''), ended: () => ended };
  };
  const quiet = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('carries bytes both ways while it is up', async () => {
    const { socket, heard } = await dial();
    socket.write('hello');
    await expect.poll(heard).toBe('hello');
  });

  it('resets what is connected when it is cut, refuses what comes, and carries again once restored', async () => {
    const before = await dial();
    link.cut();
    await expect.poll(before.ended).toBe(true);
    const during = await dial();
    await expect.poll(during.ended).toBe(true);
    link.restore();
    const after = await dial();
    after.socket.write('again');
    await expect.poll(after.heard).toBe('again');
    expect(link.connections).toBe(1);
  });

  it('swallows silently as a black hole, and delivers once restored', async () => {
    const before = await dial();
    link.blackHole();
    const during = await dial();
    before.socket.write('old');
    during.socket.write('new');
    await quiet(150);
    expect([before.heard(), during.heard(), before.ended(), during.ended()]).toEqual(['', '', false, false]);
    link.restore();
    await expect.poll(() => [before.heard(), during.heard()]).toEqual(['old', 'new']);
  });

  it('delays each way, in order, also when the delay changes meanwhile', async () => {
    const { socket, heard } = await dial();
    link.delay(100);
    const since = performance.now();
    socket.write('1');
    await quiet(20);
    link.delay(0);
    socket.write('2');
    await expect.poll(heard).toBe('12');
    expect(performance.now() - since).toBeGreaterThan(95);
  });

  it('loses nothing of a large transfer through a slow link', async () => {
    const { socket, heard } = await dial();
    link.delay(5);
    const text = 'x'.repeat(5_000_000);
    socket.end(text);
    await expect.poll(() => heard().length, { timeout: 20_000 }).toBe(text.length);
  });
});
