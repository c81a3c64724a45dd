// SPDX-License-Identifier: Apache-2.0
// The way to the other controllers of a zone over the local network, without gateway or broker. Datagrams: each may be lost,
// doubled, late, or from anybody.

export interface ZoneLink {
  /** Starts once; resolves when listening, or when that failed and is tried on. The listener must not throw and must not block. */
  start(listener: (datagram: Uint8Array) => void): Promise<void>;
  /** Handed to the system for every neighbour before it returns; not to be changed after. Never throws: whoever is not there does not hear it. */
  send(datagram: Uint8Array): void;
  /** Nothing is heard after it resolves. */
  close(): Promise<void>;
}
