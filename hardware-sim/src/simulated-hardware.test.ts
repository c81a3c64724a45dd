// SPDX-License-Identifier: Apache-2.0
// The controller's simulated adapter against the bench, over a real socket: the same contract as the real hardware's.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBenchAddress } from '@latchkey/controller/adapters/bench-address';
import { simulatedHardware } from '@latchkey/controller/adapters/simulated-hardware';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import { systemRandom } from '@latchkey/controller/adapters/system-random';
import { InputLevels, panelContract } from '@latchkey/controller/ports/panel.contract';
import {
  codeSourceContract,
  ReaderEvents,
  readerSourceContract,
} from '@latchkey/controller/ports/reader-source.contract';
import { afterEach, describe, expect, it } from 'vitest';
import type { BenchLayout } from './bench-layout.ts';
import { BenchServer } from './bench-server.ts';
import { DoorBench } from './door-bench.ts';

const LAYOUT: BenchLayout = {
  readers: ['outside', 'inside'],
  portals: [
    {
      id: 'front',
      outputs: { in: 'lock-1', out: 'lock-2' },
      fail: 'secure',
      contact: { input: 'contact', normallyClosed: false },
      requestToExit: { input: 'button', normallyClosed: false },
      readers: [
        { name: 'outside', direction: 'in' },
        { name: 'inside', direction: 'out' },
      ],
    },
  ],
};

const adapter = (socket: string, controller = 'dorm-1') => {
  const address = parseBenchAddress(socket);
  if (!address.ok) throw new Error(address.detail);
  return simulatedHardware({
    address: address.value,
    controller,
    clock: systemClock,
    random: systemRandom,
    readers: ['outside', 'inside'],
    outputs: ['lock-1', 'lock-2'],
    inputs: ['contact', 'button'],
  });
};

async function lab() {
  const folder = await mkdtemp(join(tmpdir(), 'lk-bench-'));
  const listen = join(folder, 'bench.sock');
  const bench = new DoorBench({ layout: LAYOUT });
  const benches = new Map([['dorm-1', bench]]);
  let server = await BenchServer.start({ listen, benches });
  return {
    listen,
    bench,
    server: () => server,
    lose: async () => server.close(),
    restore: async () => {
      server = await BenchServer.start({ listen, benches });
    },
    close: async () => {
      await server.close();
      await bench.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe('simulated hardware over a socket', () => {
  readerSourceContract(async () => {
    const { bench, listen, lose, restore, close } = await lab();
    return {
      source: adapter(listen).readers,
      readers: ['outside', 'inside'],
      present: async (reader, uid) => bench.present(reader, uid),
      presentUnreadable: async (reader) => bench.presentUnreadable(reader),
      remove: async (reader) => bench.remove(reader),
      lose,
      restore,
      close,
    };
  });

  codeSourceContract(async () => {
    const { bench, listen, lose, restore, close } = await lab();
    return {
      source: adapter(listen).readers,
      readers: ['outside', 'inside'],
      scan: async (reader, text) => bench.scan(reader, text),
      lose,
      restore,
      close,
    };
  });

  panelContract(async () => {
    const { bench, listen, close } = await lab();
    return {
      panel: adapter(listen).panel,
      outputs: ['lock-1', 'lock-2'],
      inputs: ['contact', 'button'],
      relay: (output) => bench.relay(output),
      drive: async (input, active) => bench.setInput(input, active ? 'active' : 'inactive'),
      close,
    };
  });

  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const start = async () => {
    const it = await lab();
    cleanups.push(it.close);
    const { readers, panel } = adapter(it.listen);
    cleanups.push(
      async () => readers.close(),
      async () => panel.close(),
    );
    return { ...it, readers, panel };
  };
  const send = async (listen: string, text: string): Promise<void> => {
    const socket: Socket = connect(listen);
    socket.on('error', () => undefined);
    socket.write(text);
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  };

  it('tells every input as a fault while the bench is away, and its level when it is back', async () => {
    const { panel, bench, lose, restore } = await start();
    const levels = new InputLevels();
    await panel.watch(levels.listener);
    await lose();
    await expect.poll(() => [levels.present('contact'), levels.present('button')]).toEqual(['fault', 'fault']);
    bench.openDoor('front');
    await restore();
    await expect.poll(() => [levels.present('contact'), levels.present('button')]).toEqual(['active', 'inactive']);
  });

  it('refuses an order while the bench is away, and has it carried out when it is back', async () => {
    const { panel, bench, lose, restore } = await start();
    await panel.watch(() => undefined);
    await lose();
    await expect
      .poll(async () => panel.setOutput('lock-1', true).catch((error: Error) => error.message))
      .toMatch(/not connected/);
    expect(bench.relay('lock-1')).toBe(false);
    await restore();
    await expect.poll(() => bench.relay('lock-1')).toBe(true);
  });

  it('gives readers and panel one connection, which ends with the second of them', async () => {
    const { readers, panel, server } = await start();
    const events = new ReaderEvents();
    await Promise.all([readers.start(events.listener), panel.watch(() => undefined)]);
    expect(server().connected).toEqual(['dorm-1']);
    await readers.close();
    await panel.setOutput('lock-1', true);
    await panel.close();
    await expect.poll(() => server().connected).toEqual([]);
  });

  it('drops whoever speaks something else, and keeps serving others', { timeout: 10_000 }, async () => {
    const { listen, panel, bench } = await start();
    await send(listen, 'GET / HTTP/1.1\r\n\r\n');
    await send(listen, '{"kind":"set","id":1,"output":"lock-1","on":true}\n');
    await send(listen, '{"kind":"hello","protocol":1,"controller":"nobody","outputs":{}}\n');
    await send(listen, 'x'.repeat(100_000));
    expect(bench.relay('lock-1')).toBe(false);
    await panel.setOutput('lock-1', true);
    expect(bench.relay('lock-1')).toBe(true);
  });

  it('keeps its socket to its owner', async () => {
    const { listen } = await start();
    expect((await stat(listen)).mode & 0o777).toBe(0o600);
  });
});

describe('address of a bench', () => {
  it.each(['127.0.0.1:7001', '[::1]:7001', 'localhost:7001', './bench.sock', '/run/latchkey/bench.sock'])(
    'takes %s',
    (text) => {
      expect(parseBenchAddress(text).ok).toBe(true);
    },
  );
  it.each(['192.168.1.5:7001', '0.0.0.0:7001', 'gateway.example:7001'])('refuses another machine: %s', (text) => {
    expect(parseBenchAddress(text)).toMatchObject({ ok: false, code: 'not-loopback' });
  });
  it.each(['', '7001', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000'])('refuses what is no address: "%s"', (text) => {
    expect(parseBenchAddress(text)).toMatchObject({ ok: false, code: 'bad-address' });
  });
});
