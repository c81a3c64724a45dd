// SPDX-License-Identifier: Apache-2.0
// What every ReaderSource keeps, whatever stands behind it. Each adapter's suite calls this with a harness of its own.
import { describe, expect, it } from 'vitest';
import type { ReaderEvent, ReaderSource } from './reader-source.ts';

/** The hand that moves the cards. Both readers are wired and present; names are the wiring's. */
export interface ReaderSourceHarness {
  readonly source: ReaderSource;
  readonly readers: readonly [string, string];
  present(reader: string, uid: Uint8Array): Promise<void>;
  presentUnreadable(reader: string): Promise<void>;
  remove(reader: string): Promise<void>;
  /** What is behind the source dies without a word, and later comes back with the same readers. */
  lose(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

/** Every event from the first on, to look back at and to wait for. */
export class ReaderEvents {
  readonly all: ReaderEvent[] = [];
  #waiting: (() => void)[] = [];

  readonly listener = (event: ReaderEvent): void => {
    this.all.push(event);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  of<Kind extends ReaderEvent['kind']>(kind: Kind, reader?: string): Extract<ReaderEvent, { kind: Kind }>[] {
    return this.all.filter(
      (event): event is Extract<ReaderEvent, { kind: Kind }> =>
        event.kind === kind && (reader === undefined || event.reader === reader),
    );
  }

  /** Resolves once there were `count` events of the kind at the reader, with the last of these. */
  async until<Kind extends ReaderEvent['kind']>(
    kind: Kind,
    reader: string,
    count = 1,
    timeoutMs = 20_000,
  ): Promise<Extract<ReaderEvent, { kind: Kind }>> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.of(kind, reader)[count - 1];
      if (found) return found;
      const left = deadline - performance.now();
      const seen = this.all.map((event) => `${event.kind} ${event.reader}`).join(', ');
      if (left <= 0) throw new Error(`no ${count}. "${kind}" at ${reader} within ${timeoutMs} ms; seen: ${seen}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

const FOUR_BYTES = Uint8Array.of(0x1a, 0x2b, 0x3c, 0x4d);
const SEVEN_BYTES = Uint8Array.of(0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0x80);
const quiet = async (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function readerSourceContract(make: () => Promise<ReaderSourceHarness>): void {
  const withSource = async (body: (harness: ReaderSourceHarness, events: ReaderEvents) => Promise<void>) => {
    const harness = await make();
    const events = new ReaderEvents();
    try {
      await harness.source.start(events.listener);
      await Promise.all(harness.readers.map(async (reader) => events.until('attached', reader)));
      await body(harness, events);
    } finally {
      await harness.source.close();
      await harness.close();
    }
  };

  describe('as a source of cards', () => {
    it('tells the UID of a card in the order the card sends it, at the reader it was held to', async () =>
      withSource(async ({ readers: [first, second], ...harness }, events) => {
        const before = performance.now();
        await harness.present(second, SEVEN_BYTES);
        const card = await events.until('card', second);
        expect(card).toMatchObject({ uid: SEVEN_BYTES, class: 'uid-only' });
        expect(card.uid.constructor).toBe(Uint8Array);
        expect(card.atMs).toBeGreaterThanOrEqual(before);
        expect(card.atMs).toBeLessThanOrEqual(performance.now());
        expect(events.of('card', first)).toEqual([]);
      }));

    it('tells a card left lying once, then its leaving, then the next card', async () =>
      withSource(async ({ readers: [reader], ...harness }, events) => {
        await harness.present(reader, FOUR_BYTES);
        await events.until('card', reader);
        await quiet(1_500);
        await harness.remove(reader);
        await events.until('removed', reader);
        await harness.present(reader, SEVEN_BYTES);
        await events.until('card', reader, 2);
        expect(events.of('card', reader).map((card) => card.uid)).toEqual([FOUR_BYTES, SEVEN_BYTES]);
      }));

    it('tells of a card it cannot read, without a number, and reads the next one', async () =>
      withSource(async ({ readers: [reader], ...harness }, events) => {
        await harness.presentUnreadable(reader);
        expect((await events.until('unreadable', reader)).detail).not.toBe('');
        await harness.remove(reader);
        await harness.present(reader, FOUR_BYTES);
        await events.until('card', reader);
        expect(events.of('card')).toHaveLength(1);
      }));

    it('tells its readers as detached when what is behind it dies, and finds them again by itself', async () =>
      withSource(async ({ readers: [first, second], ...harness }, events) => {
        await harness.lose();
        await Promise.all([events.until('detached', first), events.until('detached', second)]);
        await harness.restore();
        await Promise.all([events.until('attached', first, 2), events.until('attached', second, 2)]);
        await harness.present(second, FOUR_BYTES);
        await events.until('card', second);
      }));

    it('is silent once closed', async () =>
      withSource(async ({ source, readers: [reader], ...harness }, events) => {
        await source.close();
        const told = events.all.length;
        await harness.present(reader, FOUR_BYTES);
        await quiet(600);
        expect(events.all).toHaveLength(told);
      }));
  });
}

/** The hand that holds codes under scanners. Both are wired and present; names are the wiring's. */
export interface CodeSourceHarness {
  readonly source: ReaderSource;
  readonly readers: readonly [string, string];
  /** All of the scanner's output for one code. */
  scan(reader: string, text: string): Promise<void>;
  /** As `lose` and `restore` of a source of cards. */
  lose(): Promise<void>;
  restore(): Promise<void>;
  close(): Promise<void>;
}

export function codeSourceContract(make: () => Promise<CodeSourceHarness>): void {
  const withSource = async (body: (harness: CodeSourceHarness, events: ReaderEvents) => Promise<void>) => {
    const harness = await make();
    const events = new ReaderEvents();
    try {
      await harness.source.start(events.listener);
      await Promise.all(harness.readers.map(async (reader) => events.until('attached', reader)));
      await body(harness, events);
    } finally {
      await harness.source.close();
      await harness.close();
    }
  };

  describe('as a source of codes', () => {
    it('tells the text of a code, at the scanner it was held under', async () =>
      withSource(async ({ readers: [first, second], ...harness }, events) => {
        const before = performance.now();
        const text = '0123456789'.repeat(25);
        await harness.scan(second, text);
        const code = await events.until('code', second);
        expect(code.text).toBe(text);
        expect(code.atMs).toBeGreaterThanOrEqual(before);
        expect(code.atMs).toBeLessThanOrEqual(performance.now());
        expect(events.of('code', first)).toEqual([]);
      }));

    it('tells codes of two scanners at once, none mixed up', async () =>
      withSource(async ({ readers: [first, second], ...harness }, events) => {
        await Promise.all([harness.scan(first, 'LKD1:abcDEF-_0'), harness.scan(second, '6212345678901234567')]);
        expect((await events.until('code', first)).text).toBe('LKD1:abcDEF-_0');
        expect((await events.until('code', second)).text).toBe('6212345678901234567');
      }));

    it('tells the same code as often as it is held there', async () =>
      withSource(async ({ readers: [reader], ...harness }, events) => {
        for (const count of [1, 2, 3]) {
          await harness.scan(reader, 'same');
          await events.until('code', reader, count);
        }
      }));

    it('tells its scanners as detached when what is behind it goes, and finds them again by itself', async () =>
      withSource(async ({ readers: [first, second], ...harness }, events) => {
        await harness.lose();
        await Promise.all([events.until('detached', first), events.until('detached', second)]);
        await harness.restore();
        await Promise.all([events.until('attached', first, 2), events.until('attached', second, 2)]);
        await harness.scan(second, '1234');
        expect((await events.until('code', second)).text).toBe('1234');
      }));

    it('is silent once closed', async () =>
      withSource(async ({ source, readers: [reader], ...harness }, events) => {
        await source.close();
        const told = events.all.length;
        await harness.scan(reader, '1234').catch(() => undefined);
        await quiet(600);
        expect(events.all).toHaveLength(told);
      }));
  });
}
