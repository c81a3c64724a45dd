// SPDX-License-Identifier: Apache-2.0
// The role of a gate: readers, portals, inputs and schedules of one controller, wired together (DESIGN 2). Decides by itself;
// whatever talks to the network is handed in and may be absent.
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import type { Answer } from '@latchkey/protocols/commands/command';
import type { Direction, PortalId } from '@latchkey/protocols/ids';
import type { AlarmKind } from '@latchkey/protocols/mqtt/door-terms';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { AntiPassback } from '../core/anti-passback.ts';
import type { DoorEvent } from '../core/door.ts';
import type { EventBody } from '../core/event-body.ts';
import { nextLookMs, scheduledAt } from '../core/schedule-driver.ts';
import type { Wiring } from '../core/wiring.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneSignals } from '../ports/lane-signals.ts';
import type { Panel } from '../ports/panel.ts';
import type { ReaderEvent, ReaderSource } from '../ports/reader-source.ts';
import type { Doors } from './doors.ts';
import type { GateCodes } from './gate-codes.ts';
import { createDecisions, type DecisionParts } from './gate-decisions.ts';
import { createGatePortal, type GatePortal, type GateQuestion } from './gate-portal.ts';
import { watchInputs } from './input-watch.ts';

export interface GateParts extends DecisionParts {
  readonly wiring: Wiring;
  readonly readers: ReaderSource;
  readonly panel: Panel;
  readonly clock: Clock;
  readonly boot: string;
  /** Never rejects; resolves once durable, or after 50 ms. */
  readonly record: (event: EventBody) => Promise<unknown>;
  readonly codes: Pick<GateCodes, 'check' | 'isStillNew' | 'use'>;
  readonly antiPassback: AntiPassback;
  readonly isOnline: () => boolean;
  readonly ask: (question: GateQuestion) => Promise<Answer | undefined>;
  readonly onPassed: () => void;
  /** Told of everything that people in a lane are to see and hear. */
  readonly lanes: LaneSignals;
  readonly setAlarm: (alarm: AlarmKind, active: boolean, subject?: string) => void;
  readonly onDecided?: () => void;
}

export interface Gate extends Doors {
  /** Drives the relays, puts back the modes that were set, listens to inputs, then to readers. Resolves when cards are decided. */
  start(restoreModes: () => Promise<void>): Promise<void>;
  /** A list changed: schedules may be others. */
  refresh(): void;
  /** Every reader of this controller, a desk's too. */
  readers(): readonly { readonly reader: string; readonly state: 'present' | 'lost' }[];
  /** Stops listening and lets the locks go to their fail state. */
  close(): Promise<void>;
}

interface ReaderPlace {
  readonly portal: GatePortal;
  readonly direction: Direction;
}

/** A reader that is not there by then is missed, whoever it serves. */
const READER_PATIENCE_MS = 10_000;

