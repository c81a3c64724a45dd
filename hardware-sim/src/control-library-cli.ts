// SPDX-License-Identifier: Apache-2.0
// `npm run sim -- library …`: a look at the library system behind the desk, and hands on its switches.
import { type Command, InvalidArgumentError } from 'commander';
import type { ControlRequest } from './control-client.ts';

type Run = (request: ControlRequest) => Promise<void>;

interface FaultFlags {
  readonly times?: number;
  readonly codes?: string[];
  readonly before?: number;
  readonly after?: number;
}

/** `parseOnOff`: as everywhere else on this command line. */
export function addLibraryCommands(program: Command, run: Run, parseOnOff: (text: string) => boolean): void {
  const library = program
    .command('library')
    .description("the library system behind the desk: what it knows, and what's wrong with it");
  const post = (path: string, body: object) => run({ method: 'POST', path: `/library${path}`, body });
  library
    .command('show', { isDefault: true })
    .description('loans, the latest transactions, quirks and faults')
    .action(() => run({ method: 'GET', path: '/library' }));
  library
    .command('switches')
    .description('every quirk and fault, with its line')
    .action(() => run({ method: 'GET', path: '/library/switches' }));
  library
    .command('quirk')
    .description('a way of real servers to differ from the standard')
    .argument('<name>', 'see "library switches"')
    .argument('<state>', 'on or off', parseOnOff)
    .action((name: string, on: boolean) => post('/quirk', { name, on }));
  library
    .command('fault')
    .description('something that goes wrong with its answers')
    .argument('<kind>', 'see "library switches"; all, with off, takes every one away')
    .argument('[state]', 'on or off', parseOnOff, true)
    .option('--times <count>', 'so often, then no more', whole)
    .option('--codes <codes>', 'these requests only, such as 11,09', (text: string) => text.split(','))
    .option('--before <ms>', 'wait before it is carried out, for "slow"', whole)
    .option('--after <ms>', 'wait before the answer, for "slow"', whole)
    .action((kind: string, on: boolean, { times, codes, before, after }: FaultFlags) =>
      post('/fault', { kind, on, times, codes, beforeMs: before, afterMs: after }),
    );
  for (const [verb, isIn, says] of [
    ['offline', false, 'pull its plug: connections are reset, new ones refused'],
    ['online', true, 'put the plug back'],
  ] as const) {
    library
      .command(verb)
      .description(says)
      .action(() => post('/plug', { in: isIn }));
  }
  library
    .command('patron')
    .description('a patron: what is lent, and why they may not borrow')
    .argument('<number>', "a person's number")
    .argument('[change]', 'block or unblock', parseBlock)
    .action((number: string, blocked?: boolean) => post('/patron', { number, blocked }));
  addItemCommands(library, run, post);
}

function addItemCommands(library: Command, run: Run, post: (path: string, body: object) => Promise<void>): void {
  const item = library.command('item').description('books on its shelf');
  item
    .command('list', { isDefault: true })
    .description('books, with who has them')
    .option('--find <text>', 'part of a barcode or a title', '')
    .option('--limit <count>', 'at most', '20')
    .action((query: Record<string, string>) =>
      run({ method: 'GET', path: `/library/items?${new URLSearchParams(query).toString()}` }),
    );
  item
    .command('add')
    .description('put one more on the shelf')
    .argument('<barcode>')
    .argument('<title>')
    .argument('[call-number]')
    .action((barcode: string, title: string, callNumber?: string) => post('/items', { barcode, title, callNumber }));
}

function whole(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give a whole number');
}

function parseBlock(text: string): boolean {
  if (text === 'block' || text === 'unblock') return text === 'block';
  throw new InvalidArgumentError('say "block" or "unblock"');
}
