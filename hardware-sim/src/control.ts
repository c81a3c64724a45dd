// SPDX-License-Identifier: Apache-2.0
// `npm run sim -- …`: hands and feet on the simulated campus that `npm start` left running.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_CONTROL_PORT } from './control-api.ts';
import { askCampus, type ControlRequest } from './control-client.ts';
import { ControlError, NETWORK_ACTIONS } from './control-commands.ts';
import { addLibraryCommands } from './control-library-cli.ts';
import { describeAnswer } from './control-text.ts';

const EXAMPLES = `
Examples:
  npm run sim -- state                          what there is, and how it stands
  npm run sim -- people --find 张               who lives here, with their cards
  npm run sim -- tap gate-1-in 2026000001       this resident holds the card to that reader
  npm run sim -- tap gate-1-in 04a1b2c3         any card, by the UID in hex
  npm run sim -- scan gate-1-in 284600123456789012   any code, as its scanner reads it
  npm run sim -- room tap 101 2026000001        the same at the lock of a room
  npm run sim -- room jam 101 on                its bolt jams
  npm run sim -- library                        what is lent, quirks and faults of the library system
  npm run sim -- library offline                pull its plug
  npm run sim -- library fault slow --after 3000   it takes its time
  npm run sim -- network cut dorm-1             pull the plug of one controller's network
  npm run sim -- network restore all`;

const send = (request: ControlRequest) => async (options: { url: string; json?: boolean }) => {
  const answer = await askCampus(options.url, request);
  process.stdout.write(
    options.json ? `${JSON.stringify(answer, undefined, 2)}\n` : describeAnswer(request.path, answer),
  );
};

export function controlProgram(): Command {
  const program = new Command('sim')
    .description(
      'Tap cards, scan codes, move doors and cut cables on the simulated campus that "npm start" left running.',
    )
    .addOption(
      new Option('--url <url>', 'control API')
        .env('LATCHKEY_SIM_URL')
        .default(`http://127.0.0.1:${DEFAULT_CONTROL_PORT}`),
    )
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  const run = async (request: ControlRequest) => send(request)(program.opts());
  const post = async (path: string, body: object) => run({ method: 'POST', path, body });

  program
    .command('tap')
    .description('hold a card to a reader and see whether the door lets go')
    .argument('<reader>', 'name of the reader, or DEVICE/NAME')
    .argument('<who>', "a person's number, or a card's UID in hex")
    .action(async (reader: string, who: string) => post('/tap', { reader, who }));
  program
    .command('scan')
    .description('hold a code under a scanner and see whether the door lets go')
    .argument('<reader>', 'name of the reader, or DEVICE/NAME')
    .argument('<text>', 'text of the code')
    .action(async (reader: string, text: string) => post('/scan', { reader, text }));
  for (const [verb, text] of [
    ['open', 'push a door open, by force if it is locked'],
    ['close', 'let a door fall shut'],
    ['rex', 'press the exit button'],
  ] as const) {
    program
      .command(verb)
      .description(text)
      .argument('<portal>', 'id of the portal')
      .action(async (portal: string) => post(`/${verb}`, { portal }));
  }
  program
    .command('fire')
    .description('set off the fire panel, or end it')
    .argument('<state>', 'on or off', parseOnOff)
    .argument('[portal]', 'one portal only')
    .action(async (on: boolean, portal?: string) => post('/fire', { on, ...(portal ? { portal } : {}) }));
  program
    .command('network')
    .description('break or mend the network between a controller and the gateway')
    .argument('<action>', NETWORK_ACTIONS.join(', '))
    .argument('<device>', 'id of the controller, or all')
    .option('--ms <milliseconds>', 'delay each way, for "delay"', parseMs)
    .action(async (action: string, device: string, { ms }: { ms?: number }) =>
      post('/network', { device, action, ...(ms === undefined ? {} : { delayMs: ms }) }),
    );
  const room = program.command('room').description('rooms with smart locks: cards at the lock, and what happens to it');
  room
    .command('tap')
    .description('hold a card to a lock, which decides by itself')
    .argument('<room>', 'id of the portal, or number of the room')
    .argument('<who>', "a person's number, or a card's UID in hex")
    .action(async (to: string, who: string) => post('/room/tap', { room: to, who }));
  for (const [verb, field, text] of [
    ['jam', 'jammed', 'its bolt jams, or no longer'],
    ['near', 'near', 'its radio reaches the corridor, or not'],
    ['alone', 'alone', 'somebody inside wants to be alone, or no longer'],
    ['door', 'open', 'the door stands open, or is shut'],
    ['power', 'power', 'its battery is in, or out'],
  ] as const) {
    room
      .command(verb)
      .description(text)
      .argument('<room>', 'id of the portal, or number of the room')
      .argument('<state>', 'on or off', parseOnOff)
      .action(async (which: string, on: boolean) => post('/room', { room: which, [field]: on }));
  }
  room
    .command('battery')
    .description('set what is left of its battery')
    .argument('<room>', 'id of the portal, or number of the room')
    .argument('<percent>', '0 to 100', parsePercent)
    .action(async (which: string, battery: number) => post('/room', { room: which, battery }));
  addLibraryCommands(program, run, parseOnOff);
  program
    .command('state')
    .description('doors, locks and links')
    .action(async () => run({ method: 'GET', path: '/state' }));
  program
    .command('people')
    .description('residents and their cards')
    .option('--find <text>', 'part of a number or a name', '')
    .option('--limit <count>', 'at most', '20')
    .action(async (query: Record<string, string>) =>
      run({ method: 'GET', path: `/people?${new URLSearchParams(query).toString()}` }),
    );
  return program;
}

function parseOnOff(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('say "on" or "off"');
}

function parsePercent(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text);
  throw new InvalidArgumentError('give 0 to 100');
}

function parseMs(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give whole milliseconds');
}

/** Exit codes: 0 done, 1 the campus refused or is not there, 2 the command line is wrong. */
async function main(): Promise<number> {
  try {
    await controlProgram().parseAsync();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof ControlError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

process.exitCode = await main();
