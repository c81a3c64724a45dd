// SPDX-License-Identifier: Apache-2.0
// Bluetooth LE towards locks: what they advertise, and a link that carries frames both ways (reference: lock). A frame is one
// ATT write to a lock or one notification from it; what frames mean is none of the radio's business.

/** Of the GATT service every lock has (protocols/README.md, Locks). */
export const LOCK_SERVICE = {
  service: '4c4b00016c617463686b657900000001',
  /** Write, and write without response: towards the lock. */
  rx: '4c4b00026c617463686b657900000002',
  /** Notify: from the lock. */
  tx: '4c4b00036c617463686b657900000003',
} as const;

export interface SeenLock {
  /** Lower case, with colons. May change with the lock's battery; its short id does not. */
  readonly address: string;
  readonly rssi: number;
  /** As advertised, the two bytes of the company first. */
  readonly manufacturerData: Uint8Array;
  /** Which of this controller's radios heard it. */
  readonly adapter: string;
}

export type LockRadioFault =
  /** Never heard, or not lately. */
  | 'not-seen'
  | 'timeout'
  /** Connected, and it has no lock service. */
  | 'not-a-lock'
  | 'link-lost'
  /** The radio itself does not answer, or is closed. */
  | 'radio-down';

export class LockRadioError extends Error {
  readonly code: LockRadioFault;
  constructor(code: LockRadioFault, message: string = code) {
    super(message);
    this.name = 'LockRadioError';
    this.code = code;
  }
}

export interface LockLink {
  /** Bytes a frame may have: ATT MTU less 3. At least 20. */
  readonly room: number;
  /** Resolves once the radio took it, in order, not once the lock has it. Rejects with LockRadioError, never hangs. */
  write(frame: Uint8Array): Promise<void>;
  /** One listener, replaced by the next. Frames that came before there was one are handed to the first. Must not throw. */
  onFrame(listener: (frame: Uint8Array) => void): void;
  /** Once, however the link ended; at once where it has ended already. Must not throw. */
  onClosed(listener: () => void): void;
  /** Resolves when the radio is free of it. Calling it twice is fine; never rejects. */
  close(): Promise<void>;
}

export interface LockRadio {
  /** Scans until closed, also while links stand. The listener must not throw. Rejects with words for people. */
  start(listener: (seen: SeenLock) => void): Promise<void>;
  /**
   * Rejects with LockRadioError, at the latest after `deadlineMs`. Several calls wait for one another in order; `onReached`, where
   * it is called, says that the lock answered and the next call may begin, while this one still looks for the lock's service.
   */
  connect(address: string, deadlineMs: number, onReached?: () => void): Promise<LockLink>;
  /** Every link ends, connects under way fail; scanning goes on afterwards. */
  reset(): Promise<void>;
  close(): Promise<void>;
}
