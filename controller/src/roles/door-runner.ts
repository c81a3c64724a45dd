// SPDX-License-Identifier: Apache-2.0
// Runs one door's machine: the only writer of its state. Events are taken one after the other; what they cause is carried out
// in order, a relay that releases only after what it is recorded as is durable, or 50 ms have passed (DESIGN 1.2).
import type { PortalReport } from '@latchkey/protocols/mqtt/messages';
import {
  type DoorConfig,
  type DoorEffect,
  type DoorEvent,
  type DoorState,
  type DoorTimer,
  initialDoor,
  reportOf,
  stepDoor,
} from '../core/door.ts';
import type { EventBody, Passage } from '../core/event-body.ts';
import type { Clock } from '../ports/clock.ts';
import type { Panel } from '../ports/panel.ts';

export interface DoorRunner {
  /** Takes an event. `refused` says why it was not carried out; `settled` resolves once every relay it moved has been moved. */
  send(event: DoorEvent): { readonly refused: string | undefined; readonly settled: Promise<void> };
  state(): DoorState;
  report(): PortalReport;
  /** Stops its timers; relays are the panel's to let go. */
  close(): void;
}

export interface DoorRunnerParts {
  readonly config: DoorConfig;
  readonly panel: Pick<Panel, 'setOutput'>;
  readonly clock: Pick<Clock, 'after'>;
  /** Never rejects; resolves once durable or given up on. */
  readonly record: (event: EventBody) => Promise<unknown>;
  readonly onPassage: (outcome: 'taken' | 'not-taken', passage: Passage) => void;
}

type Of<Kind extends DoorEffect['kind']> = Extract<DoorEffect, { kind: Kind }>;

export function createDoorRunner(parts: DoorRunnerParts): DoorRunner {
  const { config, panel, clock } = parts;
  const timers = new Map<DoorTimer, () => void>();
  let state = initialDoor(config);
  let records: Promise<unknown> | undefined;
  let outputs: Promise<void> | undefined;
  let closed = false;

  function send(event: DoorEvent): { refused: string | undefined; settled: Promise<void> } {
    if (closed) return { refused: 'closing', settled: Promise.resolve() };
    const stepped = stepDoor(config, state, event);
    state = stepped.state;
    let refused: string | undefined;
    // A relay that waits for nothing goes first: telling what happened takes half a millisecond, and somebody stands there.
    const isUrgent = (effect: DoorEffect) => effect.kind === 'output' && !effect.afterRecord;
    for (const effect of [...stepped.effects.filter(isUrgent), ...stepped.effects.filter((each) => !isUrgent(each))]) {
      if (effect.kind === 'refuse') refused ??= effect.code;
      else run(effect);
    }
    return { refused, settled: outputs ?? Promise.resolve() };
  }

  function run(effect: Exclude<DoorEffect, Of<'refuse'>>): void {
    switch (effect.kind) {
      case 'event':
        return note(parts.record(effect.event));
      case 'output':
        return move(effect);
      case 'timer':
        timers.get(effect.name)?.();
        timers.set(
          effect.name,
          clock.after(effect.afterMs, () => fire(effect.name)),
        );
        return;
      case 'cancel':
        timers.get(effect.name)?.();
        timers.delete(effect.name);
        return;
      case 'passage':
        return parts.onPassage(effect.outcome, effect.passage);
    }
  }

  function fire(name: DoorTimer): void {
    timers.delete(name);
    send({ kind: 'timer', name });
  }

  function note(recording: Promise<unknown>): void {
    const all: Promise<unknown> = records ? Promise.all([records, recording]) : recording;
    records = all;
    void all.then(() => {
      if (records === all) records = undefined;
    });
  }

  /** In the order of the machine; at once when nothing has to be waited for. */
  function move(effect: Of<'output'>): void {
    const before = [outputs, effect.afterRecord ? records : undefined].filter((each) => each !== undefined);
    const moving = before.length === 0 ? setOutput(effect) : Promise.all(before).then(() => setOutput(effect));
    outputs = moving;
    void moving.then(() => {
      if (outputs === moving) outputs = undefined;
    });
  }

  async function setOutput({ output, on }: Of<'output'>): Promise<void> {
    let ok = true;
    try {
      await panel.setOutput(output, on);
    } catch {
      // The door tells it, and when it is over.
      ok = false;
    }
    send({ kind: 'output', output, on, ok });
  }

  return {
    send,
    state: () => state,
    report: () => reportOf(config, state),
    close() {
      closed = true;
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
