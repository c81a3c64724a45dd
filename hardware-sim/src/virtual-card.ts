// SPDX-License-Identifier: Apache-2.0
// A card for the vpcd driver of the real pcscd: bytes, not objects. Connecting lays it on the reader, closing takes it off.
// Frames both ways: 16-bit big-endian length, then the bytes; a frame of one byte from the reader is a control code.
import { connect, type Socket } from 'node:net';

/** Answers one command APDU; 'leave' takes the card off in the middle of the exchange, 'silence' never answers. */
export type ApduAnswer = Uint8Array | 'leave' | 'silence';

export interface CardScript {
  readonly atr: Uint8Array;
  answer(command: Uint8Array): ApduAnswer;
}

const CONTROL = { powerOff: 0, powerOn: 1, reset: 2, getAtr: 4 } as const;
const OK = [0x90, 0x00] as const;
const NOT_SUPPORTED = Uint8Array.of(0x6d, 0x00);

/** PC/SC Part 3: what a reader makes up for a MIFARE Classic 1K (storage card, ISO 14443-3). */
export const ATR_ISO_14443_3 = Buffer.from('3B8F8001804F0CA000000306030001000000006A', 'hex');
/** A DESFire as readers present it (ISO 14443-4, one historical byte). */
export const ATR_ISO_14443_4 = Buffer.from('3B8180018080', 'hex');

const isGetUid = (command: Uint8Array) => command[0] === 0xff && command[1] === 0xca && command[2] === 0x00;

/** A card that tells its UID as any campus card does. */
export function uidCard(uid: Uint8Array, atr: Uint8Array = ATR_ISO_14443_3): CardScript {
  return { atr, answer: (command) => (isGetUid(command) ? Uint8Array.of(...uid, ...OK) : NOT_SUPPORTED) };
}

/** A card that answers every command with one status word, such as 6A 81. */
export function refusingCard(statusWord: number, atr: Uint8Array = ATR_ISO_14443_3): CardScript {
  return { atr, answer: () => Uint8Array.of(statusWord >> 8, statusWord & 0xff) };
}

/** A card that is pulled away as soon as it is asked something. */
export const leavingCard = (): CardScript => ({ atr: ATR_ISO_14443_3, answer: () => 'leave' });

/** Something in the field whose answer to reset makes no sense, so that no connection to it comes about. */
export const garbledCard = (): CardScript => ({ atr: Uint8Array.of(0x00), answer: () => NOT_SUPPORTED });

/** A card that takes the command and never answers. */
export const silentCard = (): CardScript => ({ atr: ATR_ISO_14443_3, answer: () => 'silence' });

/** A card laid on a virtual reader until `remove()`. */
export class VirtualCard {
  /** Resolves when the card is off the reader, whoever took it off. */
  readonly removed: Promise<void>;
  readonly #socket: Socket;
  readonly #script: CardScript;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket, script: CardScript) {
    this.#socket = socket;
    this.#script = script;
    this.removed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.#onData(chunk));
  }

  /** Lays the card on the reader that listens on `port`; rejects when there is no such reader. */
  static async insert(port: number, script: CardScript): Promise<VirtualCard> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return new VirtualCard(socket, script);
  }

  async remove(): Promise<void> {
    this.#socket.destroy();
    await this.removed;
  }

  #onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 2) {
      const end = 2 + this.#received.readUInt16BE(0);
      if (this.#received.length < end) return;
      const frame = this.#received.subarray(2, end);
      this.#received = this.#received.subarray(end);
      this.#onFrame(frame);
    }
  }

  #onFrame(frame: Buffer): void {
    if (frame.length === 1) {
      if (frame[0] === CONTROL.getAtr) this.#send(this.#script.atr);
      return;
    }
    const answer = this.#script.answer(frame);
    if (answer === 'leave') this.#socket.destroy();
    else if (answer !== 'silence') this.#send(answer);
  }

  #send(bytes: Uint8Array): void {
    const frame = Buffer.alloc(2 + bytes.length);
    frame.writeUInt16BE(bytes.length);
    frame.set(bytes, 2);
    this.#socket.write(frame);
  }
}
