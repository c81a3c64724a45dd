// SPDX-License-Identifier: Apache-2.0
// Where a command finds the gateway, its CA and the token: flags, then LATCHKEY_* variables, then the local data directory.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type ApiClient, createApiClient } from './api-client.ts';
import { fail, failUsage } from './fail.ts';

export interface ConnectionOptions {
  readonly gateway: string;
  readonly data: string;
  readonly tokenFile?: string;
  readonly ca?: string;
}

/** Adds the options every command that talks to a gateway shares. */
export function withConnection(command: Command): Command {
  return command
    .addOption(
      new Option('--gateway <url>', 'address of the gateway').env('LATCHKEY_GATEWAY').default('https://localhost:8443'),
    )
    .addOption(
      new Option('--data <dir>', "the gateway's data directory, for the two files below")
        .env('LATCHKEY_DATA')
        .default('.latchkey/gateway'),
    )
    .addOption(
      new Option('--token-file <file>', 'administrator token (default: <data>/admin-token)').env('LATCHKEY_TOKEN_FILE'),
    )
    .addOption(
      new Option('--ca <file>', "the gateway's CA certificate (default: <data>/ca/ca.pem)").env('LATCHKEY_CA'),
    );
}

/** Opens a client, hands it over, closes it. */
export async function useGateway<T>(options: ConnectionOptions, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const tokenFile = options.tokenFile ?? join(options.data, 'admin-token');
  const caFile = options.ca ?? join(options.data, 'ca', 'ca.pem');
  const client = createApiClient({
    url: addressOf(options.gateway),
    ca: await read(caFile, 'the CA certificate', '--ca'),
    token: (await read(tokenFile, 'the administrator token', '--token-file')).trim(),
    language: (process.env['LC_ALL'] ?? process.env['LANG'] ?? '').startsWith('zh') ? 'zh-CN' : 'en',
  });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:') return url;
  return failUsage(`--gateway: "${text}" is no https address`, 'write it like https://gateway.campus.example:8443');
}

async function read(path: string, what: string, flag: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'EACCES' ? 'may not be read' : 'is not there';
    return fail(
      `${what} ${path} ${reason}`,
      `name the gateway's data directory with --data or LATCHKEY_DATA; on another machine, copy the file and name it with ${flag}`,
    );
  }
}
