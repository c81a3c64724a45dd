// SPDX-License-Identifier: Apache-2.0
// What a bench has to have so that a controller with this wiring finds everything: taken from the wiring file itself.
import { feedbackOutputs, lockOutputs, type Wiring } from '@latchkey/controller/core/wiring';

export interface BenchInput {
  readonly input: string;
  /** The circuit is closed in the quiet state. */
  readonly normallyClosed: boolean;
}

export interface BenchPortal {
  readonly id: string;
  readonly outputs: { readonly in: string; readonly out: string };
  readonly fail: 'safe' | 'secure';
  /** Lamps and beepers. */
  readonly feedback?: readonly string[];
  readonly contact?: BenchInput;
  readonly requestToExit?: BenchInput;
  readonly fire?: BenchInput;
  readonly tamper?: BenchInput;
  readonly readers: readonly { readonly name: string; readonly direction: 'in' | 'out' }[];
}

export interface BenchLayout {
  readonly readers: readonly string[];
  readonly portals: readonly BenchPortal[];
}

const INPUTS = ['contact', 'requestToExit', 'fire', 'tamper'] as const;

export function benchLayout(wiring: Wiring): BenchLayout {
  return {
    readers: wiring.readers.map(({ name }) => name),
    portals: wiring.portals.map((portal) => ({
      id: portal.id,
      outputs: lockOutputs(portal.lock),
      fail: portal.lock.fail,
      feedback: feedbackOutputs(portal),
      readers: portal.readers,
      ...Object.fromEntries(
        INPUTS.flatMap((role) => {
          const wired = portal[role];
          return wired ? [[role, { input: wired.input, normallyClosed: wired.normallyClosed }]] : [];
        }),
      ),
    })),
  };
}

export const portalInputs = (portal: BenchPortal): BenchInput[] =>
  INPUTS.flatMap((role) => {
    const wired = portal[role];
    return wired ? [wired] : [];
  });
