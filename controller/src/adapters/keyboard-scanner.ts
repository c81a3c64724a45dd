// SPDX-License-Identifier: Apache-2.0
// ReaderSource over scanners that type like a keyboard, read from /dev/input: no root where the file's permissions allow it.
// The kernel goes on giving their keys to the console as well; controller/README.md says how to keep them off it.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { INITIAL_EVDEV, INPUT_EVENT_32, INPUT_EVENT_64, stepEvdev } from '../core/evdev.ts';
import type { KeyboardReaderWiring } from '../core/wiring-readers.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';
import { createCodeFramer } from './code-framer.ts';
import { createReopening, type Reopening } from './reopening.ts';

/**
 * Node has no way to wait for such a file without a thread that cannot be stopped, so it is looked at, without blocking. The
 * kernel keeps 64 events: 20 keys, that is 20 ms of the fastest scanners.
 */
const QUIET_LOOK_MS = 10;
const BUSY_LOOK_MS = 2;
const BUSY_FOR_MS = 200;
/** At one look, so that a device gone mad does not hold up a door. */
const MOST_BYTES = 24 * 256;

export interface KeyboardScannersOptions {
  readonly readers: readonly Omit<KeyboardReaderWiring, 'kind'>[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** As of process.arch: the kernel's events are shorter for 32-bit programs. */
  readonly arch?: NodeJS.Architecture;
}

export class KeyboardScanners implements ReaderSource {
  readonly #options: KeyboardScannersOptions;
  #devices: readonly Reopening[] = [];
  #listener: (event: ReaderEvent) => void = () => undefined;

  constructor(options: KeyboardScannersOptions) {
    this.#options = options;
  }

  async start(listener: (event: ReaderEvent) => void): Promise<void> {
    this.#listener = listener;
    this.#devices = this.#options.readers.map((reader) => this.#keepOpen(reader));
  }

  async close(): Promise<void> {
    this.#listener = () => undefined;
    await Promise.all(this.#devices.map(async (device) => device.close()));
  }

  #keepOpen(wired: KeyboardScannersOptions['readers'][number]): Reopening {
    const { clock, random, log, arch = process.arch } = this.#options;
    const { name: reader, device, terminator } = wired;
    const tell = (event: ReaderEvent) => this.#listener(event);
    const config = { ...wired, terminator: terminator === 'enter' ? 'cr' : 'tab', encoding: 'utf-8' } as const;
    const framer = createCodeFramer({ reader, config, clock, tell, log });
    const layout = SHORT_EVENTS.includes(arch) ? INPUT_EVENT_32 : INPUT_EVENT_64;
    return createReopening({
      clock,
      random,
      open: async (onEnd) => {
        let state = INITIAL_EVDEV;
        return lookAt(device, clock, onEnd, (bytes) => {
          const stepped = stepEvdev(layout, state, bytes);
          state = stepped.state;
          if (stepped.typed !== '') framer.take(Buffer.from(stepped.typed));
        });
      },
      onOpen: () => tell({ kind: 'attached', reader }),
      onEnd: () => {
        framer.reset();
        tell({ kind: 'detached', reader });
      },
      onFailed: (reason) => log?.('keyboard scanner cannot be opened, trying on', { reader, reason }),
    });
  }
}

const SHORT_EVENTS: readonly string[] = ['arm', 'ia32', 'mips', 'mipsel'];

/** Throws when it cannot be opened; returns what closes it. */
function lookAt(
  path: string,
  clock: Pick<Clock, 'after' | 'monotonic'>,
  onEnd: () => void,
  onBytes: (bytes: Uint8Array) => void,
): () => Promise<void> {
  const file = openDevice(path);
  const buffer = new Uint8Array(MOST_BYTES);
  let busyUntilMs = 0;
  let cancel: (() => void) | undefined;
  let ended = false;

  function end(): void {
    if (ended) return;
    ended = true;
    cancel?.();
    closeSync(file);
    onEnd();
  }

  function look(): void {
    const bytes = readNow(file, buffer);
    if (bytes === 'ended') return end();
    if (bytes !== 'nothing yet') {
      busyUntilMs = clock.monotonic() + BUSY_FOR_MS;
      onBytes(bytes);
    }
    cancel = clock.after(clock.monotonic() < busyUntilMs ? BUSY_LOOK_MS : QUIET_LOOK_MS, look);
  }

  cancel = clock.after(0, look);
  return async () => end();
}

function readNow(file: number, buffer: Uint8Array): Uint8Array | 'nothing yet' | 'ended' {
  try {
    const count = readSync(file, buffer);
    return count === 0 ? 'ended' : buffer.slice(0, count);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'nothing yet' : 'ended';
  }
}

function openDevice(path: string): number {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    throw new Error(`${path} may not be read by this user: add the udev rule of controller/README.md`, {
      cause: error,
    });
  }
  const stats = fstatSync(file);
  if (stats.isCharacterDevice() || stats.isFIFO()) return file;
  closeSync(file);
  throw new Error(`${path} is no input device: use one of /dev/input/by-id/…-event-kbd`);
}
