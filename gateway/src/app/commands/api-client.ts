// SPDX-License-Identifier: Apache-2.0
// Calls the gateway's API for the commands: pinned CA, token, and every failure as one line that says what to do.
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { apiError } from '@latchkey/protocols/api/errors';
import type { z } from 'zod';
import { CommandFailure } from './fail.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface ApiCall<T> {
  readonly method?: Method;
  /** Path with query, below the gateway's address. */
  readonly path: string;
  readonly body?: object;
  /** A raw CSV file instead of a JSON body. */
  readonly csv?: Uint8Array;
  readonly answer: z.ZodType<T>;
}

export interface ApiClient {
  /** The checked answer; a refusal of the gateway is a `GatewayRefusal`. */
  call<T>(call: ApiCall<T>): Promise<T>;
  /** As `call`, with `undefined` for "there is nothing by that name". */
  find<T>(call: ApiCall<T>): Promise<T | undefined>;
  /** Lines of a streamed answer, as they arrive. */
  lines(path: string, accept: string): AsyncIterable<string>;
  close(): void;
}

export interface ApiClientOptions {
  readonly url: URL;
  readonly ca: string;
  readonly token: string;
  readonly language: string;
}

/** What the gateway answered instead: code and fields for commands that act on them. */
export class GatewayRefusal extends CommandFailure {
  readonly code: string;
  readonly body: unknown;
  constructor(code: string, body: unknown, line: string) {
    super(line);
    this.name = 'GatewayRefusal';
    this.code = code;
    this.body = body;
  }
}

const IDLE_TIMEOUT_MS = 30_000;
/** A file with ID numbers: a password is hashed for each new person before the gateway answers. */
const IMPORT_TIMEOUT_MS = 15 * 60_000;

export function createApiClient(options: ApiClientOptions): ApiClient {
  const agent = new Agent({ ca: options.ca, keepAlive: true });
  const call = async <T>({ method = 'GET', path, body, csv, answer }: ApiCall<T>): Promise<T> => {
    const content = csv ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
    const type = csv === undefined ? 'application/json' : 'text/csv';
    const response = await send(options, agent, { method, path, content, type });
    const text = await textOf(response).catch((error: NodeJS.ErrnoException) => {
      throw explain(error, options.url);
    });
    return answer.parse(JSON.parse(text));
  };
  return {
    call,
    async find(what) {
      try {
        return await call(what);
      } catch (error) {
        if (error instanceof GatewayRefusal && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    async *lines(path, accept) {
      const response = await send(options, agent, { method: 'GET', path, content: undefined, accept });
      yield* linesOf(response, options.url);
    },
    close: () => agent.destroy(),
  };
}

interface Outgoing {
  readonly method: Method;
  readonly path: string;
  readonly content: Uint8Array | undefined;
  /** Of the content. */
  readonly type?: string;
  readonly accept?: string;
}

/** Resolves at the head of a good answer; anything else is thrown as one line. */
async function send(options: ApiClientOptions, agent: Agent, outgoing: Outgoing): Promise<IncomingMessage> {
  const timeout = outgoing.type === 'text/csv' ? IMPORT_TIMEOUT_MS : IDLE_TIMEOUT_MS;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = request(
      new URL(outgoing.path, options.url),
      { method: outgoing.method, agent, timeout, headers: headersOf(options, outgoing) },
      resolve,
    );
    call.on('timeout', () => call.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    call.on('error', (error: NodeJS.ErrnoException) => reject(explain(error, options.url)));
    call.end(outgoing.content);
  });
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) throw refusalOf(status, await textOf(response));
  return response;
}

function headersOf(
  options: ApiClientOptions,
  { content, type = 'application/json', accept = '*/*' }: Outgoing,
): Record<string, string | number> {
  return {
    authorization: `Bearer ${options.token}`,
    'accept-language': options.language,
    accept,
    ...(content === undefined ? {} : { 'content-type': type, 'content-length': content.length }),
  };
}

/** A stream that breaks off ends with what a person can do, like every other failure. */
async function* linesOf(response: IncomingMessage, url: URL): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, url);
  } finally {
    response.destroy();
  }
  if (rest !== '') yield rest;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function refusalOf(status: number, text: string): Error {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const parsed = apiError.loose().safeParse(body);
  if (!parsed.success)
    return new CommandFailure(`the gateway answered ${status} — is this address a Latchkey gateway?`);
  const { code, message, field, fix } = parsed.data;
  const said = message.replace(/[.。]$/, '');
  const line = [field === undefined ? said : `${field}: ${said}`, fix].filter((part) => part !== undefined);
  return new GatewayRefusal(code, body, line.join(' — '));
}

/** Trouble before any answer, by what a person can do about it. */
function explain({ code, message }: NodeJS.ErrnoException, url: URL): Error {
  const [trouble, fix] = TROUBLES[code ?? ''] ?? [`failed: ${code ?? message}`, 'check --gateway and --ca'];
  return new CommandFailure(`the gateway at ${url.origin} ${trouble} — ${fix}`);
}

const UNREACHABLE = ['cannot be reached in time', 'check the network and --gateway'] as const;
const UNKNOWN_NAME = ['is not known by that name', 'check --gateway and the name service'] as const;
const OTHER_CA = [
  'is not certified by this CA',
  "name the right file with --ca: ca/ca.pem of the gateway's data",
] as const;
const NO_CA = ['cannot be checked: the CA file holds no certificate', 'name ca/ca.pem of its data with --ca'] as const;

const TROUBLES: Readonly<Record<string, readonly [trouble: string, fix: string]>> = {
  ECONNRESET: ['broke off', 'it was stopped, or the network cut; run the command again'],
  ECONNREFUSED: ['does not answer', 'start it (latchkey gateway), or give its address with --gateway'],
  ENOTFOUND: UNKNOWN_NAME,
  EAI_AGAIN: UNKNOWN_NAME,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'has a certificate for other names',
    'add this name to `names` in its configuration and restart it',
  ],
  CERT_HAS_EXPIRED: ['has an expired certificate', 'restart it: it renews its certificate at start'],
  SELF_SIGNED_CERT_IN_CHAIN: OTHER_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: OTHER_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: OTHER_CA,
  UNABLE_TO_GET_ISSUER_CERT: OTHER_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: OTHER_CA,
  CERT_SIGNATURE_FAILURE: OTHER_CA,
  ERR_OSSL_PEM_NO_START_LINE: NO_CA,
};
