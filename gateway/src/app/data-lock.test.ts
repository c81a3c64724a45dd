// SPDX-License-Identifier: Apache-2.0
// One gateway a data directory, also after one was killed.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { lockData } from './data-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'latchkey-lock-'));
afterAll(() => rmSync(root, { recursive: true }));

it.each(['short', 'long'.repeat(40)])('a second one is refused until the first lets go (%#)', async (name) => {
  const dir = join(root, name);
  mkdirSync(dir);
  const first = await lockData(dir);
  expect(first.ok).toBe(true);
  expect(await lockData(dir)).toMatchObject({ ok: false, code: 'in-use' });
  if (first.ok) await first.value.release();
  const again = await lockData(dir);
  expect(again.ok).toBe(true);
  if (again.ok) await again.value.release();
});

it('one that was killed leaves nothing that blocks the next', async () => {
  const dir = join(root, 'killed');
  mkdirSync(dir);
  const script = `require('net').createServer().listen(${JSON.stringify(join(dir, 'gateway.lock'))},()=>console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  expect((await lockData(dir)).ok).toBe(false);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  const lock = await lockData(dir);
  expect(lock.ok).toBe(true);
  if (lock.ok) await lock.value.release();
});
