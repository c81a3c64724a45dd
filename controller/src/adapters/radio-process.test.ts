// SPDX-License-Identifier: Apache-2.0
// A radio's process that hangs, ends or cannot start, as real processes: none of it reaches the controller but as an outcome.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RadioProcess, radioChannels } from './radio-process.ts';
import { systemClock } from './system-clock.ts';

/** Speaks the messages of a radio's process; what it does at a connect is what the address says. */
const PLAYED = `
const say = (message) => process.send(message);
const lock = { address: 'aa', rssi: -50, manufacturerData: Uint8Array.of(1), adapter: 'hci0' };
process.on('message', ({ kind, id, address }) => {
  if (kind === 'start') say({ kind: 'done', id }), say({ kind: 'seen', lock });
  if (kind === 'connect' && address === 'hangs') for (;;);
  if (kind === 'connect' && address === 'dies') process.exit(3);
  if (kind === 'connect' && address === 'well') say({ kind: 'reached', id }), say({ kind: 'linked', id, room: 20 }), say({ kind: 'frame', link: id, frame: Uint8Array.of(7) });
  if (kind === 'end') process.exit(0);
});`;
const CANNOT_START = `
process.on('message', ({ kind, id }) => {
  if (kind === 'end') process.exit(0);
  process.send({ kind: 'failed', id, code: 'radio-down', message: 'hci0 does not come up' });
});`;
const PATIENCE = { timeout: 10_000 };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-radio-'));
  await writeFile(join(folder, 'played.mjs'), PLAYED);
  await writeFile(join(folder, 'cannot-start.mjs'), CANNOT_START);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const standing: RadioProcess[] = [];
afterEach(async () => {
  await Promise.all(standing.splice(0).map((radio) => radio.close()));
});

function rig(name = 'played.mjs') {
  const said: string[] = [];
  const spawn = radioChannels(pathToFileURL(join(folder, name)));
  const radio = new RadioProcess({ device: 0, clock: systemClock, log: (text) => void said.push(text), spawn });
  standing.push(radio);
  return { radio, said };
}

async function started() {
  const heard: string[] = [];
  const all = rig();
  await all.radio.start(({ address }) => void heard.push(address));
  await expect.poll(() => heard.length, PATIENCE).toBe(1);
  return { ...all, heard };
}

describe('the process of a radio', { timeout: 30_000 }, () => {
  it('that blocks in a connect is replaced at the deadline, and the controller waits for nothing meanwhile', async () => {
    const { radio, heard, said } = await started();
    const link = await radio.connect('well', 2_000);
    let lost = 0;
    link.onClosed(() => void (lost += 1));
    let turns = 0;
    const turning = setInterval(() => void (turns += 1), 10);
    await expect(radio.connect('hangs', 300)).rejects.toMatchObject({ code: 'timeout' });
    clearInterval(turning);
    expect(turns).toBeGreaterThan(20);
    expect(lost).toBe(1);
    expect(said).toContain('a radio does not answer, its process is replaced');
    await expect.poll(() => heard.length, PATIENCE).toBe(2);
    expect((await radio.connect('well', 2_000)).room).toBe(20);
  });

  it('that ends by itself fails what is under way, and is started again', async () => {
    const { radio, heard } = await started();
    await expect(radio.connect('dies', 2_000)).rejects.toMatchObject({ code: 'radio-down' });
    await expect.poll(() => heard.length, PATIENCE).toBe(2);
  });

  it('hands a frame that came right behind the link to whoever listens first', async () => {
    const { radio } = await started();
    let reached = 0;
    const link = await radio.connect('well', 2_000, () => void (reached += 1));
    expect(reached).toBe(1);
    const frames: number[] = [];
    link.onFrame((frame) => void frames.push(...frame));
    await expect.poll(() => frames, PATIENCE).toEqual([7]);
  });

  it('says in its words why it cannot start', async () => {
    await expect(rig('cannot-start.mjs').radio.start(() => undefined)).rejects.toThrow('hci0 does not come up');
  });

  it('is ended with the radio, also where it hangs', async () => {
    const { radio } = await started();
    const hanging = radio.connect('hangs', 60_000);
    hanging.catch(() => undefined);
    await radio.close();
    await expect(hanging).rejects.toMatchObject({ code: 'radio-down' });
    await expect(radio.connect('well', 100)).rejects.toMatchObject({ code: 'radio-down' });
  });
});
