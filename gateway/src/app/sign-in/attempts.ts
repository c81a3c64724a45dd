// SPDX-License-Identifier: Apache-2.0
// How often passwords may be guessed, without a way to lock others out. A browser that signed in to the account before has an
// allowance of its own. Everybody else shares one for the account and network, one for the network, and one for the account:
// when that is used up, from however many networks, one attempt a while is still heard.
import { createHmac } from 'node:crypto';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';

export interface Attempt {
  readonly number: string;
  readonly network: string;
  /** Key of a browser known to the account. */
  readonly device: string | undefined;
}

export type Admission =
  | { readonly ok: true; refund(): Promise<void> }
  | { readonly ok: false; readonly retryAfterMs: number };

export interface Attempts {
  /** Counts the attempt before it is looked at, so that many at once are no way around; a right one is given back. */
  admit(attempt: Attempt): Promise<Admission>;
  /** Counters held. */
  readonly size: number;
}

export interface Allowance {
  readonly points: number;
  readonly seconds: number;
}
export interface AttemptAllowances {
  readonly device: Allowance;
  readonly pair: Allowance;
  readonly network: Allowance;
  readonly account: Allowance;
  /** What is heard of an account whose allowance is used up. */
  readonly slow: Allowance;
}

/** A campus stands behind few addresses: the network's allowance fits thousands who mistype on the same morning. */
export const ALLOWANCES: AttemptAllowances = {
  device: { points: 10, seconds: 15 * 60 },
  pair: { points: 10, seconds: 15 * 60 },
  network: { points: 300, seconds: 10 * 60 },
  account: { points: 30, seconds: 24 * 60 * 60 },
  slow: { points: 1, seconds: 10 * 60 },
};

/** Counters of each kind at most. The one longest without an attempt is forgotten first, so that a counter somebody runs up is
 * not pushed out by others made up in passing, and made-up numbers do not fill the memory. */
const MOST_COUNTERS = 30_000;

class Limiter {
  readonly #limiter: RateLimiterMemory;
  readonly #keys = new Set<string>();

  constructor({ points, seconds }: Allowance) {
    this.#limiter = new RateLimiterMemory({ points, duration: seconds });
  }

  async consume(key: string): Promise<{ readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number }> {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > MOST_COUNTERS) await this.#forgetOldest();
    try {
      await this.#limiter.consume(key);
      return { ok: true };
    } catch (refusal) {
      if (refusal instanceof Error) throw refusal;
      return { ok: false, retryAfterMs: (refusal as RateLimiterRes).msBeforeNext };
    }
  }

  async refund(key: string): Promise<void> {
    if (this.#keys.has(key)) await this.#limiter.reward(key);
  }

  get size(): number {
    return this.#keys.size;
  }

  async #forgetOldest(): Promise<void> {
    const [oldest] = this.#keys;
    if (oldest === undefined) return;
    this.#keys.delete(oldest);
    await this.#limiter.delete(oldest);
  }
}

type Limits = Readonly<Record<keyof AttemptAllowances, Limiter>>;

export function createAttempts(key: Uint8Array, allowances: AttemptAllowances = ALLOWANCES): Attempts {
  const limits: Limits = {
    device: new Limiter(allowances.device),
    pair: new Limiter(allowances.pair),
    network: new Limiter(allowances.network),
    account: new Limiter(allowances.account),
    slow: new Limiter(allowances.slow),
  };
  const keyOf = (...parts: readonly string[]) =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
  return {
    get size() {
      return Object.values(limits).reduce((total, { size }) => total + size, 0);
    },
    async admit({ number, network, device }) {
      const account = keyOf(number);
      if (device !== undefined) return consumeAll([[limits.device, keyOf(number, device)]]);
      const first = await consumeAll([
        [limits.network, network],
        [limits.pair, keyOf(number, network)],
      ]);
      if (!first.ok) return first;
      const second = await consumeAll([[limits.account, account]]);
      if (second.ok) return both(first, second);
      const slow = await consumeAll([[limits.slow, account]]);
      if (slow.ok) return both(first, slow);
      // Nothing was looked at: the network is not charged for a crowd of attackers elsewhere.
      await first.refund();
      return slow;
    },
  };
}

type Charge = readonly [Limiter, string];
type Admitted = Extract<Admission, { ok: true }>;

const both = (one: Admitted, other: Admitted): Admission => ({
  ok: true,
  async refund() {
    await one.refund();
    await other.refund();
  },
});

async function consumeAll(charges: readonly Charge[]): Promise<Admission> {
  const paid: Charge[] = [];
  const refund = async () => {
    for (const [limiter, key] of paid) await limiter.refund(key);
  };
  for (const [limiter, key] of charges) {
    const charged = await limiter.consume(key);
    if (!charged.ok) {
      await refund();
      return charged;
    }
    paid.push([limiter, key]);
  }
  return { ok: true, refund };
}
