// SPDX-License-Identifier: Apache-2.0
// A simulated lock as a peripheral of a real Bluetooth controller, through bleno and the kernel (hardware-lab): the lab's virtual
// machine has one, and so does a developer's second adapter. Which adapter is bleno's own BLENO_HCI_DEVICE_ID.
import type bleno from '@abandonware/bleno';
import { LOCK_SERVICE } from '@latchkey/controller/ports/lock-radio';
import type { SimulatedLock } from './simulated-lock.ts';

type Bleno = typeof bleno;

export interface BlenoLockOptions {
  readonly lock: Pick<SimulatedLock, 'manufacturerData' | 'connect'>;
  readonly after: (delayMs: number, action: () => void) => () => void;
  /** Loaded only here: on a machine without Bluetooth the package throws at its import. */
  readonly load?: () => Promise<Bleno>;
  /** Until the adapter is there. */
  readonly deadlineMs?: number;
  /** For an emulated air that tells of an advertisement only as it begins: it begins anew this often. */
  readonly repeatMs?: number;
}

export interface BlenoLock {
  close(): Promise<void>;
}

/** How soon a change shows in the air. */
const REFRESH_MS = 250;
const READY_MS = 15_000;
const GONE_MS = 1_000;
const AD_TYPES = { flags: 0x01, services: 0x07, manufacturer: 0xff } as const;
/** General discoverable, no classic Bluetooth. */
const FLAGS = 0x06;

const structure = (type: number, value: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([value.length + 1, type]), value]);
const SCAN_RESPONSE = structure(AD_TYPES.services, Buffer.from(LOCK_SERVICE.service, 'hex').reverse());

const loadBleno = async (): Promise<Bleno> => (await import('@abandonware/bleno')).default;

/** Resolves once the lock can be met. Rejects where there is no adapter, or none that is up. */
export async function startBlenoLock(options: BlenoLockOptions): Promise<BlenoLock> {
  const { lock, after } = options;
  const bleno = await (options.load ?? loadBleno)();
  await poweredOn(bleno, after, options.deadlineMs ?? READY_MS);
  let link: ReturnType<SimulatedLock['connect']>;
  let isLinked = false;
  let said = '';
  let forgetMs = 0;
  let cancel: () => void = () => undefined;
  let cancelGone: () => void = () => undefined;

  function unlink(): void {
    link?.onClosed();
    link = undefined;
  }

  function onGone(): void {
    isLinked = false;
    unlink();
  }

  /** A controller that knows nothing of the link any more never says that it ended. */
  function drop(): void {
    bleno.disconnect();
    cancelGone();
    cancelGone = after(GONE_MS, onGone);
  }

  const tx = new bleno.Characteristic({
    uuid: LOCK_SERVICE.tx,
    properties: ['notify'],
    onSubscribe(room, update) {
      unlink();
      link = lock.connect({ notify: (frame) => update(Buffer.from(frame)), drop }, room);
      // It has no power, or somebody is with it already.
      if (!link) drop();
    },
    onUnsubscribe: unlink,
  });
  const rx = new bleno.Characteristic({
    uuid: LOCK_SERVICE.rx,
    properties: ['write', 'writeWithoutResponse'],
    onWriteRequest(data, offset, _, answer) {
      if (offset !== 0) return answer(bleno.Characteristic.RESULT_INVALID_OFFSET);
      answer(bleno.Characteristic.RESULT_SUCCESS);
      link?.onFrame(new Uint8Array(data));
    },
  });

  /** Only between links: bleno advertises again by itself after each. */
  function refresh(): void {
    cancel = after(REFRESH_MS, refresh);
    if (isLinked) return;
    forgetMs += REFRESH_MS;
    const data = lock.manufacturerData();
    const now = data ? Buffer.from(data).toString('hex') : '';
    if (now === said && forgetMs < (options.repeatMs ?? Number.POSITIVE_INFINITY)) return;
    // Some controllers take no new one while one stands.
    if (said !== '') bleno.stopAdvertising();
    said = now;
    forgetMs = 0;
    if (data) bleno.startAdvertisingWithEIRData(advertisementOf(data), SCAN_RESPONSE);
  }

  bleno.on('accept', () => {
    cancelGone();
    isLinked = true;
  });
  bleno.on('disconnect', onGone);
  bleno.setServices([new bleno.PrimaryService({ uuid: LOCK_SERVICE.service, characteristics: [rx, tx] })]);
  const started = new Promise<void>((resolve, reject) => {
    bleno.once('advertisingStart', () => resolve());
    bleno.once('advertisingStartError', reject);
  });
  refresh();
  await started;
  return {
    async close() {
      cancel();
      cancelGone();
      bleno.removeAllListeners();
      unlink();
      bleno.disconnect();
      bleno.stopAdvertising();
    },
  };
}

const advertisementOf = (data: Uint8Array): Buffer =>
  Buffer.concat([structure(AD_TYPES.flags, Uint8Array.of(FLAGS)), structure(AD_TYPES.manufacturer, data)]);

function poweredOn(bleno: Bleno, after: BlenoLockOptions['after'], deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = after(deadlineMs, () =>
      reject(new Error(`the Bluetooth adapter of the lock is ${bleno.state}: bring it up (hciconfig hciN up)`)),
    );
    const look = (state: string) => {
      if (state !== 'poweredOn') return;
      cancel();
      resolve();
    };
    bleno.on('stateChange', look);
    look(bleno.state);
  });
}
