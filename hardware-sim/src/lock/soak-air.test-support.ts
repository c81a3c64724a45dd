// SPDX-License-Identifier: Apache-2.0
// Links that go bad at any of their frames, either way, loudly or without a word: a given share of all of them, and a link that
// ended before its turn came leaves it to the next.
import type { LockRadio } from '@latchkey/controller/ports/lock-radio';
import type { AirLock, Fate, MemoryAir } from './memory-radio.ts';

/** `late` alone need not end a link. */
const BREAKS = ['cut', 'silent', 'lost', 'twice'] as const satisfies readonly Fate[];
type Break = (typeof BREAKS)[number];

export interface BadLinks {
  readonly links: number;
  readonly broken: Readonly<Record<Break, number>>;
  /** Links that were slow from some frame on. */
  readonly late: number;
}

interface Under {
  frames: number;
  breaksAt: number;
  readonly how: Break;
  lateAt: number;
}

const REMEMBERED = 64;
const LATE_SHARE = 0.03;
const SILENCE_MS = 6_000;
const LATE_MS = 2_500;

/** Makes a share of the radio's links bad. `stop` heals the air. */
export function spoilLinks(
  radio: LockRadio,
  air: MemoryAir,
  share: number,
  chance: () => number,
): { counts(): BadLinks; stop(): void } {
  const broken: Record<Break, number> = { cut: 0, silent: 0, lost: 0, twice: 0 };
  const under = new Map<string, Under>();
  /** How many frames links had lately: a break falls on any of them. */
  const lengths = [20];
  let [links, late, owed, isOver] = [0, 0, 0, false];
  const upTo = (most: number) => Math.floor(chance() * most);

  function begin(address: string): void {
    const before = under.get(address);
    if (before) lengths.push(before.frames);
    if (lengths.length > REMEMBERED) lengths.shift();
    if (before && before.breaksAt >= before.frames && before.breaksAt !== Number.POSITIVE_INFINITY) owed += 1;
    links += 1;
    if (chance() < share) owed += 1;
    const isBad = owed > 0;
    if (isBad) owed -= 1;
    const frames = lengths[upTo(lengths.length)] ?? 1;
    under.set(address, {
      frames: 0,
      breaksAt: isBad ? upTo(frames) : Number.POSITIVE_INFINITY,
      how: BREAKS[upTo(BREAKS.length)] ?? 'cut',
      lateAt: chance() < LATE_SHARE ? upTo(frames) : Number.POSITIVE_INFINITY,
    });
  }

  function fateOf({ address }: AirLock): Fate {
    const link = under.get(address);
    if (isOver || !link) return 'pass';
    const frame = link.frames;
    link.frames += 1;
    if (frame === link.breaksAt) {
      broken[link.how] += 1;
      // Either end may be the first to notice, by seconds.
      air.silence = { lockMs: upTo(SILENCE_MS), corridorMs: upTo(SILENCE_MS) };
      return link.how;
    }
    if (frame !== link.lateAt) return 'pass';
    late += 1;
    air.lateMs = upTo(LATE_MS);
    return 'late';
  }

  const connect = radio.connect.bind(radio);
  radio.connect = async (address, deadlineMs) => {
    const link = await connect(address, deadlineMs);
    begin(address);
    return link;
  };
  air.fate = (_, __, lock) => fateOf(lock);
  return {
    counts: () => ({ links, broken: { ...broken }, late }),
    stop() {
      isOver = true;
    },
  };
}
