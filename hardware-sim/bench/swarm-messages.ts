// SPDX-License-Identifier: Apache-2.0
// What a measurement and its swarm of controllers, a process of its own, tell each other.

export interface SwarmConnect {
  readonly kind: 'connect';
  readonly port: number;
  readonly site: string;
  readonly ca: string;
  /** PEM; one for all, only the certificates differ. */
  readonly key: string;
  readonly devices: readonly { readonly id: string; readonly certificate: string }[];
  /** Root document, a signed frame in base64url. */
  readonly root: string;
}

export type SwarmOrder =
  | SwarmConnect
  /** deny: verify and apply as a controller does. floor: one bare signature check. */
  | { readonly kind: 'listen'; readonly mode: 'deny' | 'floor' }
  /** Send so many batches each; report once everything is acknowledged. */
  | { readonly kind: 'upload'; readonly batches: number; readonly epoch: string };

export type SwarmReport =
  | { readonly kind: 'connected' }
  | { readonly kind: 'listening' }
  /** Monotonic nanoseconds, as text, at which each controller had it in force. */
  | { readonly kind: 'heard'; readonly atNs: readonly string[] }
  | { readonly kind: 'uploaded'; readonly startNs: string; readonly endNs: string; readonly bytes: number };
