// SPDX-License-Identifier: Apache-2.0
// The log of a lock in flash (reference: lock, Log): a ring of records with numbers that never repeat. Entering a page erases it,
// which is how the oldest are overwritten; a record torn by a power cut leaves a hole in the flash and none in the numbers.
import { concatBytes, equalBytes } from '@latchkey/protocols/bytes/equal';
import { sha256 } from '@latchkey/protocols/bytes/hash';
import { LOG_RECORD, type LogRecord } from '@latchkey/protocols/lock/log-record';
import type { Flash } from './flash.ts';

export interface LogRing {
  /** Number of the next record. */
  next(): number;
  /** Of the oldest record that is there and not freed; `next()` where there is none. */
  first(): number;
  /** Records from this number on, at most so many. */
  read(from: number, most: number): LogRecord[];
  append(record: Omit<LogRecord, 'seq'>): LogRecord;
  /** How many fit before the oldest is overwritten. */
  readonly capacity: number;
}

const SLOT = 32;
const CHECK_BYTES = 4;
const checkOf = (bytes: Uint8Array): Uint8Array => sha256(bytes).slice(0, CHECK_BYTES);

export function openLogRing(flash: Flash, firstPage: number, pages: number, freedUpTo: () => number): LogRing {
  const perPage = Math.floor(flash.pageBytes / SLOT);
  const slots = perPage * pages;
  const at = (slot: number) => (firstPage + Math.floor(slot / perPage)) * flash.pageBytes + (slot % perPage) * SLOT;
  /** By number, in order. */
  const records = new Map<number, LogRecord>();
  /** Which numbers lie in which page, to forget them when it is erased. */
  const byPage = new Map<number, number[]>();
  let position = 0;
  let next = 0;

  function keep(slot: number, record: LogRecord): void {
    const page = Math.floor(slot / perPage);
    records.set(record.seq, record);
    byPage.set(page, [...(byPage.get(page) ?? []), record.seq]);
  }

  function readSlot(slot: number): LogRecord | 'empty' | 'torn' {
    const bytes = flash.read(at(slot), SLOT);
    if (bytes.every((byte) => byte === 0xff)) return 'empty';
    const record = LOG_RECORD.decode(bytes.slice(0, LOG_RECORD.size));
    const check = bytes.slice(LOG_RECORD.size, LOG_RECORD.size + CHECK_BYTES);
    return record.ok && equalBytes(check, checkOf(bytes.slice(0, LOG_RECORD.size))) ? record.value : 'torn';
  }

  function scan(): void {
    const found: { slot: number; record: LogRecord }[] = [];
    for (let slot = 0; slot < slots; slot += 1) {
      const record = readSlot(slot);
      if (typeof record === 'object') found.push({ slot, record });
    }
    found.sort((one, other) => one.record.seq - other.record.seq);
    for (const { slot, record } of found) keep(slot, record);
    const last = found.at(-1);
    next = Math.max(freedUpTo(), last ? last.record.seq + 1 : 0);
    position = last ? (last.slot + 1) % slots : 0;
    // Torn ones after the last are passed over; a torn page is erased when it is entered.
    while (position % perPage !== 0 && readSlot(position) !== 'empty') position = (position + 1) % slots;
  }

  function enterPage(page: number): void {
    for (const seq of byPage.get(page) ?? []) records.delete(seq);
    byPage.delete(page);
    flash.erase(firstPage + page);
  }

  scan();
  return {
    capacity: slots - perPage,
    next: () => next,
    first() {
      for (const seq of records.keys()) if (seq >= freedUpTo()) return seq;
      return next;
    },
    read(from, most) {
      const found: LogRecord[] = [];
      for (const record of records.values()) {
        if (record.seq >= from && found.length < most) found.push(record);
      }
      return found;
    },
    append(body) {
      const record = { ...body, seq: next };
      const bytes = LOG_RECORD.encode(record);
      if (position % perPage === 0) enterPage(position / perPage);
      const slot = position;
      flash.program(at(slot), concatBytes([bytes, checkOf(bytes)]));
      position = (position + 1) % slots;
      next += 1;
      keep(slot, record);
      return record;
    },
  };
}
