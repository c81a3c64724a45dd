// SPDX-License-Identifier: Apache-2.0
// Patron numbers of a library desk's list: which number of the library stands behind a card, readable only with the card at hand
// (promise 7). A row is masked by the scope's PRF over ids made of the credential's own: whoever takes the disk without the key
// learns nothing, and with it still has to guess cards one by one.
import { fromBase64url, toBase64url } from '../bytes/base64url.ts';
import { concatBytes } from '../bytes/equal.ts';
import { sha256 } from '../bytes/hash.ts';
import { ID_BYTES, KEY_BYTES, type Prf } from './credential-id.ts';
import type { BorrowerTable } from './policy-document.ts';

export interface Borrower {
  /** 16-byte id of the credential. */
  readonly id: Uint8Array;
  /** 1 to 32 printable ASCII characters. */
  readonly number: string;
}

const LABEL = new TextEncoder().encode('campus-borrower-v1\0');
const PATRON_NUMBER = /^[\x21-\x7e]{1,32}$/;

function maskOf(id: Uint8Array, width: number, prf: Prf): Uint8Array {
  const blocks = Math.ceil(width / KEY_BYTES);
  const ids = Array.from({ length: blocks }, (_, block) =>
    sha256(concatBytes([LABEL, Uint8Array.of(block), id])).slice(0, ID_BYTES),
  );
  return prf.keys(concatBytes(ids)).subarray(0, width);
}

function compareKeys(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < KEY_BYTES; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Throws on a number that is no patron number: whoever calls has checked. */
export function sealBorrowers(borrowers: readonly Borrower[], prf: Prf): BorrowerTable | undefined {
  if (borrowers.length === 0) return undefined;
  const width = Math.max(...borrowers.map(({ number }) => number.length));
  const rows = borrowers.map(({ id, number }) => {
    if (!PATRON_NUMBER.test(number)) throw new RangeError('a patron number is 1 to 32 printable characters');
    const masked = maskOf(id, width, prf);
    for (let at = 0; at < width; at++)
      masked[at] = (masked[at] ?? 0) ^ (at < number.length ? number.charCodeAt(at) : 0);
    return concatBytes([prf.key(id), masked]);
  });
  return { width, rows: toBase64url(concatBytes(rows.sort(compareKeys))) };
}

export interface Borrowers {
  readonly count: number;
  /** Patron number behind a credential; `undefined`: none is told. */
  find(id: Uint8Array, prf: Prf): string | undefined;
}

/** A table cut short or with bytes too many holds nobody: it was signed, so this is a fault of whoever made it. */
export function openBorrowers(table: BorrowerTable | undefined): Borrowers {
  const decoded = table && fromBase64url(table.rows);
  const rows = decoded?.ok === true ? decoded.value : new Uint8Array();
  const width = table?.width ?? 0;
  const rowBytes = KEY_BYTES + width;
  const count = rows.length % rowBytes === 0 ? rows.length / rowBytes : 0;
  const rowAt = (index: number) => rows.subarray(index * rowBytes, (index + 1) * rowBytes);

  function search(key: Uint8Array): Uint8Array | undefined {
    let low = 0;
    let high = count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const row = rowAt(middle);
      const order = compareKeys(row, key);
      if (order === 0) return row;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  return {
    count,
    find(id, prf) {
      const row = search(prf.key(id));
      if (!row) return undefined;
      const mask = maskOf(id, width, prf);
      const text = String.fromCharCode(...row.subarray(KEY_BYTES).map((byte, at) => byte ^ (mask[at] ?? 0)));
      const number = text.replace(/\0+$/, '');
      return PATRON_NUMBER.test(number) ? number : undefined;
    },
  };
}
