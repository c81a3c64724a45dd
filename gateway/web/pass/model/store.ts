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
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(STATE));
  const database = await resultOf(opening);
  return {
    async load() {
      const store = database.transaction(STATE).objectStore(STATE);
      const names = store.getAllKeys() as IDBRequest<string[]>;
      const values = store.getAll() as IDBRequest<unknown[]>;
      const [keys, kept] = await Promise.all([resultOf(names), resultOf(values)]);
      return Object.fromEntries(keys.map((key, at) => [key, kept[at]])) as Saved;
    },
    async save(changes) {
      const transaction = database.transaction(STATE, 'readwrite');
      const store = transaction.objectStore(STATE);
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined) store.delete(name);
        else store.put(value, name);
      }
      await new Promise<void>((resolve, reject) => {
        transaction.addEventListener('complete', () => resolve());
        transaction.addEventListener('abort', () =>
          reject(transaction.error ?? new Error('the browser did not keep it')),
        );
      });
    },
    close: () => database.close(),
  };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('the browser keeps nothing here')));
  });
}
