// SPDX-License-Identifier: Apache-2.0
// The lock as a peripheral of bleno, with everything below bleno's own classes played here: what the lab's virtual machine then
// does over the kernel's Bluetooth.
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type realBleno from '@abandonware/bleno';
import { systemClock } from '@latchkey/controller/adapters/system-clock';
import {
  LOCK_SERVICE,
  type LockLink,
  type LockRadio,
  LockRadioError,
  type SeenLock,
} from '@latchkey/controller/ports/lock-radio';
import { ADVERTISEMENT_BYTES } from '@latchkey/protocols/lock/advertisement';
import { afterEach, describe, expect, it } from 'vitest';
import { type BlenoLock, startBlenoLock } from './bleno-lock.ts';
import { LOCK_CONTRACT } from './lock.contract.ts';
import type { SimulatedLock } from './simulated-lock.ts';

type Bleno = typeof realBleno;
type Service = InstanceType<Bleno['PrimaryService']>;

const require = createRequire(import.meta.url);
const ROOM = 253;

/** Bleno's own services and characteristics; no adapter, no kernel. */
class PlayedBleno extends EventEmitter {
  readonly Characteristic = require('@abandonware/bleno/lib/characteristic.js') as Bleno['Characteristic'];
  readonly PrimaryService = require('@abandonware/bleno/lib/primary-service.js') as Bleno['PrimaryService'];
  state = 'unknown';
  advertised: { data: Buffer; response: Buffer } | undefined;
  service: Service | undefined;
  isLinked = false;
  /** Its controller has forgotten the link: nothing is said of its end. */
  forgets = false;
  starts = 0;

  setServices([service]: readonly Service[]): void {
    this.service = service;
  }
  startAdvertisingWithEIRData(data: Buffer, response: Buffer): void {
    this.starts += 1;
    this.advertised = { data, response };
    queueMicrotask(() => this.emit('advertisingStart'));
  }
  stopAdvertising(): void {
    this.advertised = undefined;
  }
  disconnect(): void {
    if (!this.isLinked || this.forgets) return;
    this.isLinked = false;
    this.emit('disconnect', 'central');
  }
  powerOn(): void {
    this.state = 'poweredOn';
    this.emit('stateChange', this.state);
  }
  characteristic(uuid: string): EventEmitter {
    const found = this.service?.characteristics.find((each) => each.uuid === uuid);
    if (!found) throw new Error(`no characteristic ${uuid}`);
    return found as unknown as EventEmitter;
  }
}

const standing: BlenoLock[] = [];
afterEach(async () => {
  await Promise.all(standing.splice(0).map((each) => each.close()));
});

const start = (
  bleno: PlayedBleno,
  lock: Pick<SimulatedLock, 'manufacturerData' | 'connect'>,
  more: { readonly repeatMs?: number } = {},
) =>
  startBlenoLock({
    lock,
    after: systemClock.after,
    deadlineMs: 300,
    load: async () => bleno as unknown as Bleno,
    ...more,
  });

function radioOver(bleno: PlayedBleno, address: string): LockRadio {
  let timer: NodeJS.Timeout | undefined;
  const connect = async (): Promise<LockLink> => {
    if (bleno.isLinked || !bleno.advertised) throw new LockRadioError('timeout');
    const early: Uint8Array[] = [];
    let onFrame: ((frame: Uint8Array) => void) | undefined;
    let onClosed: (() => void) | undefined;
    bleno.isLinked = true;
    bleno.emit('accept', 'central');
    bleno.once('disconnect', () => onClosed?.());
    const take = (data: Buffer) => setImmediate(() => (onFrame ? onFrame(data) : early.push(data)));
    bleno.characteristic(LOCK_SERVICE.tx).emit('subscribe', ROOM, take);
    return {
      room: ROOM,
      write: (frame) =>
        new Promise((resolve, reject) => {
          if (!bleno.isLinked) return reject(new LockRadioError('link-lost'));
          bleno
            .characteristic(LOCK_SERVICE.rx)
            .emit('writeRequest', Buffer.from(frame), 0, true, () => setImmediate(resolve));
        }),
      onFrame(given) {
        onFrame = given;
        for (const frame of early.splice(0)) given(frame);
      },
      onClosed(given) {
        if (bleno.isLinked) onClosed = given;
        else given();
      },
      close: async () => bleno.disconnect(),
    };
  };
  return {
    async start(listener: (seen: SeenLock) => void) {
      timer = setInterval(() => {
        // Flags are three bytes, then the length and the type of what the maker says.
        const data = bleno.advertised?.data.subarray(5);
        if (data) listener({ address, rssi: -50, manufacturerData: new Uint8Array(data), adapter: 'bleno' });
      }, 20);
    },
    connect,
    reset: async () => bleno.disconnect(),
    async close() {
      clearInterval(timer);
      bleno.disconnect();
    },
  };
}

