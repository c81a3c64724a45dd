// SPDX-License-Identifier: Apache-2.0
// ReaderSource over serial ports, through the package serialport: scanners on RS-232, RS-485 converters and USB that shows as
// a serial port. A port that vanishes is opened again for ever.
import { createRequire } from 'node:module';
import type * as SerialPortPackage from 'serialport';
import type { SerialReaderWiring } from '../core/wiring-readers.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';
import { createCodeFramer } from './code-framer.ts';
import { createReopening, type Reopening } from './reopening.ts';

export interface SerialScannersOptions {
  readonly readers: readonly Omit<SerialReaderWiring, 'kind'>[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Where serialport comes from; tests give their own. */
  readonly load?: () => typeof SerialPortPackage;
}

type Port = SerialPortPackage.SerialPort;

const LOOK_MS = 1_000;

export class SerialScanners implements ReaderSource {
  readonly #options: SerialScannersOptions;
  #ports: readonly Reopening[] = [];
  #listener: (event: ReaderEvent) => void = () => undefined;

  constructor(options: SerialScannersOptions) {
    this.#options = options;
  }

  /** Rejects when serialport is not installed or does not load, saying what to install. */
  async start(listener: (event: ReaderEvent) => void): Promise<void> {
    const { SerialPort } = loadSerialPort(this.#options.load);
    this.#listener = listener;
    this.#ports = this.#options.readers.map((reader) => this.#keepOpen(SerialPort, reader));
  }

  async close(): Promise<void> {
    this.#listener = () => undefined;
    await Promise.all(this.#ports.map(async (port) => port.close()));
  }

  #keepOpen(
    SerialPort: typeof SerialPortPackage.SerialPort,
    wired: SerialScannersOptions['readers'][number],
  ): Reopening {
    const { clock, random, log } = this.#options;
    const { name: reader, path, baudRate, dataBits, parity, stopBits } = wired;
    const tell = (event: ReaderEvent) => this.#listener(event);
    const framer = createCodeFramer({ reader, config: wired, clock, tell, log });
    return createReopening({
      clock,
      random,
      open: async (onEnd) => {
        const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, autoOpen: false });
        port.on('data', (bytes: Uint8Array) => framer.take(bytes));
        // An error that matters is followed by the close.
        port.on('error', () => undefined);
        await openPort(port);
        const stop = watchForHangUp(port, clock);
        port.on('close', () => {
          stop();
          onEnd();
        });
        return async () => closePort(port);
      },
      onOpen: () => tell({ kind: 'attached', reader }),
      onEnd: () => {
        framer.reset();
        tell({ kind: 'detached', reader });
      },
      onFailed: (reason) => log?.('serial scanner cannot be opened, trying on', { reader, reason }),
    });
  }
}

const openPort = async (port: Port): Promise<void> =>
  new Promise((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));

/**
 * A device pulled out while it sends is hung up by the kernel: every read then gives no bytes and no error, and serialport 13
 * reads again for ever, at full load, without a word. To drain what nobody wrote costs nothing and fails on such a port.
 */
function watchForHangUp(port: Port, clock: Pick<Clock, 'after'>): () => void {
  let cancel = look();
  function look(): () => void {
    return clock.after(LOOK_MS, () => {
      port.drain((error) => {
        if (!port.isOpen) return;
        if (error) port.close();
        else cancel = look();
      });
    });
  }
  return () => cancel();
}

/** One that is closing or closed already is what was wanted. */
const closePort = async (port: Port): Promise<void> =>
  new Promise((resolve) => {
    if (port.isOpen) port.close(() => resolve());
    else resolve();
  });

function loadSerialPort(load = (): typeof SerialPortPackage => createRequire(import.meta.url)('serialport')) {
  try {
    return load();
  } catch (error) {
    const fix = 'run "npm install serialport@13.0.0", or remove these readers from the wiring';
    const why = (error as Error).message.split('\n')[0];
    throw new Error(`readers of kind "serial" need the optional package serialport: ${fix} (${why})`, { cause: error });
  }
}
