// SPDX-License-Identifier: Apache-2.0
// `latchkey sip2 probe`: what a library's SIP2 server is like, and the settings of a desk for it.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { ProbeParts } from '../sip2-probe.ts';
import { EXIT, fail, fileProblem } from './fail.ts';

interface ProbeOptions {
  readonly tls?: true;
  readonly ca?: string;
  readonly serverName?: string;
  readonly fingerprint?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: true;
  readonly loginLocation: string;
  readonly terminalPasswordFile?: string;
  readonly institution: string;
  readonly location: string;
  readonly patron?: string;
  readonly item?: string;
  readonly tryLoan?: true;
  readonly tryUnadvertised?: true;
  readonly timeout: string;
  readonly json?: true;
}

const HELP = `
It asks what changes nothing: 99, 93, 97, 63, 23, 17, 35, of them only what the server says it supports (BX). Nobody's number is asked
about where no --patron and no --item is given; with ones whose names have letters beyond ASCII it can tell the charset.
--try-loan lends the item to the patron, renews it, takes it back, and does so once more with no block: use test ones.
A password that is refused is tried once. It is never printed.

Exit code: 0 settings found, 1 not reached, refused or silent, 2 wrong use.`;

export function registerSip2(program: Command): void {
  program
    .command('sip2')
    .description("a library's SIP2 server: what it is like, and the settings for a desk")
    .command('probe')
    .description('find out charset, line ends, checksum, login order and messages of a SIP2 server')
    .argument('<host:port>', 'address of the server')
    .option('--tls', 'over TLS, verified by the authorities that this machine knows')
    .option('--ca <file>', 'over TLS, verified by this authority (PEM)')
    .option('--server-name <name>', "name in the server's certificate, where it is not the host")
    .option('--fingerprint <sha256>', 'over TLS, trusting the one certificate of this fingerprint')
    .option('--certificate <file>', 'certificate of this desk, where the server asks for one (PEM)')
    .option('--key <file>', 'its key (PEM)')
    .option('--user <name>', 'log in as')
    .option('--password-file <file>', 'file with the password')
    .option('--password-stdin', 'read the password from standard input')
    .option('--login-location <code>', 'location code of the login (CP)', '')
    .option('--terminal-password-file <file>', 'file with the terminal password (AC)')
    .option('--institution <id>', 'institution id (AO)', '')
    .option('--location <id>', 'location of the desk (AP)', '')
    .option('--patron <number>', 'a patron to ask about')
    .option('--item <barcode>', 'an item to ask about')
    .option('--try-loan', 'lend the item to the patron and take it back; both for tests')
    .option('--try-unadvertised', 'ask also what the server does not claim to know')
    .option('--timeout <seconds>', 'how long an answer may take', '3')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(probe);
}

class Misuse extends Error {}

async function probe(address: string, options: ProbeOptions): Promise<void> {
  const [{ probeSip2 }, { probeText }, { systemClock }] = await Promise.all([
    import('../sip2-probe.ts'),
    import('../sip2-probe-text.ts'),
    import('../../adapters/system-clock.ts'),
  ]);
  let parts: Omit<ProbeParts, 'clock'>;
  try {
    parts = await partsOf(address, options);
  } catch (error) {
    if (error instanceof Misuse) return fail(error.message, EXIT.usage);
    throw error;
  }
  const probed = await probeSip2({ ...parts, clock: systemClock });
  if (!probed.ok) return fail(`${address}: ${probed.detail ?? probed.code}`, EXIT.failed);
  process.stdout.write(options.json ? `${JSON.stringify(probed.value, null, 2)}\n` : probeText(probed.value));
}

async function partsOf(address: string, options: ProbeOptions): Promise<Omit<ProbeParts, 'clock'>> {
  const { institution, location, patron, item } = options;
  const seconds = Number(options.timeout);
  if (!(seconds >= 0.1 && seconds <= 60)) throw new Misuse('--timeout: give seconds, 0.1 to 60');
  if (options.tryLoan && (patron === undefined || item === undefined))
    throw new Misuse('--try-loan needs a test patron and a test item: give --patron and --item');
  return {
    address: { ...hostAndPort(address), tls: tlsOf(options) },
    login: await loginOf(options),
    institution,
    location,
    terminalPassword: options.terminalPasswordFile ? await secretOf(options.terminalPasswordFile) : '',
    patron,
    item,
    tryLoan: options.tryLoan === true,
    tryUnadvertised: options.tryUnadvertised === true,
    withinMs: seconds * 1_000,
  };
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535)
    throw new Misuse(`"${address}" is no address: write HOST:PORT, such as ils.library.example:6001`);
  return { host, port };
}

function tlsOf({ tls, ca, serverName, fingerprint, certificate, key }: ProbeOptions): ProbeParts['address']['tls'] {
  const sha256 = fingerprint?.replaceAll(':', '').toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw new Misuse('--fingerprint: give the 64 hexadecimal digits of its SHA-256');
  if ((certificate === undefined) !== (key === undefined)) throw new Misuse('give --certificate and --key, or neither');
  const made = {
    ...(ca === undefined ? {} : { ca: resolve(ca) }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(sha256 === undefined ? {} : { fingerprint: sha256 }),
    ...(certificate === undefined ? {} : { certificate: resolve(certificate) }),
    ...(key === undefined ? {} : { key: resolve(key) }),
  };
  return Object.keys(made).length > 0 ? made : tls === true;
}

async function loginOf({
  user,
  passwordFile,
  passwordStdin,
  loginLocation,
}: ProbeOptions): Promise<ProbeParts['login']> {
  const sources = [passwordFile, passwordStdin].filter((source) => source !== undefined);
  if (user === undefined && sources.length > 0) throw new Misuse('a password needs its --user');
  if (user === undefined) return undefined;
  if (sources.length !== 1) throw new Misuse('--user needs --password-file or --password-stdin, one of them');
  const password =
    passwordFile === undefined ? withoutLineEnd(await text(process.stdin)) : await secretOf(passwordFile);
  return { user, password, location: loginLocation };
}

const withoutLineEnd = (secret: string): string => secret.replace(/\r?\n$/, '');

async function secretOf(path: string): Promise<string> {
  try {
    return withoutLineEnd(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Misuse(fileProblem(path, error));
  }
}
