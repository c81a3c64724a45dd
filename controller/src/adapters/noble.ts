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
  readonly id: string;
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
  /** By peripheral, as all tables that follow. */
  readonly _peripherals: Record<string, NoblePeripheral>;
  readonly _services: Record<string, unknown>;
  readonly _characteristics: Record<string, unknown>;
  readonly _descriptors: Record<string, unknown>;
  readonly _discoveredPeripheralUUids: Record<string, unknown>;
  readonly _bindings: EventEmitter & {
    readonly _addresses: Record<string, unknown>;
    readonly _addresseTypes: Record<string, unknown>;
    readonly _connectable: Record<string, unknown>;
    /** By address. */
    readonly _gap: { _discoveries: Record<string, unknown> };
    readonly onSigIntBinded?: () => void;
    readonly _hci: {
      pollIsDevUp: () => void;
      readonly _socket: EventEmitter & { stop(): void };
    };
  };
}
