// SPDX-License-Identifier: Apache-2.0
// What a desk wrote down is there after whatever ended it, and half a line takes nothing with it.
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CirculationLine } from '../core/circulation.ts';
import { openCirculationFile } from './circulation-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'circulation-'));
  path = join(folder, 'circulation.lines');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const same = (lines: readonly CirculationLine[]) => lines;
const done = (number: number): CirculationLine => ({ kind: 'done', number });

async function written(...lines: CirculationLine[]) {
  const file = await openCirculationFile(path, same);
  await Promise.all(lines.map((line) => file.append([line])));
  await file.close();
}

describe('ledger on disk', () => {
  it('has every line again, in order', async () => {
    await written(done(1), done(2), done(3));
    const file = await openCirculationFile(path, same);
    expect(file.lines).toEqual([done(1), done(2), done(3)]);
    expect(file.damaged).toBe(0);
    await file.close();
  });

  it('has a line in the file before it is durable', async () => {
    const file = await openCirculationFile(path, same);
    const durable = file.append([done(7)]);
    expect(await readFile(path, 'utf8')).toContain('"number":7');
    await durable;
    await file.close();
  });

  it('forgets half a line at the end and goes on after the last whole one', async () => {
    await written(done(1));
    await appendFile(path, 'deadbeef {"kind":"do');
    await written(done(2));
    const file = await openCirculationFile(path, same);
    expect(file.lines).toEqual([done(1), done(2)]);
    expect(file.damaged).toBe(0);
    await file.close();
  });

  it('counts a line whose bytes changed, and keeps a copy for people', async () => {
    await written(done(1), done(2));
    await writeFile(path, (await readFile(path, 'utf8')).replace('"number":1', '"number":4'));
    const file = await openCirculationFile(path, same);
    expect(file.lines).toEqual([done(2)]);
    expect(file.damaged).toBe(1);
    expect(await readFile(`${path}.damaged`, 'utf8')).toContain('"number":4');
    await file.close();
  });

  it('starts anew with what is still of use', async () => {
    await written(done(1), done(2));
    const file = await openCirculationFile(path, (lines) => lines.slice(1));
    await file.close();
    expect((await openCirculationFile(path, same)).lines).toEqual([done(2)]);
  });

  it('starts anew while it is open, and goes on in the new file', async () => {
    const file = await openCirculationFile(path, same);
    await file.append([done(1), done(2)]);
    expect(file.startAnew([done(2)])).toBe(true);
    await file.append([done(3)]);
    await file.close();
    expect((await openCirculationFile(path, same)).lines).toEqual([done(2), done(3)]);
  });
});
