// SPDX-License-Identifier: Apache-2.0
// The library's system of a desk, or none: then everything is kept here, for an export.
import { createSip2Client } from '../adapters/sip2-client.ts';
import type { DeskWiring } from '../core/wiring-desk.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { DeskLibrary } from '../roles/desk-library.ts';
import { createDeskSip } from '../roles/desk-sip.ts';
import type { Log } from './log.ts';

export interface OpenedDeskLibrary extends DeskLibrary {
  start(): void;
  close(): Promise<void>;
}

export interface DeskLibraryParts {
  readonly wiring: DeskWiring;
  readonly clock: Clock;
  readonly random: Pick<Random, 'unit'>;
  readonly log: Log;
  readonly onState: () => void;
  readonly onLoginRefused?: () => void;
  /** IANA zone of the library's dates. */
  readonly timeZone: () => string;
  /** Trusted time. */
  readonly now: () => number;
}

const NO_LIBRARY: OpenedDeskLibrary = {
  state: () => ({ state: 'offline', name: null, takesStored: null }),
  patron: () => Promise.resolve({ outcome: 'no-answer' }),
  act: () => Promise.resolve({ outcome: 'not-sent' }),
  find: () => Promise.resolve({ outcome: 'no-answer' }),
  renewAll: () => Promise.resolve({ outcome: 'no-answer', renewed: [], unrenewed: [], detail: null }),
  pay: () => Promise.resolve({ paid: false, detail: null }),
  endSession: () => Promise.resolve(),
  start: () => undefined,
  close: () => Promise.resolve(),
};

export function openDeskLibrary(parts: DeskLibraryParts): OpenedDeskLibrary {
  const { library } = parts.wiring;
  if (!library) return NO_LIBRARY;
  const log = (message: string, fields: object) => parts.log.info(fields, message);
  const line = createSip2Client({ ...parts, wiring: library, log });
  const sip = createDeskSip({ ...parts, ...library, exchange: line, state: line.state });
  return { ...sip, start: line.start, close: line.close };
}
