// SPDX-License-Identifier: Apache-2.0
// A Bluetooth controller in TypeScript beneath the real noble (Core 5.x, Vol 4 Part E): it stands in for the package
// @abandonware/bluetooth-hci-socket, so that noble's own HCI, ATT and GATT code runs, with as many peripherals as wanted.
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Noble } from '@latchkey/controller/adapters/noble';
import { type AttFaults, type AttServer, createAttServer } from './att-server.ts';
import { type ConnectionEvents, createConnectionEvents, type EventLink } from './connection-events.ts';

export interface Connected {
  onFrame(frame: Uint8Array): void;
  onClosed(): void;
}

/** What can be met in the air. */
export interface AirPeripheral {
  /** Lower case, with colons. */
  readonly address: string;
  readonly mtu: number;
  rssi(): number;
  /** Company and data; `undefined` while it does not advertise. */
  manufacturerData(): Uint8Array | undefined;
  /** `undefined`: it does not answer a connect. */
  connected(peer: { notify(frame: Uint8Array): void; drop(): void }): Connected | undefined;
  faults?(): AttFaults;
}

export interface AirTimes {
  /** From the command to the link: mostly the wait for the peripheral's next advertisement. */
  readonly connectMs: number | (() => number);
  readonly advertiseEveryMs: number;
  /** Between the events of a link in which packets travel; 0: at once, all of them. */
  readonly intervalMs: number;
}

export interface Air {
  readonly peripherals: Set<AirPeripheral>;
  readonly times: AirTimes;
  /** The controller answers no command any more. */
  dead: boolean;
  /** Told to end a link, the controller says that it knows none, as after a reset. */
  forgetsLinks: boolean;
  /** End what scans: somebody else on the machine may, and the kernel does. */
  readonly scans: Set<() => void>;
  /** Commands seen, by opcode. */
  readonly commands: Map<number, number>;
  /** LE scanning ran while a connect was under way. */
  scannedWhileConnecting: number;
}

export const createAir = (times: Partial<AirTimes> = {}): Air => ({
  peripherals: new Set(),
  times: { connectMs: 20, advertiseEveryMs: 100, intervalMs: 0, ...times },
  dead: false,
  forgetsLinks: false,
  scans: new Set(),
  commands: new Map(),
  scannedWhileConnecting: 0,
});

const OPCODES = {
  disconnect: 0x0406,
  reset: 0x0c03,
  version: 0x1001,
  address: 0x1009,
  bufferSize: 0x2002,
  scanEnable: 0x200c,
  connect: 0x200d,
  cancelConnect: 0x200e,
} as const;
const ATT_CHANNEL = 4;
const USER_ENDED = 0x16;
const UNKNOWN_LINK = 0x02;
const TIMED_OUT = 0x08;
const MAX_DATA = 251;
const BUFFERS = 8;
const ACL_BYTES = 5;
const L2CAP_BYTES = 4;

interface Standing {
  readonly peripheral: AirPeripheral;
  readonly att: AttServer;
  readonly other: Connected;
  readonly events: EventLink | undefined;
  incoming: Buffer;
}

const addressBytes = (address: string): Buffer => Buffer.from(address.replaceAll(':', ''), 'hex').reverse();

