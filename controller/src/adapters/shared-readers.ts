// SPDX-License-Identifier: Apache-2.0
// Readers of one controller for two listeners: those of the desk go to the desk, the others to the gate. Whether a reader is
// there at all is told to both.
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';

export interface SharedReaders {
  /** Starts and closes the source; every reader but those named. */
  readonly rest: ReaderSource;
  /** Must not throw. From the start of `rest` on. */
  onNamed(listener: (event: ReaderEvent) => void): void;
}

export function shareReaders(source: ReaderSource, names: readonly string[]): SharedReaders {
  const named = new Set(names);
  let tellNamed: (event: ReaderEvent) => void = () => undefined;
  return {
    rest: {
      start: (listener) =>
        source.start((event) => {
          const isNamed = named.has(event.reader);
          if (isNamed) tellNamed(event);
          if (!isNamed || event.kind === 'attached' || event.kind === 'detached') listener(event);
        }),
      close: () => source.close(),
    },
    onNamed(listener) {
      tellNamed = listener;
    },
  };
}
