// SPDX-License-Identifier: Apache-2.0
// The GATT table of a lock, as its ATT server answers for it (Core 5.x, Vol 3 Part F): one service, RX to be written, TX that
// notifies once its descriptor says so.
import { LOCK_SERVICE } from '@latchkey/controller/ports/lock-radio';

const HANDLES = { service: 1, rx: 3, tx: 5, configuration: 6 } as const;
const ERRORS = { attributeNotFound: 0x0a, notSupported: 0x06, unlikely: 0x0e } as const;
const PRIMARY_SERVICE = 0x2800;
const CHARACTERISTIC = 0x2803;
const CONFIGURATION = 0x2902;
const NOTIFY = 0x10;

export interface AttFaults {
  /** RX wants writes with response and answers each with an error. */
  readonly writeError?: boolean;
  /** RX takes only writes with response. */
  readonly withResponseOnly?: boolean;
  /** Another service than a lock's. */
  readonly noService?: boolean;
  /** The link stands, and nothing on it is answered. */
  readonly silent?: boolean;
}

export interface AttServer {
  /** One PDU from the client. */
  receive(pdu: Buffer): void;
  /** False where nobody subscribed. */
  notify(value: Uint8Array): boolean;
}

const uuid = (text: string): Buffer => Buffer.from(text, 'hex').reverse();
const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);

export function createAttServer(
  mtu: number,
  faults: () => AttFaults,
  send: (pdu: Buffer) => void,
  onWrite: (value: Uint8Array) => void,
): AttServer {
  let subscribed = false;
  const fail = (operation: number, handle: number, code: number) =>
    send(Buffer.from([0x01, operation, handle & 0xff, handle >> 8, code]));

  function readByGroup(from: number, type: number): void {
    if (type !== PRIMARY_SERVICE || from > HANDLES.service || faults().noService)
      return fail(0x10, from, ERRORS.attributeNotFound);
    send(Buffer.concat([Buffer.from([0x11, 20]), u16(1), u16(HANDLES.configuration), uuid(LOCK_SERVICE.service)]));
  }

  function characteristic(handle: number, properties: number, id: string): void {
    send(Buffer.concat([Buffer.from([0x09, 21]), u16(handle - 1), Buffer.from([properties]), u16(handle), uuid(id)]));
  }

  function readByType(from: number, to: number, type: number): void {
    const { writeError, withResponseOnly } = faults();
    if (type === CHARACTERISTIC && from <= HANDLES.rx - 1)
      return characteristic(HANDLES.rx, writeError || withResponseOnly ? 0x08 : 0x0c, LOCK_SERVICE.rx);
    if (type === CHARACTERISTIC && from <= HANDLES.tx - 1) return characteristic(HANDLES.tx, NOTIFY, LOCK_SERVICE.tx);
    if (type === CONFIGURATION && from <= HANDLES.configuration && to >= HANDLES.configuration)
      return send(Buffer.concat([Buffer.from([0x09, 4]), u16(HANDLES.configuration), u16(subscribed ? 1 : 0)]));
    fail(0x08, from, ERRORS.attributeNotFound);
  }

  function write(operation: number, handle: number, value: Buffer): void {
    if (handle === HANDLES.rx && faults().writeError) return fail(operation, handle, ERRORS.unlikely);
    if (handle === HANDLES.configuration) subscribed = (value[0] ?? 0) === 1;
    if (operation === 0x12) send(Buffer.from([0x13]));
    if (handle === HANDLES.rx) onWrite(new Uint8Array(value));
  }

  return {
    receive(pdu) {
      if (faults().silent) return;
      const operation = pdu[0] as number;
      const first = pdu.length >= 3 ? pdu.readUInt16LE(1) : 0;
      switch (operation) {
        case 0x02:
          return send(Buffer.concat([Buffer.from([0x03]), u16(mtu)]));
        case 0x10:
          return readByGroup(first, pdu.readUInt16LE(5));
        case 0x08:
          return readByType(first, pdu.readUInt16LE(3), pdu.readUInt16LE(5));
        case 0x12:
        case 0x52:
          return write(operation, first, pdu.subarray(3));
        default:
          return fail(operation, first, ERRORS.notSupported);
      }
    },
    notify(value) {
      if (subscribed) send(Buffer.concat([Buffer.from([0x1b]), u16(HANDLES.tx), value]));
      return subscribed;
    },
  };
}
