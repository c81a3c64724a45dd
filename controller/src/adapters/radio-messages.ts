// SPDX-License-Identifier: Apache-2.0
// What a controller and the process of one of its radios tell each other. A link has the number of the connect that made it.
import type { LockRadioFault, SeenLock } from '../ports/lock-radio.ts';

export type RadioRequest =
  | { readonly kind: 'start'; readonly device: number }
  | { readonly kind: 'connect'; readonly address: string; readonly deadlineMs: number }
  | { readonly kind: 'write'; readonly link: number; readonly frame: Uint8Array }
  | { readonly kind: 'close'; readonly link: number }
  /** The process ends once the radio is free. */
  | { readonly kind: 'end' };

export type ToRadioProcess = RadioRequest & { readonly id: number };

export type FromRadioProcess =
  | { readonly kind: 'seen'; readonly lock: SeenLock }
  /** The next connect may begin. */
  | { readonly kind: 'reached'; readonly id: number }
  | { readonly kind: 'linked'; readonly id: number; readonly room: number }
  | { readonly kind: 'done'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly code: LockRadioFault; readonly message: string }
  | { readonly kind: 'frame'; readonly link: number; readonly frame: Uint8Array }
  | { readonly kind: 'closed'; readonly link: number }
  | { readonly kind: 'log'; readonly message: string; readonly fields: object };