/** One HCI socket; noble makes one an adapter. */
class HciSocket extends EventEmitter {
  readonly #air: Air;
  readonly #standing = new Map<number, Standing>();
  readonly #events: ConnectionEvents | undefined;
  #handle = 0x40;
  #pending: { readonly address: string; readonly timer: NodeJS.Timeout | undefined } | undefined;
  #scanning: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(air: Air) {
    super();
    this.#air = air;
    const { intervalMs } = air.times;
    if (intervalMs > 0) this.#events = createConnectionEvents(intervalMs);
  }

  bindRaw(): number {
    return 0;
  }
  /** As the kernel's: GATT hangs over it. */
  bindUser(): number {
    this.#stopped = true;
    return 0;
  }
  isDevUp(): boolean {
    return !this.#air.dead;
  }
  setFilter(): void {}
  start(): void {}
  stop(): void {
    this.#clear();
    this.#stopped = true;
  }

  #clear(): void {
    clearInterval(this.#scanning);
    clearTimeout(this.#pending?.timer);
    this.#pending = undefined;
    for (const { other } of this.#standing.values()) other.onClosed();
    this.#standing.clear();
    this.#events?.close();
  }

  #emit(bytes: Buffer): void {
    setImmediate(() => {
      if (!this.#stopped && !this.#air.dead) this.emit('data', bytes);
    });
  }

  #complete(opcode: number, result: readonly number[]): void {
    this.#emit(Buffer.from([4, 0x0e, 3 + result.length, 1, opcode & 0xff, opcode >> 8, ...result]));
  }

  write(packet: Buffer): void {
    if (this.#stopped || this.#air.dead) return;
    const bytes = Buffer.from(packet);
    if (bytes[0] === 1) {
      // A raw socket hears its own commands.
      this.#emit(bytes);
      this.#command(bytes.readUInt16LE(1), bytes.subarray(4));
    } else if (bytes[0] === 2) this.#data(bytes);
  }

  #command(opcode: number, given: Buffer): void {
    const { commands } = this.#air;
    commands.set(opcode, (commands.get(opcode) ?? 0) + 1);
    switch (opcode) {
      case OPCODES.version:
        return this.#complete(opcode, [0, 9, 0, 0, 9, 0xf1, 5, 0, 0]);
      case OPCODES.address:
        return this.#complete(opcode, [0, 1, 0, 0, 0, 0, 0x11]);
      case OPCODES.bufferSize:
        return this.#complete(opcode, [0, MAX_DATA, 0, BUFFERS]);
      case OPCODES.scanEnable:
        this.#complete(opcode, [0]);
        return this.#scan(given[0] === 1);
      case OPCODES.connect:
        return this.#connect(opcode, [...given.subarray(6, 12)].reverse());
      case OPCODES.cancelConnect:
        return this.#cancel(opcode);
      case OPCODES.disconnect:
        this.#emit(Buffer.from([4, 0x0f, 4, 0, 1, opcode & 0xff, opcode >> 8]));
        if (this.#air.forgetsLinks) return this.#emit(Buffer.from([4, 0x05, 4, UNKNOWN_LINK, 0, 0, 0]));
        return this.#lose(given.readUInt16LE(0), USER_ENDED);
      case OPCODES.reset:
        this.#clear();
        return this.#complete(opcode, [0]);
      default:
        return this.#complete(opcode, [0, 0, 0]);
    }
  }

  #scan(on: boolean): void {
    clearInterval(this.#scanning);
    this.#scanning = undefined;
    if (!on) return;
    const all = () => {
      if (this.#pending) this.#air.scannedWhileConnecting += 1;
      for (const peripheral of this.#air.peripherals) this.#advertise(peripheral);
    };
    all();
    const scanning = setInterval(all, this.#air.times.advertiseEveryMs);
    this.#scanning = scanning;
    this.#air.scans.add(() => clearInterval(scanning));
  }

  #advertise(peripheral: AirPeripheral): void {
    const data = peripheral.manufacturerData();
    if (!data) return;
    const report = (type: number, body: Buffer) => {
      const head = Buffer.from([
        4,
        0x3e,
        12 + body.length,
        2,
        1,
        type,
        1,
        ...addressBytes(peripheral.address),
        body.length,
      ]);
      const rssi = Buffer.alloc(1);
      rssi.writeInt8(peripheral.rssi());
      this.#emit(Buffer.concat([head, body, rssi]));
    };
    report(0, Buffer.concat([Buffer.from([2, 1, 6, data.length + 1, 0xff]), data]));
    report(4, Buffer.alloc(0));
  }

  #connect(opcode: number, address: readonly number[]): void {
    this.#emit(Buffer.from([4, 0x0f, 4, 0, 1, opcode & 0xff, opcode >> 8]));
    if (this.#scanning) this.#air.scannedWhileConnecting += 1;
    const wanted = address.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    const { connectMs } = this.#air.times;
    const waitMs = typeof connectMs === 'number' ? connectMs : connectMs();
    const timer = setTimeout(() => this.#answer(wanted), waitMs);
    this.#pending = { address: wanted, timer };
  }

  #answer(address: string): void {
    const peripheral = [...this.#air.peripherals].find((each) => each.address === address);
    const handle = this.#handle + 1;
    const peer = {
      notify: (frame: Uint8Array) => void this.#standing.get(handle)?.att.notify(frame),
      drop: () => this.#lose(handle, TIMED_OUT),
    };
    const other = peripheral?.manufacturerData() && peripheral.connected(peer);
    // It stays pending until the host cancels: the controller itself has no time-out.
    if (!peripheral || !other) return;
    this.#handle = handle;
    this.#pending = undefined;
    const send = (pdu: Buffer) => this.#send(handle, pdu);
    const att = createAttServer(
      peripheral.mtu,
      () => peripheral.faults?.() ?? {},
      send,
      (frame) => other.onFrame(frame),
    );
    this.#standing.set(handle, { peripheral, att, other, events: this.#events?.open(), incoming: Buffer.alloc(0) });
    this.#connectComplete(0, handle, address);
  }

  #connectComplete(status: number, handle: number, address: string): void {
    const event = Buffer.alloc(22);
    event.set([4, 0x3e, 19, 1, status]);
    event.writeUInt16LE(handle, 5);
    event.set([0, 1, ...addressBytes(address)], 7);
    event.writeUInt16LE(Math.round(this.#air.times.intervalMs / 1.25) || 24, 15);
    event.writeUInt16LE(42, 19);
    this.#emit(event);
  }

  #cancel(opcode: number): void {
    const { address, timer } = this.#pending ?? {};
    this.#complete(opcode, [address === undefined ? 0x0c : 0]);
    if (address === undefined) return;
    clearTimeout(timer);
    this.#pending = undefined;
    this.#connectComplete(0x02, 0, address);
  }

  #lose(handle: number, reason: number): void {
    const standing = this.#standing.get(handle);
    if (!standing) return;
    this.#standing.delete(handle);
    standing.events?.close();
    standing.other.onClosed();
    this.#emit(Buffer.from([4, 5, 4, 0, handle & 0xff, handle >> 8, reason]));
  }

  #send(handle: number, pdu: Buffer): void {
    const standing = this.#standing.get(handle);
    if (!standing) return;
    const packet = Buffer.alloc(9);
    packet[0] = 2;
    packet.writeUInt16LE(handle | 0x2000, 1);
    packet.writeUInt16LE(pdu.length + 4, 3);
    packet.writeUInt16LE(pdu.length, 5);
    packet.writeUInt16LE(ATT_CHANNEL, 7);
    const arrived = () => this.#emit(Buffer.concat([packet, pdu]));
    if (standing.events) standing.events.carry('up', pdu.length + L2CAP_BYTES, arrived);
    else arrived();
  }

  #data(packet: Buffer): void {
    const flags = packet.readUInt16LE(1);
    const handle = flags & 0xfff;
    const standing = this.#standing.get(handle);
    const arrived = () => {
      this.#emit(Buffer.from([4, 0x13, 5, 1, handle & 0xff, handle >> 8, 1, 0]));
      if (standing) this.#arrived(standing, packet);
    };
    if (standing?.events) standing.events.carry('down', packet.length - ACL_BYTES, arrived);
    else arrived();
  }

  #arrived(standing: Standing, packet: Buffer): void {
    const flags = packet.readUInt16LE(1);
    const isMore = ((flags >> 12) & 3) === 1;
    standing.incoming = isMore
      ? Buffer.concat([standing.incoming, packet.subarray(ACL_BYTES)])
      : packet.subarray(ACL_BYTES);
    const { incoming } = standing;
    if (incoming.length < 4 || incoming.length < 4 + incoming.readUInt16LE(0)) return;
    standing.incoming = Buffer.alloc(0);
    if (incoming.readUInt16LE(2) !== ATT_CHANNEL) return;
    const pdu = Buffer.from(incoming.subarray(4));
    setImmediate(() => standing.att.receive(pdu));
  }
}

/**
 * From here on noble, once loaded, speaks to this air. Loads noble's modules anew, so that several airs do not meet. The
 * returned function makes noble instances, to be handed to NobleRadio as `load`.
 */
export function nobleOver(air: Air): (device: number) => Noble {
  const require = createRequire(import.meta.url);
  const noble = createRequire(require.resolve('@abandonware/noble/package.json'));
  const socketPath = noble.resolve('@abandonware/bluetooth-hci-socket');
  class Socket extends HciSocket {
    constructor() {
      super(air);
    }
  }
  return (device) => {
    const isNobles = (path: string) => path.includes('/@abandonware/noble/');
    for (const path of Object.keys(require.cache)) if (isNobles(path)) delete require.cache[path];
    const before = require.cache[socketPath];
    const stand = { id: socketPath, filename: socketPath, loaded: true, exports: Socket, children: [], paths: [] };
    require.cache[socketPath] = stand as unknown as NodeJS.Module;
    try {
      return (noble('./with-custom-binding.js') as (options: object) => Noble)({ deviceId: device });
    } finally {
      if (before) require.cache[socketPath] = before;
      else delete require.cache[socketPath];
    }
  };
}
