// SPDX-License-Identifier: Apache-2.0
// Keyboard scanners over FIFOs, which stand in for files of /dev/input: same bytes, same calls, no special rights.
import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { typing } from '../core/evdev.test-support.ts';
import { codeSourceContract, ReaderEvents } from '../ports/reader-source.contract.ts';
import { KeyboardScanners } from './keyboard-scanner.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';

/** A FIFO under a scanner's name; unplugged, the name is gone and readers see the end. */
class FakeKeyboard {
  readonly path: string;
  #end: FileHandle | undefined;

  constructor(path: string) {
    this.path = path;
  }

  async plug(): Promise<void> {
    spawnSync('mkfifo', [this.path]);
    this.#end = await open(this.path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  async unplug(): Promise<void> {
    await rm(this.path, { force: true });
    await this.#end?.close();
    this.#end = undefined;
  }

  async type(text: string): Promise<void> {
    // As a scanner: key by key, not all in one.
    const events = typing(text);
    for (let at = 0; at < events.length; at += 1_000) {
      await this.#end?.write(events.subarray(at, at + 1_000));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

async function lab(count: number) {
  const folder = await mkdtemp(join(tmpdir(), 'lk-keys-'));
  const keyboards = Array.from({ length: count }, (_, index) => new FakeKeyboard(join(folder, `scanner-${index}`)));
  for (const keyboard of keyboards) await keyboard.plug();
  const close = async () => {
    for (const keyboard of keyboards) await keyboard.unplug();
    await rm(folder, { recursive: true, force: true });
  };
  const readers = keyboards.map(({ path }, index) => ({
    name: `scanner-${index}`,
    device: path,
    terminator: 'enter' as const,
    prefix: '',
    suffix: '',
  }));
  return { folder, keyboards, readers, close };
}

const parts = { clock: systemClock, random: systemRandom, arch: 'x64' } as const;

describe.skipIf(process.platform === 'win32')('keyboard scanners', () => {
  codeSourceContract(async () => {
    const { keyboards, readers, close } = await lab(2);
    return {
      source: new KeyboardScanners({ ...parts, readers }),
      readers: ['scanner-0', 'scanner-1'],
      scan: async (reader, text) => keyboards[Number(reader.at(-1))]?.type(`${text}\r`),
      lose: async () => {
        for (const keyboard of keyboards) await keyboard.unplug();
      },
      restore: async () => {
        for (const keyboard of keyboards) await keyboard.plug();
      },
      close,
    };
  });

  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  async function start(more: object = {}) {
    const { keyboards, readers, folder, close } = await lab(1);
    cleanups.push(close);
    const log: { message: string; reason: unknown }[] = [];
    const source = new KeyboardScanners({
      ...parts,
      readers: readers.map((reader) => ({ ...reader, ...more })),
      log: (message, { reason }) => log.push({ message, reason }),
    });
    const events = new ReaderEvents();
    await source.start(events.listener);
    cleanups.push(async () => source.close());
    return { events, keyboard: keyboards[0] as FakeKeyboard, log, folder };
  }

  it('end a code at Tab where that is wired, and take off a prefix', async () => {
    const { events, keyboard } = await start({ terminator: 'tab', prefix: 'QR' });
    await events.until('attached', 'scanner-0');
    await keyboard.type('QR12\rab\t');
    expect((await events.until('code', 'scanner-0')).text).toBe('12ab');
  });

  it('swallow 10,000 keys without Enter, tell it once, and read the next code', async () => {
    const { events, keyboard } = await start();
    await events.until('attached', 'scanner-0');
    await keyboard.type(`${'7'.repeat(10_000)}\r1234\r`);
    expect((await events.until('code', 'scanner-0')).text).toBe('1234');
    expect(events.of('unreadable')).toHaveLength(1);
  });

  it('say which file to give where the device is none', async () => {
    const { folder, log } = await start();
    const source = new KeyboardScanners({
      ...parts,
      readers: [{ name: 'file', device: join(folder, 'file'), terminator: 'enter', prefix: '', suffix: '' }],
      log: (message, { reason }) => log.push({ message, reason }),
    });
    await writeFile(join(folder, 'file'), 'no keys');
    await source.start(() => undefined);
    cleanups.push(async () => source.close());
    await expect.poll(() => log).toHaveLength(1);
    expect(log[0]?.reason).toContain('/dev/input/by-id/');
  });
});
