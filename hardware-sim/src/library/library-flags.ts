// SPDX-License-Identifier: Apache-2.0
// The command line of a library that runs alone: what is agreed on for connections, and which quirks and faults it starts with.
import { CHARSETS } from '@latchkey/protocols/sip2/charset';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { table } from '../control-library-text.ts';
import { FAULT_KINDS, FAULTS, type Fault, isFaultKind } from './faults.ts';
import { LIKENESS_NAMES, LIKENESSES, type Likeness, type LikenessName } from './likenesses.ts';
import { isQuirk, QUIRK_NAMES, QUIRKS, type Quirk } from './quirks.ts';
import type { LibraryOptions } from './simulated-library.ts';
import { isRequest } from './sip-answers.ts';

export interface Flags {
  readonly port: number;
  readonly host: string;
  readonly like?: LikenessName;
  readonly charset?: (typeof CHARSETS)[number];
  readonly terminator?: 'cr' | 'crlf' | 'lf';
  readonly delimiter: string;
  readonly language: 'zh-CN' | 'en';
  readonly quirk: readonly Quirk[];
  readonly fault: readonly Fault[];
  readonly login?: { user: string; password: string };
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly data?: string;
  readonly anything: boolean;
  readonly reissue: boolean;
  readonly control?: number;
  readonly quiet: boolean;
}

export interface LibraryFlags {
  readonly options: LibraryOptions;
  readonly data: Pick<LibraryOptions, 'patrons' | 'items'>;
  readonly control: number | undefined;
  readonly quiet: boolean;
}

const HELP = `
Systems (--like NAME):
${table(Object.fromEntries(LIKENESS_NAMES.map((name) => [name, LIKENESSES[name].says])))}
Quirks (--quirk NAME, as often as wanted):
${table(QUIRKS)}
Faults (--fault KIND[,times=N][,codes=11+09][,before=MS][,after=MS]):
${table(FAULTS)}
Examples:
  npm run library -- --port 6001 --like evergreen
  npm run library -- --port 6001 --charset gbk --quirk executes-again
  npm run library -- --port 6001 --login desk:secret --fault slow,after=3000,codes=11 --fault drop-after,times=1
  npm run library -- --port 6001 --control 7480     then, elsewhere: npm run sim -- library offline`;

export function libraryProgram(): Command {
  return new Command('library')
    .description(
      'A library system over SIP2 2.00 that nobody has to be careful with, to try desks and self-checks against.',
    )
    .option('--port <port>', 'port to listen on', parsePort, 6_001)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .addOption(
      new Option('--like <system>', 'as far as it is known; more can be said beside it').choices(LIKENESS_NAMES),
    )
    .addOption(new Option('--charset <charset>', 'of all text (utf-8, where no system is named)').choices(CHARSETS))
    .addOption(new Option('--terminator <end>', 'at the end of answers (cr)').choices(['cr', 'crlf', 'lf']))
    .option('--delimiter <character>', 'between fields', '|')
    .addOption(new Option('--language <language>', 'of its messages').choices(['zh-CN', 'en']).default('zh-CN'))
    .option('--quirk <name>', 'one of the quirks below', collectQuirk, [])
    .option('--fault <fault>', 'one of the faults below', collectFault, [])
    .option('--login <user:password>', 'has to be given before anything else', parseLogin)
    .option('--tls-key <file>', 'PEM; with --tls-cert, it speaks TLS')
    .option('--tls-cert <file>', 'PEM')
    .option('--data <file>', 'JSON of {"patrons": [{"number", "name", "pin"?}], "items": [{"barcode", "title"}]}')
    .option('--anything', 'patrons and books that nobody entered are made up when asked for', false)
    .option('--reissue', 'a stored loan of a book that somebody else has takes it over', false)
    .option('--control <port>', 'switch quirks and faults while it runs: npm run sim -- library', parsePort)
    .option('--quiet', 'say nothing of what goes over the wire', false)
    .addHelpText('after', HELP);
}

const dataFile = z.strictObject({
  patrons: z.array(z.looseObject({ number: z.string().min(1), name: z.string() })).optional(),
  items: z.array(z.looseObject({ barcode: z.string().min(1), title: z.string() })).optional(),
});

/** `read`: a file's text. */
export function readLibraryFlags(flags: Flags, read: (file: string) => string): LibraryFlags {
  const { port, host, charset, terminator, delimiter, language, quirk, fault, login, tlsKey, tlsCert } = flags;
  if ((tlsKey === undefined) !== (tlsCert === undefined)) throw new Error('give --tls-key and --tls-cert together');
  const tls = tlsKey !== undefined && tlsCert !== undefined ? { key: read(tlsKey), cert: read(tlsCert) } : undefined;
  const like: Likeness['options'] | undefined = flags.like && LIKENESSES[flags.like].options;
  return {
    options: {
      port,
      host,
      ...like,
      ...(charset && { charset }),
      ...(terminator && { terminator }),
      delimiter,
      quirks: [...(like?.quirks ?? []), ...quirk],
      faults: fault,
      policies: {
        ...like?.policies,
        language,
        takesAnything: flags.anything,
        ...(flags.reissue && { reissues: true }),
      },
      ...(login && { login }),
      ...(tls && { tls }),
    },
    data: flags.data === undefined ? {} : (dataFile.parse(JSON.parse(read(flags.data))) as LibraryFlags['data']),
    control: flags.control,
    quiet: flags.quiet,
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('give 0 to 65535');
}

function parseLogin(text: string): { user: string; password: string } {
  const at = text.indexOf(':');
  if (at > 0) return { user: text.slice(0, at), password: text.slice(at + 1) };
  throw new InvalidArgumentError('give user:password');
}

function collectQuirk(name: string, all: readonly Quirk[]): Quirk[] {
  if (isQuirk(name)) return [...all, name];
  throw new InvalidArgumentError(`there are: ${QUIRK_NAMES.join(', ')}`);
}

const NUMBERS: Readonly<Record<string, 'times' | 'beforeMs' | 'afterMs'>> = {
  times: 'times',
  before: 'beforeMs',
  after: 'afterMs',
};

function collectFault(text: string, all: readonly Fault[]): Fault[] {
  const [kind = '', ...parts] = text.split(',');
  if (!isFaultKind(kind)) throw new InvalidArgumentError(`there are: ${FAULT_KINDS.join(', ')}`);
  return [...all, parts.reduce((fault: Fault, part) => ({ ...fault, ...faultPart(part) }), { kind })];
}

function faultPart(part: string): Partial<Fault> {
  const [key = '', value = ''] = part.split('=');
  const codes = value.split('+').filter(isRequest);
  if (key === 'codes' && codes.length === value.split('+').length) return { codes };
  const name = NUMBERS[key];
  if (name !== undefined && /^\d{1,7}$/.test(value)) return { [name]: Number(value) };
  throw new InvalidArgumentError(`"${part}": say times=N, codes=11+09, before=MS or after=MS`);
}
