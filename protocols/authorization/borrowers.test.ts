// SPDX-License-Identifier: Apache-2.0
// Patron numbers behind credentials: found with the card and the key, hidden without either.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBorrowers, sealBorrowers } from './borrowers.ts';
import { cardId, createPrf } from './credential-id.ts';

const prf = createPrf(new Uint8Array(16).fill(7));
const idOf = (n: number) => cardId(Uint8Array.of(4, n >> 8, n & 255, 9));
const sealed = (numbers: readonly string[]) =>
  sealBorrowers(
    numbers.map((number, n) => ({ id: idOf(n), number })),
    prf,
  );

const patronNumber = fc.stringMatching(/^[!-~]{1,32}$/);

describe('borrowers', () => {
  it('finds every number by its card, and nobody else', () => {
    fc.assert(
      fc.property(fc.array(patronNumber, { maxLength: 40 }), (numbers) => {
        const table = openBorrowers(sealed(numbers));
        expect(table.count).toBe(numbers.length);
        numbers.forEach((number, n) => expect(table.find(idOf(n), prf)).toBe(number));
        expect(table.find(idOf(999), prf)).toBeUndefined();
      }),
    );
  });

  it('shows no number and no two equal ones as equal', () => {
    const table = sealed(['2026001', '2026001']);
    const bytes = Buffer.from(table?.rows ?? '', 'base64url');
    expect(bytes.toString('latin1')).not.toContain('2026');
    expect(bytes.subarray(8, 15).equals(bytes.subarray(23, 30))).toBe(false);
  });

  it('tells nothing under another key', () => {
    const table = openBorrowers(sealed(['2026001']));
    expect(table.find(idOf(0), createPrf(new Uint8Array(16).fill(8)))).toBeUndefined();
  });

  it('holds nobody where the table is cut or missing', () => {
    const table = sealed(['2026001', '2026002']);
    expect(openBorrowers(undefined).find(idOf(0), prf)).toBeUndefined();
    expect(openBorrowers(table && { ...table, rows: table.rows.slice(0, -2) }).count).toBe(0);
  });
});
