// SPDX-License-Identifier: Apache-2.0
// A lock as a peripheral of the virtual Bluetooth controller.
import { payloadOf } from '@latchkey/protocols/lock/framing';
import type { AirPeripheral } from './hci-controller.ts';
import type { SimulatedLock } from './simulated-lock.ts';

const MTU = 247;

export function peripheralOf(lock: SimulatedLock, mtu = MTU, rssi: () => number = () => -60): AirPeripheral {
  return {
    address: lock.address,
    mtu,
    rssi,
    manufacturerData: lock.manufacturerData,
    connected: (peer) => lock.connect(peer, payloadOf(mtu)),
  };
}
