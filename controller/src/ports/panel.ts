// SPDX-License-Identifier: Apache-2.0
// Relays and inputs of a controller. Names are the wiring file's; what they mean (polarity, debouncing, door) is core's business.

/** `active` is the input's closed circuit (or its high level); `fault` is a supervised line that is cut or shorted, or one that cannot be read. */
export type InputLevel = 'active' | 'inactive' | 'fault';

export interface Panel {
  /**
   * Energises (`true`) or releases an output. Resolves once the hardware took it, rejects when it did not: the caller then
   * reports a lock fault. Calls for one output take effect in the order they were made. Must be quick (≤ 5 ms): a door waits.
   */
  setOutput(output: string, on: boolean): Promise<void>;
  /**
   * Watches every input from now on. The present level of each is told once before it resolves, then every change, raw:
   * debouncing is done by the listener. The listener must not throw.
   */
  watch(listener: (input: string, level: InputLevel) => void): Promise<void>;
  /** Releases every output, then lets go of the hardware. */
  close(): Promise<void>;
}
