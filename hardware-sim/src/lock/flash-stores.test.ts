// SPDX-License-Identifier: Apache-2.0
// What lies in a lock's flash, by itself: whatever operation power fails in, each value is the old one or the new one, and the log
// goes on counting.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PowerCut, PowerLost, SimulatedFlash } from './flash.ts';
import { openLogRing } from './log-ring.ts';
import { openSettingsStore } from './settings-store.ts';

const PARTS: readonly PowerCut['part'][] = ['none', 'half', 'all'];

/** True where power went. */
function dies(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof PowerLost) return true;
    throw error;
  }
}

describe('flash', () => {
  it('clears bits and never sets them, but for a whole page', () => {
    const flash = new SimulatedFlash(2, 16);
    flash.program(0, Uint8Array.of(0x0f));
    flash.program(0, Uint8Array.of(0x0b));
    expect(() => flash.program(0, Uint8Array.of(0x0f))).toThrow(RangeError);
    flash.program(16, Uint8Array.of(1));
    flash.erase(0);
    expect([...flash.read(0, 1), ...flash.read(16, 1)]).toEqual([0xff, 1]);
  });
});

describe('settings', () => {
  const change = fc.record({ name: fc.nat(4), value: fc.option(fc.uint8Array({ maxLength: 24 })) });

  it('are the old or the new ones after a power cut anywhere, and only what was being written may differ', () => {
    // Without a size fast-check makes short ones only, and no bank would ever be full.
    const many = { minLength: 1, maxLength: 40, size: 'max' } as const;
    fc.assert(
      fc.property(fc.array(change, many), fc.nat(60), fc.constantFrom(...PARTS), (changes, operation, part) => {
        const flash = new SimulatedFlash(4, 128);
        flash.cutAt({ operation, part });
        const kept = new Map<number, Uint8Array>();
        let touched: { name: number; value: Uint8Array | null } | undefined;
        const isDead = dies(() => {
          const store = openSettingsStore(flash, 0, 2);
          for (const { name, value } of changes) {
            touched = { name, value };
            if (value) store.put(name, value);
            else store.remove(name);
            if (value) kept.set(name, value);
            else kept.delete(name);
            touched = undefined;
          }
        });
        expect(isDead || touched === undefined).toBe(true);
        flash.cutAt(undefined);
        const store = openSettingsStore(flash, 0, 2);
        for (let name = 0; name <= 4; name += 1) {
          const allowed = [kept.get(name), ...(touched?.name === name ? [touched.value ?? undefined] : [])];
          expect(allowed).toContainEqual(store.get(name));
        }
        store.put(0, Uint8Array.of(1, 2, 3));
        expect(openSettingsStore(flash, 0, 2).get(0)).toEqual(Uint8Array.of(1, 2, 3));
      }),
      { numRuns: 2_000 },
    );
  });

  it('survive the move from a full bank to the other, cut at every operation of it, and again at every one of the boot after that', () => {
    const value = (n: number) => new Uint8Array(12).fill(n);
    /** Gives what was durable, and the change that was under way. */
    function fill(flash: SimulatedFlash) {
      const kept = new Map<number, number>();
      let n = 0;
      dies(() => {
        const store = openSettingsStore(flash, 0, 2);
        for (; n < 60; n += 1) {
          store.put(n % 5, value(n));
          kept.set(n % 5, n);
        }
      });
      return { kept, under: n };
    }
    function check(flash: SimulatedFlash, { kept, under }: ReturnType<typeof fill>, about: string): void {
      const store = openSettingsStore(flash, 0, 2);
      for (let name = 0; name < 5; name += 1) {
        const allowed = [kept.get(name), ...(under % 5 === name ? [under] : [])];
        expect(allowed, `${about}, name ${name}`).toContain(store.get(name)?.[0]);
      }
    }
    const plain = new SimulatedFlash(4, 128);
    fill(plain);
    const cuts = (operations: number) =>
      Array.from({ length: operations }, (_, operation) => PARTS.map((part) => ({ operation, part }))).flat();
    for (const cut of cuts(plain.operations)) {
      const flash = new SimulatedFlash(4, 128);
      flash.cutAt(cut);
      const before = fill(flash);
      const [image, about] = [flash.image(), `operation ${cut.operation}, ${cut.part}`];
      check(flash, before, about);
      // Two erasures, what is kept, its header.
      for (const again of cuts(4)) {
        flash.load(image);
        flash.cutAt({ ...again, operation: flash.operations + again.operation });
        dies(() => void openSettingsStore(flash, 0, 2));
        flash.cutAt(undefined);
        check(flash, before, `${about}, then ${again.operation}, ${again.part}`);
      }
    }
  });

  it('that do not fit are refused, and the others stay', () => {
    const flash = new SimulatedFlash(2, 128);
    const store = openSettingsStore(flash, 0, 1);
    store.put(1, Uint8Array.of(7));
    expect(() => store.put(2, new Uint8Array(200))).toThrow(RangeError);
    expect([store.get(1), store.get(2)]).toEqual([Uint8Array.of(7), undefined]);
    expect(openSettingsStore(flash, 0, 1).get(1)).toEqual(Uint8Array.of(7));
  });
});

describe('the ring of the log', () => {
  const PAGES = 3;
  const body = (value: number) =>
    ({ atS: 0, kind: 1, detail: 0, class: 0, clock: 0, subject: '0'.repeat(16), value }) as const;

  it('keeps what was written, counts on, and overwrites the oldest only, wherever power fails', () => {
    const plain = new SimulatedFlash(PAGES, 128);
    const ring = openLogRing(plain, 0, PAGES, () => 0);
    for (let value = 0; value < 30; value += 1) ring.append(body(value));
    for (let operation = 0; operation < plain.operations; operation += 1)
      for (const part of PARTS) {
        const about = `operation ${operation}, ${part}`;
        const flash = new SimulatedFlash(PAGES, 128);
        flash.cutAt({ operation, part });
        let written = 0;
        expect(
          dies(() => {
            const before = openLogRing(flash, 0, PAGES, () => 0);
            for (; written < 30; written += 1) before.append(body(written));
          }),
          about,
        ).toBe(true);
        const after = openLogRing(flash, 0, PAGES, () => 0);
        // The record under way is there whole or not at all.
        expect([written, written + 1], about).toContain(after.next());
        for (let more = 0; more < 3; more += 1) after.append(body(after.next()));
        const end = after.next();
        const read = openLogRing(flash, 0, PAGES, () => 0).read(0, 100);
        expect(
          read.map(({ seq }) => seq),
          about,
        ).toEqual(Array.from({ length: read.length }, (_, at) => end - read.length + at));
        expect(read.every(({ seq, value }) => seq === value)).toBe(true);
        // A torn record costs a place, an entered page its records.
        expect(read.length, about).toBeGreaterThanOrEqual(Math.min(end, ring.capacity - 1));
      }
  });

  it('says nothing of what was freed, and goes on above it though its pages are gone', () => {
    const flash = new SimulatedFlash(PAGES, 128);
    let freed = 0;
    const ring = openLogRing(flash, 0, PAGES, () => freed);
    for (let value = 0; value < 5; value += 1) ring.append(body(value));
    freed = 3;
    expect([ring.first(), ring.next()]).toEqual([3, 5]);
    freed = 5;
    expect(ring.first()).toBe(5);
    for (let page = 0; page < PAGES; page += 1) flash.erase(page);
    expect(openLogRing(flash, 0, PAGES, () => freed).append(body(0)).seq).toBe(5);
  });
});
