// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { TARGETS } from './targets.ts';

const ITERATIONS = 100_000;
const SEED = 20_261_122;

describe('100,000 random and mutated inputs without a throw', () => {
  it.each(TARGETS)('$name', { timeout: 120_000 }, (target) =>
    expect(fuzz(target, ITERATIONS, SEED)).resolves.toBeUndefined(),
  );
});

describe('the runner', () => {
  const inputsOf = async (seed: number) => {
    const inputs: string[] = [];
    const run = (bytes: Uint8Array) => inputs.push(Buffer.from(bytes).toString('hex'));
    await fuzz({ name: 'recorder', seeds: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)], run }, 500, seed);
    return inputs;
  };

  it('gives the same inputs for the same seed, and hardly any twice', async () => {
    expect(await inputsOf(1)).toEqual(await inputsOf(1));
    expect(await inputsOf(1)).not.toEqual(await inputsOf(2));
    expect(new Set(await inputsOf(1)).size).toBeGreaterThan(400);
  });

  it('starts with the seeds as they are', async () => {
    expect((await inputsOf(1))[0]).toBe('0102030405060708');
  });

  it('names target, seed and input of a failure, of a promise too', async () => {
    const run = (bytes: Uint8Array) => {
      if (bytes.length > 3) throw new Error('too long');
    };
    await expect(fuzz({ name: 'short', seeds: [], run }, 1_000, 7)).rejects.toThrow(
      /short, seed 7, input \d+: Error: too long\n[0-9a-f]{8}/,
    );
    const rejects = () => Promise.reject(new Error('no'));
    await expect(fuzz({ name: 'async', seeds: [], run: rejects }, 1, 7)).rejects.toThrow('async, seed 7, input 0');
  });

  it('finds a planted overread', async () => {
    const run = (bytes: Uint8Array) => {
      const claimed = bytes[0] ?? 0;
      if (claimed > bytes.length) new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint8(claimed);
    };
    await expect(fuzz({ name: 'planted', seeds: [Uint8Array.of(3, 1, 2, 3)], run }, 10_000, 1)).rejects.toThrow(
      'RangeError',
    );
  });
});
