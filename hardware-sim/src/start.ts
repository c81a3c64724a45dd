// SPDX-License-Identifier: Apache-2.0
// `npm start`: a campus on this machine, a tour of what it does, then it stays up with the control API for a person to play.
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Campus } from './campus/campus.ts';
import { DESK_READER } from './campus/library-desk.ts';
import { tour } from './campus/tour.ts';
import { tourText } from './campus/tour-text.ts';
import { ControlApi, DEFAULT_CONTROL_PORT } from './control-api.ts';
import { missingForPcscd } from './pcscd.ts';

const RESIDENTS = 2_000;
const DISPLAY_PORT = 7_491;
/** Of the gateway's pages, without TLS: browsers take localhost for safe. */
const WEB_PORT = 7_482;
/** Of the library desk's page. */
const DESK_PORT = 7_481;
/** Nobody watches the tour to see people dawdle. */
const BRISK = { reachMs: 20, passMs: 60, patienceMs: 5_000 };
const USAGE = `Usage: npm start [-- --pcsc] [-- --exit]

  --pcsc   read cards through the real pcscd and nfc-pcsc, from its virtual reader
  --exit   end after the tour instead of staying up
`;

interface Flags {
  readonly pcsc: boolean;
  readonly exit: boolean;
}

function readFlags(): Flags | undefined {
  try {
    const { values } = parseArgs({
      options: {
        pcsc: { type: 'boolean', default: false },
        exit: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
    return values.help ? undefined : values;
  } catch {
    return undefined;
  }
}

async function main(flags: Flags): Promise<number> {
  const missing = flags.pcsc ? missingForPcscd() : undefined;
  if (missing !== undefined) {
    process.stderr.write(`--pcsc is not possible here: ${missing}\n`);
    return 1;
  }
  const dataDir = join(process.cwd(), '.latchkey', 'campus');
  await rm(dataDir, { recursive: true, force: true });
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  try {
    await visit(flags, dataDir, interruption.signal);
    return 0;
  } catch (error) {
    // Ctrl+C reaches every process of the campus at once: what fails here for it is no fault.
    if (interruption.signal.aborted) return 0;
    throw error;
  }
}

/** From the start of the campus to its end. */
async function visit(flags: Flags, dataDir: string, interruption: AbortSignal): Promise<void> {
  const text = tourText(process.env);
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const interrupted = once(interruption, 'abort');
  const since = performance.now();
  const campus = await Campus.start({
    dataDir,
    residents: RESIDENTS,
    pcsc: flags.pcsc,
    manners: BRISK,
    displayPort: DISPLAY_PORT,
    httpPort: WEB_PORT,
    corridor: true,
    deskPort: DESK_PORT,
  });
  try {
    const gatewayUpMs = performance.now() - since;
    await Promise.race([tour({ campus, text, gatewayUpMs, print }), interrupted]);
    if (!flags.exit && !interruption.aborted) await stayUp(campus, text.play, print, interrupted);
  } finally {
    await campus.close();
  }
}

async function stayUp(
  campus: Campus,
  play: string,
  print: (line: string) => void,
  interrupted: Promise<unknown>,
): Promise<void> {
  const control = await ControlApi.start(campus, DEFAULT_CONTROL_PORT);
  try {
    await tell(campus, play, print);
    await interrupted;
  } finally {
    await control.close();
  }
}

/** What there is to play with. */
async function tell(campus: Campus, play: string, print: (line: string) => void): Promise<void> {
  const { caFile, tokenFile } = campus.credentials;
  print(`\n${play}`);
  print('  npm run sim -- --help');
  print(`  npm run sim -- tap gate-1-in ${campus.people[0]?.number}`);
  print('  npm run sim -- network cut gate-1');
  print(`  npm run sim -- tap ${DESK_READER} ${campus.people[0]?.number}`);
  print('  npm run sim -- library');
  print('  npm run sim -- library offline');
  print(`  npm run sim -- room tap 101 ${campus.people[0]?.number}`);
  print(`\n  API    ${campus.gatewayUrl}/v1   (CA ${caFile}, token ${tokenFile})`);
  print(`  lane   http://127.0.0.1:${DISPLAY_PORT}/in   (display of gate-1)`);
  print(`  pass   http://localhost:${WEB_PORT}/pass/   (${await signInOf(campus)})`);
  print(`  desk   ${await campus.deskLink()}`);
  for (const hint of deskHints(campus)) print(`         ${hint}`);
  print(`  logs   ${campus.logFile('gate-1')}`);
}

/** What to type into the page's one field, a line each; a scanner does the same. */
function deskHints({ people, library }: Campus): readonly string[] {
  const books = [...(library?.items.keys() ?? [])];
  return [
    `type ${people[0]?.number}, or tap the card: npm run sim -- tap ${DESK_READER} ${people[0]?.number}`,
    `then type books, ${books[0]} to ${books.at(-1)}; while the library is off line, a card has to be tapped`,
  ];
}

/** A resident with a password of the office, as somebody gets who forgot theirs. */
async function signInOf(campus: Campus): Promise<string> {
  const number = campus.people[1]?.number ?? '';
  const { temporaryPassword } = await campus.api.must<{ temporaryPassword: string }>(
    'POST',
    `/v1/people/${number}/account/reset`,
    {},
  );
  return `number ${number}, password ${temporaryPassword}, to be changed at once`;
}

const flags = readFlags();
if (flags === undefined) process.stderr.write(USAGE);
// An interrupted tour may wait for what never comes: nobody has to sit through that.
process.exit(flags === undefined ? 2 : await main(flags));
