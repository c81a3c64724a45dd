// SPDX-License-Identifier: Apache-2.0
// The administrator token is made once, lies in a private file, and only its digest decides.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openAdminToken } from './token.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-token-'));
});
afterEach(async () => rm(dir, { recursive: true }));

it('is 256 random bits in a file only its owner reads', async () => {
  const check = await openAdminToken(dir);
  const token = (await readFile(check.tokenFile, 'utf8')).trim();
  expect(token).toMatch(/^lka_[A-Za-z0-9_-]{43}$/);
  expect((await stat(check.tokenFile)).mode & 0o777).toBe(0o600);
  expect(check.accepts(token)).toBe(true);
  expect(check.accepts(`${token.slice(0, -1)}!`)).toBe(false);
  expect(check.accepts('')).toBe(false);
});

it('stays the same over restarts, even with the plain file moved away', async () => {
  const { tokenFile } = await openAdminToken(dir);
  const token = (await readFile(tokenFile, 'utf8')).trim();
  await rm(tokenFile);
  expect((await openAdminToken(dir)).accepts(token)).toBe(true);
});

it('of a damaged digest file is refused with what to do', async () => {
  await writeFile(join(dir, 'admin-token.sha256'), 'zz');
  await expect(openAdminToken(dir)).rejects.toThrow(/delete it and admin-token, then restart/);
});
