// SPDX-License-Identifier: Apache-2.0
// What every LockRadio keeps, whatever is beneath it. Each adapter's suite calls this with a harness of its own.
import { expect, it } from 'vitest';
import type { LockRadio, SeenLock } from './lock-radio.ts';

/** A peripheral with the lock service that sends every frame back, first byte raised by one. */
export interface EchoPeer {
  readonly address: string;
  readonly manufacturerData: Uint8Array;
  /** It advertises on, but answers nothing any more: neither connects nor writes. */
  setSilent(silent: boolean): void;
  /** The link is gone at once, as when a door closes between the two. */
  drop(): void;
  /** A frame nobody asked for. */
  say(frame: Uint8Array): void;
}

export interface LockRadioHarness {
  readonly radio: LockRadio;
  /** At least two. */
  readonly peers: readonly EchoPeer[];
  close(): Promise<void>;
}

const PATIENCE_MS = 3_000;

export function lockRadioContract(make: () => Promise<LockRadioHarness>): void {
  async function started() {
    const harness = await make();
    const seen = new Map<string, SeenLock>();
    await harness.radio.start((lock) => void seen.set(lock.address, lock));
    const [first, second] = harness.peers as [EchoPeer, EchoPeer];
    await expect.poll(() => seen.has(first.address) && seen.has(second.address), { timeout: PATIENCE_MS }).toBe(true);
    return { ...harness, seen, first, second };
  }

  async function linked() {
    const all = await started();
    const link = await all.radio.connect(all.first.address, PATIENCE_MS);
    const frames: number[][] = [];
    link.onFrame((frame) => void frames.push([...frame]));
    return { ...all, link, frames };
  }

  it('says who is there, with what it advertises', async () => {
    const { seen, first, close } = await started();
    expect([...(seen.get(first.address)?.manufacturerData ?? [])]).toEqual([...first.manufacturerData]);
    expect(seen.get(first.address)?.rssi).toBeLessThan(0);
    await close();
  });

  it('carries frames both ways in order, as large as it says', async () => {
    const { link, frames, close } = await linked();
    expect(link.room).toBeGreaterThanOrEqual(20);
    const sent = [1, 2, 3].map((n) => new Uint8Array(link.room).fill(n));
    for (const frame of sent) await link.write(frame);
    await expect
      .poll(() => frames.map((frame) => [frame[0], frame.length]))
      .toEqual(sent.map((f) => [(f[0] ?? 0) + 1, link.room]));
    await close();
  });

  it('hands over what the other side says by itself', async () => {
    const { first, frames, close } = await linked();
    first.say(Uint8Array.of(9, 9));
    await expect.poll(() => frames).toEqual([[9, 9]]);
    await close();
  });

  it('tells once that a link is gone, and refuses to write on it', async () => {
    const { link, first, close } = await linked();
    let told = 0;
    link.onClosed(() => void (told += 1));
    first.drop();
    await expect.poll(() => told).toBe(1);
    await expect(link.write(Uint8Array.of(1))).rejects.toMatchObject({ name: 'LockRadioError' });
    await link.close();
    expect(told).toBe(1);
    await close();
  });

  it('tells a late listener that the link has ended', async () => {
    const { link, close } = await linked();
    await link.close();
    let told = 0;
    link.onClosed(() => void (told += 1));
    await expect.poll(() => told).toBe(1);
    await close();
  });

  it('gives up on a lock that does not answer, and serves the next', async () => {
    const { radio, first, second, close } = await started();
    first.setSilent(true);
    const silent = radio.connect(first.address, 300);
    const next = radio.connect(second.address, PATIENCE_MS);
    await expect(silent).rejects.toMatchObject({ code: 'timeout' });
    expect((await next).room).toBeGreaterThanOrEqual(20);
    await close();
  });

  it('knows no lock that it never heard', async () => {
    const { radio, close } = await started();
    await expect(radio.connect('c0:ff:ee:00:00:00', 300)).rejects.toMatchObject({ code: 'not-seen' });
    await close();
  });

  it('connects again after a link was closed', async () => {
    const { radio, link, first, close } = await linked();
    await link.close();
    const again = await radio.connect(first.address, PATIENCE_MS);
    const frames: number[] = [];
    again.onFrame((frame) => void frames.push(frame[0] ?? 0));
    await again.write(Uint8Array.of(41));
    await expect.poll(() => frames).toEqual([42]);
    await close();
  });

  it('ends every link at a reset, and hears and connects afterwards', async () => {
    const { radio, link, first, seen, close } = await linked();
    let told = 0;
    link.onClosed(() => void (told += 1));
    await radio.reset();
    await expect.poll(() => told).toBe(1);
    seen.clear();
    await expect.poll(() => seen.has(first.address), { timeout: PATIENCE_MS }).toBe(true);
    await (await radio.connect(first.address, PATIENCE_MS)).close();
    await close();
  });

  it('after its end nobody is called and nothing connects', async () => {
    const { radio, first, seen, close } = await started();
    await radio.close();
    seen.clear();
    await expect(radio.connect(first.address, 300)).rejects.toMatchObject({ code: 'radio-down' });
    expect(seen.size).toBe(0);
    await close();
  });
}
