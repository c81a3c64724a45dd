// SPDX-License-Identifier: Apache-2.0
// How a scenario inside the lab tells what it saw, and what scenarios have in common.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export type Report = (step: string, ok: boolean, more?: { detail?: string | undefined; ms?: number }) => void;

/** Waits until `probe` is true; the milliseconds it took, or undefined at the deadline. */
export async function until(
  probe: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs = 10,
): Promise<number | undefined> {
  const started = performance.now();
  while (!(await probe())) {
    if (performance.now() - started > timeoutMs) return undefined;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return Math.round(performance.now() - started);
}

/** Rejects with what the program printed where it fails. */
export async function runIn(program: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, [...args]);
}
