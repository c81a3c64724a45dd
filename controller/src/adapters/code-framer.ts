// SPDX-License-Identifier: Apache-2.0
// Runs the framing of one scanner: its state and its one timer. What it says is a reader's event or a line of the log.
import { type FramingConfig, type FramingEvent, INITIAL_FRAMING, stepFraming } from '../core/scan-framing.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReaderEvent } from '../ports/reader-source.ts';

/** A noisy line must not fill the log. */
const LOG_EVERY_MS = 60_000;

export interface CodeFramer {
  take(bytes: Uint8Array): void;
  /** Forgets half a code: the scanner went away. */
  reset(): void;
}

export interface CodeFramerParts {
  readonly reader: string;
  readonly config: FramingConfig;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly tell: (event: ReaderEvent) => void;
  readonly log: ((message: string, fields: Readonly<Record<string, unknown>>) => void) | undefined;
}

export function createCodeFramer({ reader, config, clock, tell, log }: CodeFramerParts): CodeFramer {
  let state = INITIAL_FRAMING;
  let cancel: (() => void) | undefined;
  let loggedAtMs = Number.NEGATIVE_INFINITY;

  function note(why: string): void {
    if (clock.monotonic() - loggedAtMs < LOG_EVERY_MS) return;
    loggedAtMs = clock.monotonic();
    log?.('what a scanner sent was ignored', { reader, why });
  }

  function feed(event: FramingEvent): void {
    const stepped = stepFraming(config, state, event);
    state = stepped.state;
    for (const effect of stepped.effects) {
      switch (effect.kind) {
        case 'code':
          tell({ kind: 'code', reader, text: effect.text, atMs: clock.monotonic() });
          break;
        case 'unreadable':
          tell({ kind: 'unreadable', reader, detail: effect.detail });
          break;
        case 'ignored':
          note(effect.why);
          break;
        case 'timer':
          cancel?.();
          cancel = clock.after(effect.afterMs, () => feed({ kind: 'silence' }));
          break;
        case 'cancel':
          cancel?.();
      }
    }
  }

  return {
    take: (bytes) => feed({ kind: 'bytes', bytes }),
    reset() {
      cancel?.();
      state = INITIAL_FRAMING;
    },
  };
}