describe('a lock through bleno', () => {
  const radios: LockRadio[] = [];
  afterEach(async () => {
    await Promise.all(radios.splice(0).map((radio) => radio.close()));
  });
  async function radioFor(lock: SimulatedLock): Promise<LockRadio> {
    const bleno = new PlayedBleno();
    bleno.powerOn();
    standing.push(await start(bleno, lock));
    const radio = radioOver(bleno, lock.address);
    radios.push(radio);
    return radio;
  }
  it.each(LOCK_CONTRACT)('$name', { timeout: 20_000 }, ({ run }) => run({ radioFor }));

  it('says what to do where its adapter stays down', async () => {
    const lock = { manufacturerData: () => new Uint8Array(2 + ADVERTISEMENT_BYTES), connect: () => undefined };
    await expect(start(new PlayedBleno(), lock)).rejects.toThrow('hciconfig hciN up');
  });

  it('fits a legacy advertisement, with the service in the response to a scan', async () => {
    const bleno = new PlayedBleno();
    bleno.powerOn();
    standing.push(
      await start(bleno, { manufacturerData: () => new Uint8Array(2 + ADVERTISEMENT_BYTES), connect: () => undefined }),
    );
    expect(bleno.advertised?.data).toHaveLength(27);
    expect(bleno.advertised?.response.subarray(2).reverse().toString('hex')).toBe(LOCK_SERVICE.service);
  });

  it('advertises again though its controller never says that a dropped link has ended', async () => {
    const bleno = new PlayedBleno();
    bleno.powerOn();
    bleno.forgets = true;
    let counter = 0;
    let closed = 0;
    let drop: () => void = () => undefined;
    const lock = {
      manufacturerData: () => new Uint8Array(2 + ADVERTISEMENT_BYTES).fill(counter),
      connect(peer: { drop(): void }) {
        drop = () => peer.drop();
        return { onFrame: () => undefined, onClosed: () => void (closed += 1) };
      },
    };
    standing.push(await start(bleno, lock));
    await radioOver(bleno, 'c0:00:00:00:00:01').connect('c0:00:00:00:00:01', 100);
    counter = 1;
    drop();
    await expect.poll(() => bleno.starts, { timeout: 3_000 }).toBe(2);
    expect(closed).toBe(1);
  });

  it('begins its advertisement anew as often as told, for an air that hears only beginnings', async () => {
    const bleno = new PlayedBleno();
    bleno.powerOn();
    const lock = { manufacturerData: () => new Uint8Array(2 + ADVERTISEMENT_BYTES), connect: () => undefined };
    standing.push(await start(bleno, lock, { repeatMs: 250 }));
    await expect.poll(() => bleno.starts, { timeout: 3_000 }).toBeGreaterThan(2);
  });

  it('ends the link of whoever comes while the lock has no power, and advertises nothing', async () => {
    const bleno = new PlayedBleno();
    bleno.powerOn();
    let hasPower = true;
    standing.push(
      await start(bleno, {
        manufacturerData: () => (hasPower ? new Uint8Array(2 + ADVERTISEMENT_BYTES) : undefined),
        connect: () => undefined,
      }),
    );
    hasPower = false;
    await radioOver(bleno, 'c0:00:00:00:00:01').connect('c0:00:00:00:00:01', 100);
    expect(bleno.isLinked).toBe(false);
    await expect.poll(() => bleno.advertised).toBeUndefined();
  });
});
