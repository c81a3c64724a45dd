// SPDX-License-Identifier: Apache-2.0
// What the controller says of itself: in hello, what it has; in health, how it is.
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { Clock } from '../ports/clock.ts';
import type { Journal, JournalStatus } from '../ports/journal.ts';
import type { Gate } from '../roles/gate.ts';
import type { Alarms } from './alarms.ts';
import type { DenyKeeper } from './deny-keeper.ts';
import type { HealthReport } from './health.ts';
import type { ListKeeper } from './list-keeper.ts';
import type { PrfKeys } from './prf-keys.ts';
import type { Hello } from './session.ts';
import type { Trust } from './trust.ts';
import type { TrustedClock } from './trusted-clock.ts';

export interface ReportParts {
  readonly software: string;
  readonly boot: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly journal: Pick<Journal, 'status'>;
  readonly trust: Trust;
  readonly gate: Gate;
  readonly time: TrustedClock;
  readonly alarms: Alarms;
  readonly lists: ListKeeper;
  readonly denies: DenyKeeper;
  readonly prfKeys: PrfKeys;
}

/** Said of a journal that cannot be opened: nothing in it can be asked for or acknowledged. */
const NO_JOURNAL: JournalStatus = {
  epoch: '0'.repeat(16),
  nextSeq: 1,
  ackedSeq: 0,
  stored: 0,
  pending: 0,
  freeBytes: 0,
};

export function createReports(parts: ReportParts) {
  const { clock, gate, time } = parts;
  const startedMs = clock.monotonic();
  const portals = () => gate.portals().map(gate.report);
  const journalStatus = () => parts.journal.status().catch(() => NO_JOURNAL);

  async function healthReport(): Promise<HealthReport> {
    const { pending, stored, freeBytes } = await journalStatus();
    const { ms, quality, behindMs } = time.instant();
    const { epoch, seq } = parts.denies.overlay();
    return {
      uptimeS: Math.floor((clock.monotonic() - startedMs) / 1_000),
      rssBytes: process.memoryUsage.rss(),
      time: { nowMs: ms, quality, ...(quality === 'degraded' ? { behindMs } : {}) },
      journal: { pending, stored, freeBytes },
      readers: [...gate.readers()],
      portals: portals(),
      alarms: [...parts.alarms.standing()],
      deny: { epoch, seq },
    };
  }

  async function hello(): Promise<Hello> {
    const { epoch, nextSeq, ackedSeq } = await journalStatus();
    const { ms, quality } = time.instant();
    const overlay = parts.denies.overlay();
    return {
      boot: parts.boot,
      software: parts.software,
      time: { nowMs: ms, quality },
      root: parts.trust.rootVersion(),
      have: [...parts.lists.have()],
      deny: { epoch: overlay.epoch, seq: overlay.seq, chain: toHex(overlay.chain) },
      prfKeys: [...parts.prfKeys.ids()],
      journal: { epoch, nextSeq, ackedSeq },
      portals: portals(),
    };
  }

  return { hello, healthReport };
}
