// SPDX-License-Identifier: Apache-2.0
// The time this controller believes, and its mark on disk: written at most once a minute, because a card of an old controller
// wears out, and because a minute is all that a power cut may then take back.
import type { RootEpoch } from '@latchkey/protocols/authorization/signed-time';
import type { SettingsFile } from '../adapters/settings-file.ts';
import {
  type ClockPair,
  raiseMark,
  readTime,
  startTime,
  synchronise,
  type TimeSample,
  type TrustedInstant,
} from '../core/trusted-time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Settings } from './settings-schema.ts';

export interface TrustedClock {
  instant(): TrustedInstant;
  /** A signed statement that was judged plausible. */
  onSignedTime(ms: number): void;
  onSample(sample: TimeSample): void;
  /** Writes the marks if a minute has passed; with `force` whatever has. */
  keep(lastBeat: Settings['trust']['beat'] | undefined, force?: boolean): Promise<void>;
}

const KEEP_EVERY_MS = 60_000;

export function createTrustedClock(
  settings: SettingsFile<Settings>,
  clock: Clock,
  root: () => RootEpoch,
): TrustedClock {
  const now = (): ClockPair => ({ wallMs: clock.now(), monotonicMs: clock.monotonic() });
  let state = startTime(settings.current().trust.timeMarkMs, now());
  let keptAtMs = Number.NEGATIVE_INFINITY;

  return {
    instant: () => readTime(state, now()),
    onSignedTime(ms) {
      state = raiseMark(state, ms, now());
    },
    onSample(sample) {
      state = synchronise(state, sample, root());
    },
    async keep(lastBeat, force = false) {
      if (!force && clock.monotonic() - keptAtMs < KEEP_EVERY_MS) return;
      keptAtMs = clock.monotonic();
      const timeMarkMs = Math.max(state.mark.ms, settings.current().trust.timeMarkMs);
      const { timeMarkMs: before, beat } = settings.current().trust;
      const nextBeat = lastBeat ?? beat;
      if (timeMarkMs === before && nextBeat.seq === beat.seq && nextBeat.epoch === beat.epoch) return;
      await settings.update((data) => ({ ...data, trust: { ...data.trust, timeMarkMs, beat: nextBeat } }));
    },
  };
}
