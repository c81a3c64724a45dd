// SPDX-License-Identifier: Apache-2.0
// A whole controller with lamps, a beeper and a display: what people are told, and that no door waits for it.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { watchLane } from '../adapters/lane-events.test-support.ts';
import { systemRandom } from '../adapters/system-random.ts';
import { DOOR_WIRING, type TestHardware, testHardware, testLink } from './bench.test-support.ts';
import { type Campus, layFolder, makeCampus, uidOf } from './campus.test-support.ts';
import { SILENT } from './log.ts';
import { type Controller, startController } from './start-controller.ts';

const until = <T>(probe: () => T) => expect.poll(probe, { timeout: 15_000, interval: 20 });

let campus: Campus;
let directory: string;
let hardware: TestHardware;
let controller: Controller | undefined;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

async function start(more: object, given: TestHardware = hardware): Promise<void> {
  const wiring = { ...DOOR_WIRING, portals: DOOR_WIRING.portals.map((portal) => ({ ...portal, ...more })) };
  await layFolder(directory, campus, { list: await campus.list(20), wiring });
  controller = await startController({
    dataDir: directory,
    software: 'test',
    log: SILENT,
    ports: { hardware: given, link: testLink().attach, random: { ...systemRandom, unit: () => 0 } },
  });
}

const FEEDBACK = {
  in: { granted: { output: 'green' }, refused: { output: 'red' } },
  both: { beeper: { output: 'beep', refused: { onMs: 20, offMs: 20 } } },
};

describe('people in a lane', () => {
  beforeAll(async () => {
    campus = await makeCampus();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lanes-'));
    hardware = testHardware(['in', 'out'], ['contact']);
  });
  afterEach(async () => {
    await controller?.close();
    controller = undefined;
    rmSync(directory, { recursive: true, force: true });
  });
  const on = () => hardware.moves.flatMap(({ output, on }) => (on ? [output] : []));

  it('see the lock let go first, then the green lamp and one beep', async () => {
    await start({ feedback: FEEDBACK });
    hardware.tap('in', uidOf(3));
    await until(on).toEqual(['lock', 'beep', 'green']);
  });

  it('hear three beeps on either side when they are refused; the lamp is of one side only', async () => {
    await start({ feedback: FEEDBACK });
    hardware.tap('out', uidOf(1_000));
    await until(() => hardware.moves.filter(({ output }) => output === 'beep').length).toBe(6);
    hardware.tap('in', uidOf(1_000));
    await until(on).toEqual(['beep', 'beep', 'beep', 'beep', 'red', 'beep', 'beep']);
  });

  it('pass a door whose lamps are broken', async () => {
    const { panel } = hardware;
    const broken: TestHardware = Object.assign(Object.create(hardware) as TestHardware, {
      panel: {
        ...panel,
        setOutput: async (output: string, on: boolean) => {
          if (output !== 'lock') throw new Error('no such line');
          return panel.setOutput(output, on);
        },
      },
    });
    await start({ feedback: FEEDBACK }, broken);
    hardware.tap('in', uidOf(3));
    await until(on).toEqual(['lock']);
  });

  it('read what came of their card, and never whose it is', async () => {
    const display = { port: await freePort() };
    await start({ display });
    let watched = await watchLane(display.port, 'in').catch(() => undefined);
    // It is opened in its own time.
    for (; watched === undefined; watched = await watchLane(display.port, 'in').catch(() => undefined)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { states, told, isOpen } = watched;
    hardware.tap('in', uidOf(1_000));
    await until(states).toEqual(['waiting', 'GatewayUnreachable']);
    hardware.tap('in', uidOf(3));
    await until(states).toEqual(['waiting', 'GatewayUnreachable', 'granted']);
    const words = told.filter(({ event }) => event === 'view').map(({ data }) => Object.keys(data).sort());
    expect(words).toEqual([
      ['en', 'state', 'zh'],
      ['en', 'reason', 'state', 'zh'],
      ['en', 'state', 'zh'],
    ]);
    await controller?.close();
    await until(isOpen).toBe(false);
  });
});
