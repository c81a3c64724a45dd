// SPDX-License-Identifier: Apache-2.0
// npm run library -- --port 6001 …: the simulated library alone, for anybody's SIP2 client. It speaks on standard output what it
// heard and said: nobody in it exists.
import { readFileSync } from 'node:fs';
import { decodeText } from '@latchkey/protocols/sip2/charset';
import { residents } from './campus/residents.ts';
import { ControlApi } from './control-api.ts';
import { type Flags, libraryProgram, readLibraryFlags } from './library/library-flags.ts';
import { libraryShelf } from './library/library-shelf.ts';
import { startSimulatedLibrary, type WireLine } from './library/simulated-library.ts';

const RESIDENTS = 20;

async function main(): Promise<void> {
  const flags = libraryProgram().parse().opts<Flags>();
  const { options, control, quiet, data } = readLibraryFlags(flags, (file) => readFileSync(file, 'utf8'));
  const people = residents(RESIDENTS);
  const charset = options.charset ?? 'utf-8';
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const onWire = ({ connection, from, bytes }: WireLine) =>
    print(`${connection} ${from === 'desk' ? '>' : '<'} ${printable(decodeText(bytes, charset))}`);
  const library = await startSimulatedLibrary({
    patrons: people.map(({ number, name, className }) => ({ number, name, group: className })),
    items: libraryShelf(),
    ...options,
    ...data,
    ...(quiet ? {} : { onWire }),
  });
  const campus = { benches: new Map(), links: new Map(), people, rooms: [], library };
  const api = control === undefined ? undefined : await ControlApi.start(campus, control);
  const [patron] = library.patrons.keys();
  const [item] = library.items.keys();
  print(
    `SIP2 on port ${library.port}: ${library.patrons.size} patrons such as ${patron}, ${library.items.size} books such as ${item}`,
  );
  if (api) print(`npm run sim -- --url ${api.url} library`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void Promise.all([api?.close(), library.close()]));
}

/** Line ends and nonsense would make a mess of the terminal. */
const printable = (text: string): string => text.replace(/[\r\n]+$/, '').replace(/\p{Cc}/gu, '.');

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
