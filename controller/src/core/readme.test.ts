// SPDX-License-Identifier: Apache-2.0
// The wiring files in the README work.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseWiring } from './wiring.ts';

it("the README's wiring files are accepted as they stand", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const files = [...readme.matchAll(/```json\n([^`]*)```/g)].map(([, text]) => JSON.parse(text ?? '') as unknown);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(parseWiring(file)).toMatchObject({ ok: true });
});
