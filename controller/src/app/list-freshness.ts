// SPDX-License-Identifier: Apache-2.0
// How fresh a scope's list is: signed statements that make a withheld one visible, and the dates that the list itself carries
// (reference: lists and codes, What a controller enforces 5).
import type { TrustState } from '@latchkey/protocols/authorization/accept-list';
import { FRESHNESS, FRESHNESS_MISSING_AFTER_MS, judgeFreshness } from '@latchkey/protocols/authorization/freshness';
import { verifyFrame } from '@latchkey/protocols/authorization/signed-frame';
import type { Instant } from '@latchkey/protocols/authorization/signed-time';
import type { Clock } from '../ports/clock.ts';
import type { Alarms } from './alarms.ts';
import type { Log } from './log.ts';
import type { Trust } from './trust.ts';

export interface FreshnessWatch {
  /** The body of a `freshness` message. */
  onStatement(frame: Uint8Array): Promise<void>;
  onUp(): void;
  onDown(): void;
  /** A list came into force: statements about it are due from now on. */
  expect(scope: number): void;
  /** Time of the last statement accepted for a scope in this run, 0 for none. */
  lastMs(scope: number): number;
  /** A scope is no longer this device's. */
  forget(scope: number): void;
}

export interface FreshnessParts {
  readonly trust: Trust;
  readonly clock: Pick<Clock, 'after'>;
  readonly alarms: Alarms;
  readonly log: Log;
  readonly instant: () => Instant;
  readonly scopes: () => readonly number[];
  readonly inForce: (scope: number) => TrustState | null;
  readonly onSignedTime: (ms: number) => void;
  /** A newer version exists. */
  readonly onBehind: (scope: number) => void;
}

const subject = (scope: number) => `scope ${scope}`;

export function createFreshnessWatch(parts: FreshnessParts): FreshnessWatch {
  const { alarms } = parts;
  const lastTime = new Map<number, number>();
  const missing = new Map<number, () => void>();
  let up = false;

  function watch(scope: number): void {
    missing.get(scope)?.();
    if (!up) return;
    const raise = () => alarms.set('freshness-missing', true, subject(scope));
    missing.set(scope, parts.clock.after(FRESHNESS_MISSING_AFTER_MS, raise));
  }

  function noteStatement(scope: number, timeMs: number): void {
    lastTime.set(scope, timeMs);
    const { ms, quality } = parts.instant();
    // One that was held back and let through later is no word on what is newest now.
    if (quality === 'synced' && ms - timeMs > FRESHNESS_MISSING_AFTER_MS) return;
    alarms.set('freshness-missing', false, subject(scope));
    watch(scope);
  }

  return {
    async onStatement(bytes) {
      const root = parts.trust.keyring();
      const frame = await verifyFrame(bytes, 'LKF1', root, 'deny');
      const decoded = frame.ok ? FRESHNESS.decode(frame.value.payload) : frame;
      if (!decoded.ok) return parts.log.warn({ reason: decoded.code }, 'freshness statement refused');
      const statement = decoded.value;
      const scopeId = statement.scopeId;
      const judged = judgeFreshness(statement, {
        root,
        scopeId,
        inForce: parts.inForce(scopeId),
        lastTimeMs: lastTime.get(scopeId) ?? 0,
        instant: parts.instant(),
      });
      if (!judged.ok) {
        parts.log.warn({ scope: scopeId, reason: judged.code }, 'freshness statement refused');
        if (judged.code === 'equivocation') alarms.tell('list-equivocation', subject(scopeId));
        return;
      }
      parts.onSignedTime(statement.timeMs);
      // Of a scope that is not ours, nothing is kept and nothing is missed.
      if (parts.scopes().includes(scopeId)) noteStatement(scopeId, statement.timeMs);
      if (judged.value === 'behind') parts.onBehind(scopeId);
    },
    onUp() {
      up = true;
      for (const scope of parts.scopes()) watch(scope);
    },
    onDown() {
      up = false;
      for (const cancel of missing.values()) cancel();
      missing.clear();
      for (const scope of parts.scopes()) alarms.set('freshness-missing', false, subject(scope));
    },
    lastMs: (scope) => lastTime.get(scope) ?? 0,
    expect(scope) {
      if (!missing.has(scope)) watch(scope);
    },
    forget(scope) {
      missing.get(scope)?.();
      missing.delete(scope);
      alarms.set('freshness-missing', false, subject(scope));
    },
  };
}
