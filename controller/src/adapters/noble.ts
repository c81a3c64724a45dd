// SPDX-License-Identifier: Apache-2.0
// What is used of @abandonware/noble 1.9.2-26, the parts below its documented interface included.
import type { EventEmitter } from 'node:events';

export interface NobleCharacteristic {
  readonly uuid: string;
  readonly properties: readonly string[];
  write(data: Buffer, withoutResponse: boolean, done?: () => void): void;
  subscribeAsync(): Promise<unknown>;
  on(event: 'data' | 'read', listener: (data: Buffer, isNotification: boolean) => void): unknown;
  removeAllListeners(event?: string): unknown;
}

export interface NoblePeripheral extends EventEmitter {
  readonly address: string;
  readonly rssi: number;
  readonly state: string;
  /** Null when connect resolves. */
  readonly mtu: number | null;
  readonly advertisement: { readonly manufacturerData?: Buffer };
  connectAsync(): Promise<unknown>;
  cancelConnect(): void;
  disconnect(): void;
  discoverSomeServicesAndCharacteristicsAsync(
    services: readonly string[],
    characteristics: readonly string[],
  ): Promise<{ readonly characteristics: readonly NobleCharacteristic[] }>;
}

export interface Noble {
  on(event: 'discover', listener: (peripheral: NoblePeripheral) => void): unknown;
  on(event: 'stateChange', listener: (state: string) => void): unknown;
  removeAllListeners(): unknown;
  startScanning(services: readonly string[], allowDuplicates: boolean): void;
  stopScanning(): void;
  reset(): void;
  readonly _bindings: EventEmitter & {
    readonly onSigIntBinded?: () => void;
    readonly _hci: {
      pollIsDevUp: () => void;
      readonly _socket: EventEmitter & { stop(): void };
    };
  };
}
