// SPDX-License-Identifier: Apache-2.0
// latchkey unlock, mode, lockdown: operator commands. They print what the door confirmed and exit 0 only when it did.
import { type CommandState, commandList, commandState, SETTABLE_MODES } from '@latchkey/protocols/api/operations';
import { Argument, type Command } from 'commander';
import { type ConnectionOptions, useGateway, withConnection } from './connection.ts';
import { action, EXIT } from './fail.ts';
import { printable } from './print.ts';

const EXIT_CODES = '\nExit code: 0 the door confirmed, 1 refused, expired or no answer, 2 wrong use.';

export function registerUnlock(program: Command): void {
  withConnection(program.command('unlock'))
    .description('open a portal once, now or not at all')
    .argument('<portal>', 'identifier of the portal')
    .addHelpText('after', `\nExample:\n  $ latchkey unlock dorm-3-gate${EXIT_CODES}`)
    .action(action(unlock));
  withConnection(program.command('mode'))
    .description("set or release the operator's mode of a portal; it holds until released")
    .argument('<portal>', 'identifier of the portal')
    .addArgument(new Argument('<mode>', 'mode, or release').choices([...SETTABLE_MODES, 'release']))
    .addHelpText('after', `\nExample:\n  $ latchkey mode dorm-3-gate Unlocked${EXIT_CODES}`)
    .action(action(setMode));
  withConnection(program.command('lockdown'))
    .description('lock down every portal, or the ones named; --release ends it')
    .argument('[portal...]', 'identifiers of portals (default: all)')
    .option('--release', 'end the lockdown')
    .addHelpText('after', `\nExample:\n  $ latchkey lockdown dorm-3-gate dorm-4-gate${EXIT_CODES}`)
    .action(action(lockdown));
}

async function unlock(portal: string, options: ConnectionOptions): Promise<number> {
  const path = `/v1/portals/${encodeURIComponent(portal)}/unlock`;
  return useGateway(options, async (client) =>
    reportCommands([await client.call({ method: 'POST', path, answer: commandState })]),
  );
}

async function setMode(portal: string, mode: string, options: ConnectionOptions): Promise<number> {
  const path = `/v1/portals/${encodeURIComponent(portal)}/mode`;
  const call =
    mode === 'release' ? ({ method: 'DELETE', path } as const) : ({ method: 'PUT', path, body: { mode } } as const);
  return useGateway(options, async (client) => reportCommands([await client.call({ ...call, answer: commandState })]));
}

async function lockdown(portals: string[], options: ConnectionOptions & { release?: boolean }): Promise<number> {
  const path = options.release === true ? '/v1/lockdown/release' : '/v1/lockdown';
  const body = portals.length === 0 ? {} : { portals };
  return useGateway(options, async (client) =>
    reportCommands((await client.call({ method: 'POST', path, body, answer: commandList })).items),
  );
}

const MEANING: Readonly<Record<CommandState['state'], string>> = {
  queued: 'waiting: the controller is not connected, it applies when it is back',
  sent: 'no answer yet',
  received: 'received, but not confirmed by the door',
  done: 'done',
  refused: 'refused',
  expired: 'expired: it will not happen any more',
};

/** Prints what the doors confirmed; the exit code. */
export function reportCommands(results: readonly CommandState[]): number {
  if (results.length === 0) process.stdout.write('there is no portal to command\n');
  for (const { device, portal, state, code, elapsedMs } of results) {
    const reason = code === null ? '' : ` (${printable(code)})`;
    const took = elapsedMs === null ? '' : ` after ${elapsedMs} ms`;
    process.stdout.write(`${portal ?? device}: ${MEANING[state]}${reason}${took}\n`);
  }
  return results.length > 0 && results.every(({ state }) => state === 'done') ? EXIT.done : EXIT.failed;
}
