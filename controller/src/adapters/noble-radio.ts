// SPDX-License-Identifier: Apache-2.0
// One Bluetooth adapter through noble's HCI binding, with a guard for each thing it does wrong (reference: lock): writes that
// never settle, connects that never end, cancels that hit another lock, an MTU that comes late, the user channel that hangs.
import { createRequire } from 'node:module';
import type { Clock } from '../ports/clock.ts';
import { LOCK_SERVICE, type LockLink, type LockRadio, LockRadioError, type SeenLock } from '../ports/lock-radio.ts';
import type { Noble, NobleCharacteristic, NoblePeripheral } from './noble.ts';
import { NobleLink } from './noble-link.ts';
import { forgetStrangers, MOST_KNOWN } from './noble-memory.ts';

export interface NobleRadioOptions {
  /** Number of the adapter: 0 is hci0. */
  readonly device: number;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly log: (message: string, fields: object) => void;
  /** The package, or what stands in for it. */
  readonly load?: (device: number) => Noble;
  /** Addresses that are remembered at a time. */
  readonly mostKnown?: number;
}

const POWER_PATIENCE_MS = 5_000;
const CANCEL_PATIENCE_MS = 1_000;
/** The kernel ends scans of its own after a connect, and ours with them: after so long a silence it is begun again. */
const SILENT_MS = 3_000;
const COMPANY_BYTES = 2;

/** Only now: a machine without Bluetooth must not need it. */
const loadNoble = (device: number): Noble => {
  const make = createRequire(import.meta.url)('@abandonware/noble/with-custom-binding') as (options: object) => Noble;
  return make({ deviceId: device });
};

export class NobleRadio implements LockRadio {
  readonly #options: NobleRadioOptions;
  readonly #seen = new Map<string, NoblePeripheral>();
  readonly #links = new Set<NobleLink>();
  #noble: Noble | undefined;
  #listener: ((seen: SeenLock) => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #aborts = new Set<() => void>();
  #connecting = false;
  #heardMs = 0;
  #cancelListen: (() => void) | undefined;
  #closed = false;

  constructor(options: NobleRadioOptions) {
    this.#options = options;
  }

  async start(listener: (seen: SeenLock) => void): Promise<void> {
    // noble hangs in GATT over the user channel; only raw sockets work.
    if (process.env['HCI_CHANNEL_USER'])
      throw new Error('HCI_CHANNEL_USER is set: remove it, locks are reached over raw HCI sockets only');
    this.#listener = listener;
    await this.#open();
  }

  async #open(): Promise<void> {
    const { device, clock } = this.#options;
    const noble = (this.#options.load ?? loadNoble)(device);
    this.#noble = noble;
    noble.on('discover', (peripheral) => this.#onDiscover(noble, peripheral));
    await new Promise<void>((resolve, reject) => {
      const cancel = clock.after(POWER_PATIENCE_MS, () =>
        reject(
          new Error(
            `hci${device} does not come up: check "hciconfig hci${device}" and the right to use raw HCI sockets`,
          ),
        ),
      );
      let wasOn = false;
      noble.on('stateChange', (state) => {
        // Switched off: noble goes on believing in its links, and in peripherals that are connected already.
        if (wasOn && state !== 'poweredOn' && noble === this.#noble) void this.reset();
        if (state !== 'poweredOn') return;
        wasOn = true;
        cancel();
        resolve();
        if (noble !== this.#noble) return;
        this.#scan(true);
        this.#listen();
      });
    });
    // It would end the process before doors and journal are closed.
    if (noble._bindings.onSigIntBinded) process.removeListener('SIGINT', noble._bindings.onSigIntBinded);
  }

  #onDiscover(noble: Noble, peripheral: NoblePeripheral): void {
    const { manufacturerData } = peripheral.advertisement;
    if (noble !== this.#noble || !manufacturerData || manufacturerData.length <= COMPANY_BYTES) return;
    this.#heardMs = this.#options.clock.monotonic();
    const address = peripheral.address.toLowerCase();
    this.#seen.set(address, peripheral);
    const { rssi } = peripheral;
    const adapter = `hci${this.#options.device}`;
    this.#listener?.({ address, rssi, manufacturerData: new Uint8Array(manufacturerData), adapter });
  }

  #listen(): void {
    const { clock } = this.#options;
    this.#cancelListen?.();
    this.#cancelListen = clock.after(SILENT_MS, () => {
      if (clock.monotonic() - this.#heardMs >= SILENT_MS) this.#scan(true);
      this.#forget();
      this.#listen();
    });
  }

  /** Not during a connect, whose peripheral noble must know. */
  #forget(): void {
    if (!this.#noble || this.#connecting) return;
    const gone = forgetStrangers(this.#noble, this.#options.mostKnown ?? MOST_KNOWN);
    for (const address of gone) this.#seen.delete(address);
  }

  /** An adapter that scans connects late or never: it listens between connects, never during one. */
  #scan(on: boolean): void {
    try {
      if (on && !this.#connecting) this.#noble?.startScanning([], true);
      else if (!on) this.#noble?.stopScanning();
    } catch (error) {
      this.#options.log('scanning not possible', { reason: (error as Error).message });
    }
  }

  connect(address: string, deadlineMs: number, onReached?: () => void): Promise<LockLink> {
    const { clock } = this.#options;
    const endsMs = clock.monotonic() + deadlineMs;
    // Our own queue: noble's gives no deadline, and its cancel hits whatever is in flight.
    const reached = this.#turn.then(() => this.#reach(address, endsMs - clock.monotonic()));
    this.#turn = reached.catch(() => undefined);
    return reached.then((peripheral) => {
      // The adapter waits for the next lock's advertisement while this one is asked for its service.
      onReached?.();
      return this.#prepare(peripheral, endsMs - clock.monotonic());
    });
  }

  async #reach(address: string, leftMs: number): Promise<NoblePeripheral> {
    const noble = this.#noble;
    if (this.#closed || !noble) throw new LockRadioError('radio-down');
    const peripheral = this.#seen.get(address);
    if (!peripheral) throw new LockRadioError('not-seen');
    if (leftMs <= 0) throw new LockRadioError('timeout');
    this.#connecting = true;
    this.#scan(false);
    try {
      await this.#establish(noble, peripheral, leftMs);
      return peripheral;
    } finally {
      this.#connecting = false;
      this.#scan(true);
    }
  }

  async #establish(noble: Noble, peripheral: NoblePeripheral, leftMs: number): Promise<void> {
    try {
      await this.#within(leftMs, peripheral.connectAsync());
    } catch (error) {
      if (error instanceof LockRadioError && error.code === 'timeout') await this.#cancel(noble, peripheral);
      throw error instanceof LockRadioError ? error : new LockRadioError('link-lost', String(error));
    }
  }

  /** The one in flight, so that the cancel hits it and no other. An adapter that does not even cancel is reset. */
  async #cancel(noble: Noble, peripheral: NoblePeripheral): Promise<void> {
    const settled = new Promise<void>((resolve) => void noble._bindings.once('connect', () => resolve()));
    peripheral.cancelConnect();
    try {
      await this.#within(CANCEL_PATIENCE_MS, settled);
      // It came up in the very moment it was given up.
      if (peripheral.state === 'connected') peripheral.disconnect();
    } catch {
      this.#options.log('adapter does not answer, reset', { device: this.#options.device });
      await this.reset();
    }
  }

