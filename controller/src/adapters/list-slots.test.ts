// SPDX-License-Identifier: Apache-2.0
// Two slots a scope: after any power cut one of them holds a whole list, and the pointer names a whole one.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createListSlots } from './list-slots.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lists-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const texts = (files: readonly Uint8Array[]) => files.map((file) => Buffer.from(file).toString());
const slots = (maxListBytes = 1_000) => createListSlots({ directory, maxListBytes });

describe('slots', () => {
  it('give the newest list first and the one before it second', async () => {
    for (const text of ['one', 'two', 'three']) await slots().activate(7, bytes(text));
    expect(texts(await slots().candidates(7))).toEqual(['three', 'two']);
    expect(await slots().scopes()).toEqual([7]);
  });

  it('a list written but not yet pointed to comes second', async () => {
    await slots().activate(7, bytes('one'));
    writeFileSync(join(directory, '7', 'b.lkl'), 'two, pointer not yet flipped');
    expect(texts(await slots().candidates(7))[0]).toBe('one');
  });

  it('without a readable pointer both slots are candidates', async () => {
    await slots().activate(7, bytes('one'));
    await slots().activate(7, bytes('two'));
    writeFileSync(join(directory, '7', 'current'), 'x');
    expect(texts(await slots().candidates(7)).sort()).toEqual(['one', 'two']);
  });

  it('a file above the limit is refused, when written and when read', async () => {
    await expect(slots(10).activate(7, new Uint8Array(11))).rejects.toThrow(RangeError);
    await slots(20).activate(7, new Uint8Array(11).fill(65));
    expect(await slots(10).candidates(7)).toEqual([]);
  });

  it('belong to their owner only', async () => {
    await slots().activate(7, bytes('one'));
    expect(statSync(join(directory, '7', 'a.lkl')).mode & 0o077).toBe(0);
    expect(statSync(join(directory, '7')).mode & 0o077).toBe(0);
  });

  it('a dropped scope is gone', async () => {
    await slots().activate(7, bytes('one'));
    await slots().drop(7);
    expect(await slots().candidates(7)).toEqual([]);
    expect(existsSync(join(directory, '7'))).toBe(false);
  });
});

describe('staging', () => {
  const page = (index: number) => ({ index, records: new Uint8Array(32).fill(index) });

  it('keeps what arrived across a restart', async () => {
    const before = slots().staging(7);
    await before.begin('d1');
    await before.put('policy', bytes('policy'));
    await before.addPages([page(0), page(1)]);
    const after = slots().staging(7);
    await after.begin('d1');
    await after.addPages([page(5)]);
    const staged = await after.read('d1');
    expect(staged?.pages.map(({ index }) => index)).toEqual([0, 1, 5]);
    expect(staged?.policy).toEqual(Buffer.from('policy'));
  });

  it('starts over for another list', async () => {
    const staging = slots().staging(7);
    await staging.begin('d1');
    await staging.addPages([page(0)]);
    await staging.begin('d2');
    expect(await staging.read('d1')).toBeUndefined();
    expect((await staging.read('d2'))?.pages).toEqual([]);
  });

  it('a torn last page is dropped and does not spoil the next', async () => {
    const before = slots().staging(7);
    await before.begin('d1');
    await before.addPages([page(0)]);
    appendFileSync(join(directory, '7', 'staging', 'pages'), Buffer.from([1, 0, 0, 0, 32, 0, 0, 0, 9, 9]));
    const after = slots().staging(7);
    await after.begin('d1');
    await after.addPages([page(2)]);
    expect((await after.read('d1'))?.pages.map(({ index }) => index)).toEqual([0, 2]);
  });

  it('endless data: no more is written than a list may have', async () => {
    const staging = slots(200).staging(7);
    await staging.begin('d1');
    const flood = async () => {
      for (;;) await staging.addPages([page(1)]);
    };
    await expect(flood()).rejects.toThrow(RangeError);
    expect(statSync(join(directory, '7', 'staging', 'pages')).size).toBeLessThanOrEqual(200);
  });
});

describe('power', () => {
  it('after SIGKILL at any moment of writing, the first candidate is whole and no older than what was told', async () => {
    mkdirSync(join(directory, 'lists'));
    for (let round = 0; round < 8; round += 1) {
      const told = await activateUntilKilled(join(directory, 'lists'), 15 + round * 23);
      const [first] = await createListSlots({ directory: join(directory, 'lists') }).candidates(7);
      const [digest, version, body] = Buffer.from(first ?? new Uint8Array())
        .toString()
        .split('\n');
      expect(
        createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      ).toBe(digest);
      expect(Number(version)).toBeGreaterThanOrEqual(told);
      appendFileSync(join(directory, 'told'), `${told}\n`);
    }
    expect(readFileSync(join(directory, 'told'), 'utf8').split('\n').length).toBe(9);
  });
});

/** The last version a child was told to be in place before it was killed. */
function activateUntilKilled(lists: string, afterMs: number): Promise<number> {
  const script = `
    const { createHash } = await import('node:crypto');
    const { createListSlots } = await import(${JSON.stringify(new URL('./list-slots.ts', import.meta.url).href)});
    const slots = createListSlots({ directory: ${JSON.stringify(lists)} });
    const [newest] = await slots.candidates(7);
    let version = newest ? Number(Buffer.from(newest).toString().split('\\n')[1]) : 0;
    for (;;) {
      version += 1;
      const body = String(version).repeat(20_000);
      const digest = createHash('sha256').update(body).digest('hex');
      await slots.activate(7, Buffer.from([digest, version, body].join('\\n')));
      process.stdout.write(version + '\\n');
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
    text += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', () => resolve(Number(text.split('\n').at(-2) ?? 0))));
}
