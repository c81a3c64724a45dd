// SPDX-License-Identifier: Apache-2.0
// How a scenario inside the lab tells what it saw.

export type Report = (step: string, ok: boolean, more?: { detail?: string | undefined; ms?: number }) => void;

/** Waits until `probe` is true; the milliseconds it took, or undefined at the deadline. */
export async function until(probe: () => boolean | Promise<boolean>, timeoutMs: number): Promise<number | undefined> {
  const started = performance.now();
  while (!(await probe())) {
    if (performance.now() - started > timeoutMs) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return Math.round(performance.now() - started);
}
