// SPDX-License-Identifier: Apache-2.0
// Runs long work on the thread that also answers doors: a slice at a time, everybody else's turn in between.
import { setImmediate } from 'node:timers/promises';
import type { Steps } from '../core/steps.ts';

/** Shorter than anybody notices; a step that takes longer stands for itself. */
const SLICE_MS = 10;

export async function takeTurns<T>(steps: Steps<T>): Promise<T> {
  for (let startedMs = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - startedMs < SLICE_MS) continue;
    await setImmediate();
    startedMs = performance.now();
  }
}
