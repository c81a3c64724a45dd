// SPDX-License-Identifier: Apache-2.0
// Long work in steps: whoever runs it may let others have the thread in between.

export type Steps<T> = Generator<void, T>;

/** Runs to the end at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
