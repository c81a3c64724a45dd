// SPDX-License-Identifier: Apache-2.0
// What the phone keeps, in IndexedDB: its key (which the browser will not give out), who and where it opens, the clock's last
// check. Everything a code needs is here, so the code is on screen before any request is made.
import type { MyPass, PhoneCertificate } from '@latchkey/protocols/api/me';
import type { PhoneKeyPair } from '@latchkey/protocols/codes/make-code';
import type { ClockSample } from './clock-check.ts';

export interface SavedPhone {
  readonly id: string;
  readonly name: string;
  readonly algorithm: 'ES256' | 'EdDSA';
  readonly keys: PhoneKeyPair;
  readonly campusId: string;
  readonly enrolledAtMs: number;
}

export interface SavedState {
  readonly phone: SavedPhone;
  readonly pass: Pick<MyPass, 'campusId' | 'number' | 'name' | 'zones'>;
  readonly certificates: readonly PhoneCertificate[];
  readonly clock: ClockSample;
  /** The zone chosen last. */
  readonly zone: number;
  /** A key on trial, while a phone is enrolled. */
  readonly trial: PhoneKeyPair;
  /** This phone opens nothing any more: since when, as far as is known. */
  readonly ended: { readonly state: 'replaced' | 'withdrawn'; readonly endedAt: string | null };
}
export type Saved = Readonly<Partial<SavedState>>;

export interface PassStore {
  load(): Promise<Saved>;
  /** All or nothing. An undefined value removes its key. */
  save(changes: { readonly [Key in keyof SavedState]?: SavedState[Key] | undefined }): Promise<void>;
  close(): void;
}

const DATABASE = 'latchkey-pass';
const STATE = 'state';

export async function openPassStore(factory: IDBFactory): Promise<PassStore> {
  const opening = factory.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STATE);
  const database = await resultOf(opening);
  return {
    async load() {
      const store = database.transaction(STATE).objectStore(STATE);
      const [names, values] = await Promise.all([resultOf(store.getAllKeys()), resultOf(store.getAll())]);
      return Object.fromEntries(names.map((name, at) => [String(name), values[at]])) as Saved;
    },
    async save(changes) {
      const transaction = database.transaction(STATE, 'readwrite');
      const store = transaction.objectStore(STATE);
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined) store.delete(name);
        else store.put(value, name);
      }
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('the browser did not keep it'));
      });
    },
    close: () => database.close(),
  };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the browser keeps nothing for this page'));
  });
}