export function createGate(parts: GateParts): Gate {
  const { wiring, clock, setAlarm } = parts;
  const decisions = createDecisions(parts);
  const portals = new Map<PortalId, GatePortal>(wiring.portals.map((portal) => [portal.id, makePortal(portal)]));
  const places = new Map<string, ReaderPlace>();
  for (const { id, readers } of wiring.portals) {
    const portal = portals.get(id);
    for (const { name, direction } of readers) if (portal) places.set(name, { portal, direction });
  }
  const present = new Set<string>();
  const scheduled = new Map<PortalId, string>();
  const cancels: (() => void)[] = [];
  let cancelLook: (() => void) | undefined;
  let inputs: { close(): void } | undefined;

  function makePortal(portal: Wiring['portals'][number]): GatePortal {
    return createGatePortal({
      ...parts,
      wiring: portal,
      decisions,
      now: () => parts.instant().ms,
    });
  }

  function onReader(event: ReaderEvent): void {
    const place = places.get(event.reader);
    switch (event.kind) {
      case 'attached':
        present.add(event.reader);
        return setAlarm('reader-lost', false, event.reader);
      case 'detached':
        present.delete(event.reader);
        return setAlarm('reader-lost', true, event.reader);
      case 'card':
        return place && presented(place, event);
      case 'code':
        return place && scanned(place, event);
      case 'removed':
        return place?.portal.take({ kind: 'removed', reader: event.reader, atMs: clock.monotonic() });
      case 'unreadable':
        return place?.portal.take({ kind: 'unreadable', reader: event.reader, atMs: clock.monotonic() });
    }
  }

  function presented({ portal, direction }: ReaderPlace, card: Extract<ReaderEvent, { kind: 'card' }>): void {
    const id = cardId(card.uid);
    const ref = decisions.refOf(id);
    const credential = { id, ref, class: card.class };
    portal.take({ kind: 'presented', reader: card.reader, direction, credential, atMs: card.atMs });
    parts.onDecided?.();
  }

  function scanned({ portal, direction }: ReaderPlace, code: Extract<ReaderEvent, { kind: 'code' }>): void {
    const { reader, text, atMs } = code;
    portal.take({ kind: 'scanned', reader, direction, text, atMs });
    parts.onDecided?.();
  }

  /** What the schedules of a portal ask for now, told to its door where it changed. */
  function lookAtSchedules(): void {
    const nowMs = parts.instant().ms;
    for (const { id, schedules } of wiring.portals) {
      const { claim, masks, missing } = scheduledAt(schedules, parts.listFor(id)?.policy, nowMs);
      for (const named of Object.values(schedules))
        if (named !== undefined) setAlarm('schedule-missing', missing.includes(named), `${id}: ${named}`);
      const state = JSON.stringify([claim, masks]);
      if (scheduled.get(id) === state) continue;
      // Nothing asked for is how a door starts.
      if (scheduled.has(id) || claim || masks.forced || masks.held) {
        const door = portals.get(id)?.door;
        door?.send(claim ? { kind: 'claim', writer: 'schedule', ...claim } : RELINQUISH_SCHEDULE);
        door?.send({ kind: 'mask', ...masks });
      }
      scheduled.set(id, state);
    }
    cancelLook?.();
    cancelLook = clock.after(nextLookMs(nowMs) - nowMs, lookAtSchedules);
  }

  function missAbsentReaders(): void {
    for (const { name } of wiring.readers) if (!present.has(name)) setAlarm('reader-lost', true, name);
  }

  async function send(portal: PortalId, event: DoorEvent): Promise<Result<null>> {
    const door = portals.get(portal)?.door;
    if (!door) return err('unknown-portal', 'no such portal here');
    const { refused, settled } = door.send(event);
    if (refused !== undefined) return err(refused);
    await settled;
    return door.report().lock === 'Fault' ? err('lock-fault', 'the relay did not answer') : ok(null);
  }

  return {
    async start(restoreModes) {
      for (const { door } of portals.values()) door.send({ kind: 'start' });
      lookAtSchedules();
      await restoreModes();
      inputs = await watchInputs(wiring, parts.panel, clock, (portal, role, level) => {
        portals.get(portal)?.door.send({ kind: 'input', role, level });
      });
      await parts.readers.start(onReader);
      cancels.push(clock.after(READER_PATIENCE_MS, missAbsentReaders));
    },
    refresh: lookAtSchedules,
    portals: () => [...portals.keys()],
    report(portal) {
      const found = portals.get(portal);
      if (!found) throw new RangeError('no such portal');
      return found.door.report();
    },
    release: (portal, by) => send(portal, { kind: 'unlock-momentary', by }),
    setMode: (portal, writer, mode, by) =>
      send(portal, mode === null ? { kind: 'relinquish', writer, by } : { kind: 'claim', writer, mode, by }),
    readers: () => wiring.readers.map(({ name }) => ({ reader: name, state: present.has(name) ? 'present' : 'lost' })),
    async close() {
      for (const cancel of cancels) cancel();
      cancelLook?.();
      inputs?.close();
      await parts.readers.close();
      for (const portal of portals.values()) portal.close();
      await parts.panel.close();
    },
  };
}

const RELINQUISH_SCHEDULE: DoorEvent = { kind: 'relinquish', writer: 'schedule', by: 'schedule' };
