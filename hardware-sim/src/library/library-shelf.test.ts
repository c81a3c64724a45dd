// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { libraryShelf } from './library-shelf.ts';

it('holds two hundred books, two copies a title, under barcodes that are easy to type', () => {
  const shelf = libraryShelf();
  expect(shelf).toHaveLength(200);
  expect(new Set(shelf.map(({ barcode }) => barcode)).size).toBe(200);
  expect([shelf[0]?.barcode, shelf.at(-1)?.barcode]).toEqual(['B0001', 'B0200']);
  expect(shelf.filter(({ title }) => !/[\u4e00-\u9fff]/.test(title))).toEqual([]);
  expect(shelf.filter(({ callNumber }) => !callNumber)).toEqual([]);
});