  async #prepare(peripheral: NoblePeripheral, leftMs: number): Promise<LockLink> {
    const { service, rx, tx } = LOCK_SERVICE;
    if (peripheral.state !== 'connected') throw new LockRadioError('link-lost');
    const ended = new Promise<never>((_, reject) => {
      peripheral.once('disconnect', () => reject(new LockRadioError('link-lost')));
    });
    ended.catch(() => undefined);
    const found = async (): Promise<readonly [NobleCharacteristic, NobleCharacteristic]> => {
      const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync([service], [rx, tx]);
      const towards = characteristics.find(({ uuid }) => uuid === rx);
      const from = characteristics.find(({ uuid }) => uuid === tx);
      if (!towards || !from) throw new LockRadioError('not-a-lock');
      await from.subscribeAsync();
      return [towards, from];
    };
    try {
      const [towards, from] = await this.#within(leftMs, Promise.race([found(), ended]));
      const link = new NobleLink({
        peripheral,
        rx: towards,
        tx: from,
        clock: this.#options.clock,
        onStuck: () => this.reset(),
      });
      this.#links.add(link);
      link.watch(() => this.#links.delete(link));
      return link;
    } catch (error) {
      if (peripheral.state === 'connected') peripheral.disconnect();
      throw error instanceof LockRadioError ? error : new LockRadioError('not-a-lock', String(error));
    }
  }

  /** Also ends when the adapter is reset: nothing of before comes back. */
  #within<T>(ms: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(new LockRadioError('radio-down'));
      const cancel = this.#options.clock.after(Math.max(0, ms), () => reject(new LockRadioError('timeout')));
      this.#aborts.add(abort);
      work.then(resolve, reject).finally(() => {
        cancel();
        this.#aborts.delete(abort);
      });
    });
  }

  async reset(): Promise<void> {
    if (this.#closed || !this.#listener) return;
    this.#drop();
    await this.#open().catch((error: Error) =>
      this.#options.log('adapter did not come back', { reason: error.message }),
    );
  }

  /** What noble still believes of links and queues goes with it: a reset adapter tells of none of them. */
  #drop(): void {
    const noble = this.#noble;
    this.#noble = undefined;
    this.#cancelListen?.();
    this.#seen.clear();
    for (const abort of this.#aborts) abort();
    this.#aborts.clear();
    for (const link of this.#links) link.lose();
    if (!noble) return;
    noble.removeAllListeners();
    // It polls for ever otherwise.
    noble._bindings._hci.pollIsDevUp = () => undefined;
    try {
      noble.stopScanning();
      noble.reset();
      noble._bindings._hci._socket.stop();
    } catch (error) {
      this.#options.log('adapter let go with an error', { reason: (error as Error).message });
    }
    noble._bindings._hci._socket.removeAllListeners();
    noble._bindings.removeAllListeners();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener = undefined;
    await Promise.all([...this.#links].map((link) => link.close()));
    this.#drop();
  }
}
