// SPDX-License-Identifier: Apache-2.0
// One portal of a gate: its admission and its door, each with a single writer, tied together. A grant reaches the door only
// once it is on disk, or 50 ms have passed (DESIGN 1.2).
import type { Answer } from '@latchkey/protocols/commands/command';
import type { Direction, PortalId } from '@latchkey/protocols/ids';
import { stepAdmission } from '../core/admission.ts';
import {
  type AdmissionEffect,
  type AdmissionEvent,
  type AskedCredential,
  INITIAL_ADMISSION,
} from '../core/admission-state.ts';
import type { AntiPassback } from '../core/anti-passback.ts';
import type { EventBody } from '../core/event-body.ts';
import { laneSignalOf } from '../core/lane-signal-of.ts';
import { refusesMomentary } from '../core/mode-arbiter.ts';
import type { PortalWiring } from '../core/wiring.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneSignals } from '../ports/lane-signals.ts';
import type { Panel } from '../ports/panel.ts';
import { createDoorRunner, type DoorRunner } from './door-runner.ts';
import type { GateCodes } from './gate-codes.ts';
import type { Decisions } from './gate-decisions.ts';

export interface GateQuestion {
  readonly portal: PortalId;
  readonly direction: Direction;
  readonly credential: AskedCredential;
}

export interface PortalParts {
  readonly wiring: PortalWiring;
  readonly panel: Pick<Panel, 'setOutput'>;
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly boot: string;
  /** Never rejects; resolves once durable, or after 50 ms. */
  readonly record: (event: EventBody) => Promise<unknown>;
  readonly decisions: Decisions;
  readonly codes: Pick<GateCodes, 'check' | 'isStillNew' | 'use'>;
  readonly antiPassback: AntiPassback;
  readonly isOnline: () => boolean;
  /** Trusted time. */
  readonly now: () => number;
  /** `undefined` after 800 ms. Never rejects. */
  readonly ask: (question: GateQuestion) => Promise<Answer | undefined>;
  readonly onPassed: () => void;
  readonly lanes: LaneSignals;
}

export interface GatePortal {
  readonly id: PortalId;
  readonly door: DoorRunner;
  take(event: AdmissionEvent): void;
  close(): void;
}

export function createGatePortal(parts: PortalParts): GatePortal {
  const { wiring, clock, antiPassback, lanes, decisions, codes } = parts;
  const { id } = wiring;
  const directions = new Map(wiring.readers.map(({ name, direction }) => [name, direction]));
  let admission = INITIAL_ADMISSION;
  let cancelTimer: (() => void) | undefined;
  let closed = false;

  const door = createDoorRunner({
    ...parts,
    record,
    config: wiring,
    onPassage: (outcome, passage) => take({ kind: 'concluded', outcome, passage }),
  });

  /** What is recorded is told in the lane as well, where it is for the people there. */
  async function record(event: EventBody): Promise<unknown> {
    const notice = laneSignalOf(event, (reader) => directions.get(reader));
    if (notice) for (const direction of notice.directions) lanes.tell(id, direction, notice.signal);
    return parts.record(event);
  }

  function take(event: AdmissionEvent): void {
    if (closed) return;
    const stepped = stepAdmission(
      {
        config: wiring,
        decide: (presentation) => decisions.decide(id, presentation),
        stranger: (direction) => decisions.stranger(id, direction),
        isDenied: decisions.isDenied,
        refOf: decisions.refOf,
        checkCode: (scan) => codes.check(id, scan),
        isStillNew: (acceptance) => codes.isStillNew(id, acceptance),
        antiPassback,
        accessible: !refusesMomentary(door.report().mode),
        online: parts.isOnline(),
        nowMs: parts.now(),
        boot: parts.boot,
      },
      admission,
      event,
    );
    admission = stepped.state;
    for (const effect of stepped.effects) run(effect);
  }

  function run(effect: AdmissionEffect): void {
    switch (effect.kind) {
      case 'admit':
        return admit(effect);
      case 'event':
        void record(effect.event);
        return;
      case 'ask':
        lanes.tell(id, effect.direction, { kind: 'checking' });
        void ask(effect);
        return;
      case 'commit':
        antiPassback.commit(effect.by, effect.areas, parts.now());
        parts.onPassed();
        return;
      case 'timer':
        cancelTimer?.();
        cancelTimer = clock.after(effect.afterMs, () => take({ kind: 'timer', name: effect.name }));
    }
  }

  function admit({ record: granted, passage, extended, code }: Extract<AdmissionEffect, { kind: 'admit' }>): void {
    // The zone is told before anything waits: no code is good twice.
    if (code) codes.use(id, passage.reader ?? '', code);
    void parts.record(granted).then(() => {
      const { refused } = door.send({ kind: 'grant', passage, extended });
      // The relay has its order: now the lamps.
      lanes.tell(id, passage.direction, refused === undefined ? { kind: 'granted' } : REFUSED_BY_DOOR);
    });
  }

  async function ask(effect: Extract<AdmissionEffect, { kind: 'ask' }>): Promise<void> {
    const { admission: name, direction, credential } = effect;
    const answer = await parts.ask({ portal: id, direction, credential });
    take({ kind: 'answered', admission: name, answer, atMs: clock.monotonic() });
  }

  return {
    id,
    door,
    take,
    close() {
      closed = true;
      cancelTimer?.();
      door.close();
    },
  };
}

/** It was locked down between the decision and the grant. */
const REFUSED_BY_DOOR = { kind: 'refused', reason: 'DoorNotAccessible' } as const;
