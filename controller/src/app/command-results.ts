// SPDX-License-Identifier: Apache-2.0
// Says how commands ended, again where the connection was gone just then; and remembers openings of smart locks under way over a
// restart: whether they opened is not known then, and that is what is said (DESIGN 1.5).
import type { Command } from '@latchkey/protocols/commands/command';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { SettingsFile } from '../adapters/settings-file.ts';
import type { Link } from '../ports/link.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings-schema.ts';

export interface CommandResults {
  /** `isFinal`: it is worth saying again. */
  tell(id: string, message: object, isFinal: boolean): void;
  begin(given: Command): void;
  end(id: string): void;
  /** Openings that an earlier run began and did not end. */
  left(): readonly OpeningUnderWay[];
  onUp(): void;
}

export type OpeningUnderWay = Pick<Command, 'id' | 'operation' | 'actor' | 'portal'>;

type Openings = NonNullable<Settings['openings']>;

export interface CommandResultParts {
  readonly link: Pick<Link, 'publish'>;
  readonly settings: SettingsFile<Settings>;
  readonly log: Log;
}

const MOST_UNTOLD = 100;

export function createCommandResults({ link, settings, log }: CommandResultParts): CommandResults {
  const untold = new Map<string, object>();

  function tell(id: string, message: object, isFinal: boolean): void {
    link.publish('res', encodeEnvelope(message)).catch(() => {
      log.debug({}, 'result not sent');
      if (isFinal) untold.set(id, message);
      const [oldest] = untold.keys();
      if (untold.size > MOST_UNTOLD && oldest !== undefined) untold.delete(oldest);
    });
  }

  /** Not waited for: nobody at a door waits for a disk, and without it the gateway gives up by itself. */
  function change(of: (openings: Openings) => Openings): void {
    settings
      .update((data) => ({ ...data, openings: of(data.openings ?? {}) }))
      .catch(() => log.warn({}, 'openings under way not kept on disk'));
  }

  return {
    tell,
    begin({ id, actor, portal }) {
      if (portal !== undefined) change((openings) => ({ ...openings, [id]: { actor, portal } }));
    },
    end(id) {
      if (settings.current().openings?.[id] === undefined) return;
      change((openings) => Object.fromEntries(Object.entries(openings).filter(([each]) => each !== id)));
    },
    left() {
      const openings = Object.entries(settings.current().openings ?? {});
      return openings.map(([id, opening]) => ({ id, operation: 'open-lock', ...opening }));
    },
    onUp() {
      const due = [...untold];
      untold.clear();
      for (const [id, message] of due) tell(id, message, true);
    },
  };
}
