// SPDX-License-Identifier: Apache-2.0
// Answers of the control API in words, for a terminal.
import type { CardHolder, TapResult } from './control-commands.ts';
import { describeLibrary } from './control-library-text.ts';

interface Room {
  readonly portal: string;
  readonly bolt: string;
  readonly door: string;
  readonly battery: number;
  readonly reach: string;
  readonly opened: number;
  readonly outcome?: string;
  readonly reason?: string;
}

interface State {
  readonly rooms?: readonly Room[];
  readonly controllers: readonly {
    readonly device: string;
    readonly network?: string;
    readonly portals: readonly { portal: string; lock: string; door: string; readers: readonly string[] }[];
  }[];
}

/** `path` is the route that gave the answer. Ends with a line break. */
export function describeAnswer(path: string, answer: unknown): string {
  if (path === '/tap') return describeHold('card', answer as TapResult);
  if (path === '/scan') return describeHold('code', answer as TapResult);
  if (path === '/state') return describeState(answer as State);
  if (path.startsWith('/people')) return describePeople((answer as { people: readonly CardHolder[] }).people);
  if (path === '/network') return `network: ${(answer as { devices: readonly string[] }).devices.join(', ')}\n`;
  if (path === '/fire') return `fire inputs driven: ${(answer as { inputs: number }).inputs}\n`;
  if (path.startsWith('/room')) return describeRoom(answer as Room);
  if (path.startsWith('/library')) return describeLibrary(path, answer);
  return 'done\n';
}

function describeHold(what: string, { reader, portal, released, afterMs }: TapResult): string {
  if (portal === undefined) return `${reader}: ${what} shown; it opens no door; a desk shows it on its page\n`;
  return released ? `${reader}: ${portal} released after ${afterMs} ms\n` : `${reader}: ${portal} stayed as it was\n`;
}

function describeRoom({ portal, bolt, door, battery, reach, opened, outcome, reason }: Room): string {
  const said = outcome === undefined ? '' : ` card ${[outcome, reason].filter(Boolean).join(', ')};`;
  return `${portal}:${said} bolt ${bolt}, door ${door}, battery ${battery} %, ${reach}; opened ${opened} times\n`;
}

function describeState({ controllers, rooms = [] }: State): string {
  const doors = controllers
    .map(({ device, network, portals }) => {
      const head = network === undefined ? device : `${device} (network ${network})`;
      const lines = portals.map(
        ({ portal, lock, door, readers }) => `  ${portal}: ${lock}, door ${door}; readers ${readers.join(', ')}`,
      );
      return `${[head, ...lines].join('\n')}\n`;
    })
    .join('');
  return doors + rooms.map(describeRoom).join('');
}

const describePeople = (people: readonly CardHolder[]): string =>
  people.length === 0 ? 'nobody\n' : people.map(({ number, name, uid }) => `${number}  ${uid}  ${name}\n`).join('');
