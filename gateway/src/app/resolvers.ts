// SPDX-License-Identifier: Apache-2.0
// All resolvers together: a text goes to the one that owns its form, never to two; each has a circuit breaker and a bound on
// questions in work.
import { ask, type BreakerLimits, type BreakerState, CLOSED, settle } from '../core/circuit-breaker.ts';
import { type CodeFormRule, owns } from '../core/resolver-forms.ts';
import type { CodeResolver, Resolved, ResolverFailure } from '../ports/code-resolver.ts';
import type { Log } from './log.ts';

/** `unowned`: no resolver is there for such a text. */
export type Resolution = Resolved | { readonly outcome: 'unowned' };

export interface Resolvers {
  /** Never rejects; answers within `withinMs`. */
  resolve(text: string, withinMs: number): Promise<Resolution>;
  /** Those that are not asked for now. */
  open(): number;
  close(): void;
}

export interface ResolverEntry {
  readonly id: string;
  readonly forms: readonly CodeFormRule[];
  readonly breaker: BreakerLimits;
  readonly resolver: CodeResolver;
}

export type ResolverOutcome = 'known' | 'unknown' | ResolverFailure | 'spared' | 'crowded';

export interface ResolversOptions {
  readonly entries: readonly ResolverEntry[];
  readonly monotonicMs: () => number;
  readonly observe: (resolver: string, outcome: ResolverOutcome, elapsedMs: number) => void;
  readonly log: Log;
}

/** Questions of one resolver in work: a gate of a thousand people asks ten at a time. */
const MAX_OPEN = 64;

export function createResolvers({ entries, monotonicMs, observe, log }: ResolversOptions): Resolvers {
  const parts = entries.map((entry) => createPart(entry));

  function createPart({ id, forms, breaker, resolver }: ResolverEntry) {
    let state: BreakerState = CLOSED;
    let inWork = 0;

    function become(next: BreakerState): void {
      if (next.kind === 'open' && state.kind === 'closed')
        log.warn({ resolver: id }, 'resolver fails: not asked for a while');
      if (next.kind === 'closed' && state.kind !== 'closed') log.info({ resolver: id }, 'resolver answers again');
      state = next;
    }

    /** Why nobody asks now, if so. */
    function hindrance(): 'crowded' | 'spared' | undefined {
      if (inWork >= MAX_OPEN) return 'crowded';
      const admitted = ask(state, breaker, monotonicMs());
      become(admitted.state);
      return admitted.allowed ? undefined : 'spared';
    }

    async function resolve(text: string, withinMs: number): Promise<Resolved> {
      const startMs = monotonicMs();
      const hindered = hindrance();
      if (hindered !== undefined) {
        observe(id, hindered, 0);
        return { outcome: 'failed', cause: 'unreachable' };
      }
      inWork += 1;
      const result = await resolver.resolve(text, withinMs).finally(() => {
        inWork -= 1;
      });
      become(settle(state, result.outcome === 'failed', breaker, monotonicMs()));
      observe(id, result.outcome === 'failed' ? result.cause : result.outcome, monotonicMs() - startMs);
      return result;
    }

    return {
      owns: (text: string) => forms.some((rule) => owns(rule, text)),
      resolve,
      isOpen: () => state.kind !== 'closed',
      close: () => resolver.close(),
    };
  }

  return {
    resolve: async (text, withinMs) =>
      (await parts.find((part) => part.owns(text))?.resolve(text, withinMs)) ?? { outcome: 'unowned' },
    open: () => parts.filter((part) => part.isOpen()).length,
    close() {
      for (const part of parts) part.close();
    },
  };
}
