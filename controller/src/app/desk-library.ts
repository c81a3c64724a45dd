// SPDX-License-Identifier: Apache-2.0
// The library's system of a desk, or none: then everything is kept here, for an export.
import type { DeskWiring } from '../core/wiring-desk.ts';
import type { DeskLibrary } from '../roles/desk-library.ts';

export interface OpenedDeskLibrary extends DeskLibrary {
  start(): void;
  close(): Promise<void>;
}

export interface DeskLibraryParts {
  readonly wiring: DeskWiring;
  readonly onState: () => void;
  /** IANA zone of the library's dates. */
  readonly timeZone: () => string;
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

export async function openDeskLibrary(_parts: DeskLibraryParts): Promise<OpenedDeskLibrary> {
  return NO_LIBRARY;
}
