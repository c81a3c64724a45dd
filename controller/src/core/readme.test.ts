// SPDX-License-Identifier: Apache-2.0
// The wiring file in the README is one that works.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseWiring } from './wiring.ts';

it("the README's wiring file is accepted as it stands", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const files = [...readme.matchAll(/```json\n([^`]*)```/g)].map(([, text]) => JSON.parse(text ?? '') as unknown);
  expect(files).toHaveLength(1);
  expect(parseWiring(files[0])).toMatchObject({ ok: true });
});
