// SPDX-License-Identifier: Apache-2.0
// Feeds a target mutated and random bytes. The same seed gives the same inputs, so a failure is found again by its number.
import { seededRandom } from '../campus/residents.ts';
import type { FuzzTarget } from './target.ts';

type Random = () => number;

const MAX_RANDOM_BYTES = 256;
/** Lengths and counts at the edges of 8, 16 and 32 bits: where decoders go wrong. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Throws on the first input that the target throws on; the message holds the input as hex. */
export async function fuzz(target: FuzzTarget, iterations: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const input = iteration < target.seeds.length ? seedAt(target, iteration) : makeInput(target, random);
    const before = Buffer.from(input).toString('hex');
    try {
      const result = target.run(input);
      if (result instanceof Promise) await result;
    } catch (cause) {
      throw new Error(`${target.name}, seed ${seed}, input ${iteration}: ${String(cause)}\n${before}`, { cause });
    }
  }
}

const seedAt = ({ seeds }: FuzzTarget, index: number): Uint8Array => new Uint8Array(seeds[index] ?? new Uint8Array(0));

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

function makeInput(target: FuzzTarget, random: Random): Uint8Array {
  if (target.seeds.length === 0 || random() < 0.05) return randomBytes(random, below(random, MAX_RANDOM_BYTES));
  let input = seedAt(target, below(random, target.seeds.length));
  for (let left = 1 + below(random, 4); left > 0; left--) input = mutate(input, target, random);
  return input;
}

function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = below(random, 256);
  return bytes;
}

function mutate(input: Uint8Array, target: FuzzTarget, random: Random): Uint8Array {
  const at = below(random, input.length + 1);
  switch (below(random, 7)) {
    case 0:
      return overwrite(input, at, Uint8Array.of((input[at] ?? 0) ^ (1 << below(random, 8))));
    case 1:
      return overwrite(input, at, Uint8Array.of(below(random, 256)));
    case 2:
      return overwrite(input, at, edge(random));
    case 3:
      return input.slice(0, at);
    case 4:
      return splice(input, at, 0, randomBytes(random, 1 + below(random, 8)));
    case 5:
      return splice(input, at, 1 + below(random, 8), new Uint8Array(0));
    default: {
      const other = seedAt(target, below(random, target.seeds.length));
      const from = below(random, other.length + 1);
      return splice(input, at, 0, other.subarray(from, from + below(random, 64)));
    }
  }
}

function edge(random: Random): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, EDGES[below(random, EDGES.length)] ?? 0, true);
  return bytes.subarray(0, [1, 2, 4][below(random, 3)]);
}

function overwrite(input: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  const output = new Uint8Array(Math.max(input.length, Math.min(at + part.length, input.length + 1)));
  output.set(input);
  output.set(part.subarray(0, output.length - at), at);
  return output;
}

function splice(input: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const rest = input.subarray(Math.min(input.length, at + remove));
  const output = new Uint8Array(at + insert.length + rest.length);
  output.set(input.subarray(0, at));
  output.set(insert, at);
  output.set(rest, at + insert.length);
  return output;
}
