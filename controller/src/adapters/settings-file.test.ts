// SPDX-License-Identifier: Apache-2.0
// The settings document: what is read is checked, what is written is durable, a broken file is never written over.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { openSettingsFile } from './settings-file.ts';

const schema = z.object({
  count: z.int(),
  door: z.object({ fail: z.enum(['safe', 'secure'], 'use "safe" or "secure"') }),
});
const INITIAL = { count: 0, door: { fail: 'safe' as const } };
let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'settings-'));
  path = join(directory, 'settings.json');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('starts from the initial document and writes nothing until something changes', async () => {
  const settings = await openSettingsFile(path, schema, INITIAL);
  expect(settings.current()).toEqual(INITIAL);
  expect(readdirSync(directory)).toEqual([]);
});

it('has a change on disk, for its owner only, when update resolves', async () => {
  const settings = await openSettingsFile(path, schema, INITIAL);
  await settings.update((data) => ({ ...data, count: 7 }));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ count: 7 });
  expect(statSync(path).mode & 0o077).toBe(0);
  expect((await openSettingsFile(path, schema, INITIAL)).current().count).toBe(7);
});

it('applies changes one after the other', async () => {
  const settings = await openSettingsFile(path, schema, INITIAL);
  await Promise.all(Array.from({ length: 20 }, () => settings.update((data) => ({ ...data, count: data.count + 1 }))));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ count: 20 });
});

it('names field and fix of a broken document and leaves it as it is', async () => {
  const broken = '{"count": 1, "door": {"fail": "maybe"}}';
  writeFileSync(path, broken);
  await expect(openSettingsFile(path, schema, INITIAL)).rejects.toThrow(`${path}: door.fail: use "safe" or "secure"`);
  expect(readFileSync(path, 'utf8')).toBe(broken);
});

it('says so when the document is not JSON', async () => {
  writeFileSync(path, '{"count": 1,');
  await expect(openSettingsFile(path, schema, INITIAL)).rejects.toThrow('is not JSON');
});

it('keeps the old document, in memory and on disk, when a write fails', async () => {
  const settings = await openSettingsFile(path, schema, INITIAL);
  await settings.update((data) => ({ ...data, count: 1 }));
  rmSync(directory, { recursive: true });
  await expect(settings.update((data) => ({ ...data, count: 2 }))).rejects.toThrow('ENOENT');
  expect(settings.current().count).toBe(1);
});
