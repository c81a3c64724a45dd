// SPDX-License-Identifier: Apache-2.0
// Listens to the panel's inputs, debounces each use of a line by itself, and says what it means to which door.
import type { PortalId } from '@latchkey/protocols/ids';
import type { WireLevel } from '../core/door.ts';
import {
  type DebounceEvent,
  INITIAL_DEBOUNCE,
  type InputUse,
  inputUses,
  stepDebounce,
  wireLevel,
} from '../core/input-debounce.ts';
import type { InputRole, Wiring } from '../core/wiring.ts';
import type { Clock } from '../ports/clock.ts';
import type { Panel } from '../ports/panel.ts';

type OnLevel = (portal: PortalId, role: InputRole, level: WireLevel) => void;

interface Debouncer {
  take(event: DebounceEvent): void;
  close(): void;
}

function createDebouncer({ portal, role, wired }: InputUse, clock: Pick<Clock, 'after'>, onLevel: OnLevel): Debouncer {
  let state = INITIAL_DEBOUNCE;
  let cancel: (() => void) | undefined;

  function take(event: DebounceEvent): void {
    const stepped = stepDebounce(wired.debounceMs, state, event);
    state = stepped.state;
    for (const effect of stepped.effects) {
      if (effect.kind === 'level') onLevel(portal, role, wireLevel(wired, effect.level));
      else cancel?.();
      if (effect.kind === 'timer') cancel = clock.after(effect.afterMs, () => take({ kind: 'timer' }));
    }
  }

  return { take, close: () => cancel?.() };
}

/** Resolves once the present levels have been told. */
export async function watchInputs(
  wiring: Wiring,
  panel: Pick<Panel, 'watch'>,
  clock: Pick<Clock, 'after'>,
  onLevel: OnLevel,
): Promise<{ close(): void }> {
  const byInput = new Map<string, Debouncer[]>();
  for (const [input, uses] of inputUses(wiring)) {
    byInput.set(
      input,
      uses.map((use) => createDebouncer(use, clock, onLevel)),
    );
  }
  await panel.watch((input, level) => {
    for (const debouncer of byInput.get(input) ?? []) debouncer.take({ kind: 'level', level });
  });
  return {
    close() {
      for (const debouncer of [...byInput.values()].flat()) debouncer.close();
    },
  };
}
