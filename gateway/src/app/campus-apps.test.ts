// SPDX-License-Identifier: Apache-2.0
// Mistakes in the configuration of campus apps are named by field, and secrets that others may read are refused.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCampusApps } from './campus-apps.ts';
import { loadConfig } from './config.ts';
import { StartRefused } from './start-refused.ts';

let folder: string;
let secretFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-apps-'));
  secretFile = join(folder, 'secret');
  await writeFile(secretFile, `${'s'.repeat(32)}\n`, { mode: 0o600 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = (...campusApps: object[]) => loadConfig({ environment: {}, flags: { campusApps } });

it('fills in how many requests an app has', async () => {
  const loaded = await load({ id: 'jinri', secretFile });
  expect(loaded).toMatchObject({ ok: true, value: { campusApps: [{ requestsPerMinute: 1_200 }] } });
});

it.each([
  [[{ id: 'Jinri', secretFile: 's' }], /campusApps\.0\.id.*a-z/],
  [[{ id: 'pass', secretFile: 's' }], /campusApps\.0\.id.*taken/],
  [
    [
      { id: 'a', secretFile: 's' },
      { id: 'a', secretFile: 's' },
    ],
    /campusApps\.1\.id.*taken/,
  ],
  [[{ id: 'a', secret: 'in the file itself' }], /secret/],
])('refuses %j', async (apps, expected) => {
  const loaded = await load(...apps);
  expect(loaded.ok ? '' : loaded.detail).toMatch(expected);
});

it('opens with a secret of its owner’s, and with no other', async () => {
  const open = () => openCampusApps([{ id: 'jinri', secretFile, requestsPerMinute: 1 }], Date.now);
  await expect(open()).resolves.toBeDefined();
  await chmod(secretFile, 0o644);
  await expect(open()).rejects.toThrow(/campus app jinri: others may read/);
  await chmod(secretFile, 0o600);
  await writeFile(secretFile, 'short');
  await expect(open()).rejects.toThrow(StartRefused);
  await rm(secretFile);
  await expect(open()).rejects.toThrow(/secretFile .* cannot be read \(ENOENT\)/);
});
