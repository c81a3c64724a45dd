// SPDX-License-Identifier: Apache-2.0
// The part of nfc-pcsc 0.8.1 (which brings no types) that pcsc-session uses.
declare module 'nfc-pcsc' {
  import type { EventEmitter } from 'node:events';

  /** The pcsclite reader below. `connected` is kept by the native code. */
  export interface NativeReader extends EventEmitter {
    readonly connected: boolean;
    readonly SCARD_LEAVE_CARD: number;
    disconnect(disposition: number, callback: (error: Error | null) => void): void;
  }

  export interface NfcReader extends EventEmitter {
    readonly name: string;
    readonly reader: NativeReader;
    autoProcessing: boolean;
    readonly connection: object | null;
    connect(mode?: string): Promise<unknown>;
    disconnect(): Promise<unknown>;
    transmit(data: Buffer, responseMaxLength: number): Promise<Buffer>;
  }

  export class NFC extends EventEmitter {}
}
