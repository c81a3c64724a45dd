// SPDX-License-Identifier: Apache-2.0
// Several sources of readers as one: cards from PC/SC, codes from every scanner.
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';

/** One that cannot start ends the start of all: the others are closed, and its words for people are passed on. */
export function joinReaders(sources: readonly ReaderSource[]): ReaderSource {
  const closeAll = async () => {
    await Promise.all(sources.map(async (source) => source.close()));
  };
  return {
    async start(listener: (event: ReaderEvent) => void) {
      const started = await Promise.allSettled(sources.map(async (source) => source.start(listener)));
      const failed = started.find((each) => each.status === 'rejected');
      if (failed === undefined) return;
      await closeAll();
      throw failed.reason as Error;
    },
    close: closeAll,
  };
}
