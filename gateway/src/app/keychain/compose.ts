// SPDX-License-Identifier: Apache-2.0
// The keychain over the gateway's parts.

import { isFinalOpening, type Opening } from '@latchkey/protocols/api/keychain';
import { ok } from '@latchkey/protocols/result';
import type { KeychainService } from '../../http/keychain-service.ts';
import { findOwn } from '../own/person.ts';
import { doorsOf } from './doors.ts';
import { type OpeningOptions, openDoor, readOpening } from './openings.ts';

const LOOK_MS = 100;

export function composeKeychain(options: OpeningOptions): KeychainService {
  const { db } = options.database;

  async function opening(number: string, id: string) {
    const person = await findOwn(db, number);
    return person.ok ? readOpening(options, person.value.id, id) : person;
  }

  return {
    async doors(number) {
      const person = await findOwn(db, number);
      return person.ok ? ok(await doorsOf(options, person.value)) : person;
    },
    async open(number, tap) {
      const person = await findOwn(db, number);
      return person.ok ? openDoor(options, person.value, tap) : person;
    },
    opening,
    // Looked at, not pushed: one row by its key, for the ten seconds that a ticket lives.
    async *follow(number, id, signal) {
      let last: Opening['state'] | undefined;
      while (!signal.aborted) {
        const now = await opening(number, id);
        if (!now.ok) return;
        if (now.value.state !== last) yield now.value;
        last = now.value.state;
        if (isFinalOpening(last)) return;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
  };
}
