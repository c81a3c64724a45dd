// SPDX-License-Identifier: Apache-2.0
// Asks another system over HTTPS whose code this is. The request is signed (HMAC-SHA256 over method, path, time, nonce and
// digest of the body), the answer is bounded in time and size and read by two JSON pointers. Neither is ever logged.
import { createHash, createHmac } from 'node:crypto';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions, request as requestHttps } from 'node:https';
import { personNumber } from '@latchkey/protocols/api/common';
import { atPointer } from '../core/json-pointer.ts';
import type { CodeResolver, Resolved, ResolverFailure } from '../ports/code-resolver.ts';

export interface HttpResolverOptions {
  readonly url: URL;
  readonly method: 'POST' | 'PUT';
  readonly secret: Uint8Array;
  /** Which secret it is, for the other side. */
  readonly id: string;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the body's field with the code, and the fields beside it. */
  readonly codeField: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  /** The answer knows somebody where `ok` is `value` and `subject` holds a person's number. */
  readonly ok: { readonly pointer: string; readonly value: string | number | boolean };
  readonly subject: string;
  /** PEM; absent: the public authorities. */
  readonly ca?: string;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 32;
/** What systems say to a code they cannot read or do not know. Everything else is their trouble, or ours. */
const NOT_KNOWN: ReadonlySet<number> = new Set([400, 404, 410, 422]);

export function createHttpResolver(options: HttpResolverOptions): CodeResolver {
  const secure = options.url.protocol === 'https:';
  const limits = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const ca = options.ca === undefined ? {} : { ca: options.ca };
  const agent = secure ? new HttpsAgent({ ...limits, ...ca, minVersion: 'TLSv1.2' }) : new HttpAgent(limits);
  return {
    async resolve(text, withinMs) {
      const body = Buffer.from(JSON.stringify({ ...options.fields, [options.codeField]: text }));
      const signal = AbortSignal.timeout(Math.max(1, Math.floor(Math.min(options.timeoutMs, withinMs))));
      const call: RequestOptions = { agent, method: options.method, headers: headersOf(options, body), signal };
      try {
        const { status, answer } = await exchange(options.url, call, body, secure);
        return read(options, status, answer);
      } catch (error) {
        if (error instanceof Unintelligible) return failed('unintelligible');
        return failed(signal.aborted ? 'timeout' : 'unreachable');
      }
    },
    close: () => agent.destroy(),
  };
}

const failed = (cause: ResolverFailure): Resolved => ({ outcome: 'failed', cause });

function headersOf(options: HttpResolverOptions, body: Uint8Array): Record<string, string | number> {
  const { id, url, method, secret } = options;
  const timestamp = String(Math.floor(options.nowMs() / 1_000));
  const nonce = Buffer.from(options.randomBytes(16)).toString('hex');
  const digest = createHash('sha256').update(body).digest('hex');
  const signed = [method, url.pathname + url.search, timestamp, nonce, digest].join('\n');
  return {
    ...options.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    accept: 'application/json',
    'latchkey-key': id,
    'latchkey-timestamp': timestamp,
    'latchkey-nonce': nonce,
    'latchkey-signature': createHmac('sha256', secret).update(signed).digest('hex'),
  };
}

class Unintelligible extends Error {}

/** Redirects are not followed: the code is for the address in the configuration. */
function exchange(
  url: URL,
  call: RequestOptions,
  body: Uint8Array,
  secure: boolean,
): Promise<{ status: number; answer: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)(url, call, (response) => {
      collect(response).then((answer) => resolve({ status: response.statusCode ?? 0, answer }), reject);
    });
    request.once('error', reject);
    request.end(body);
  });
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop early destroys the response and with it the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Unintelligible();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function read({ ok, subject }: HttpResolverOptions, status: number, answer: Buffer): Resolved {
  if (NOT_KNOWN.has(status)) return { outcome: 'unknown' };
  if (status !== 200) return failed('refused');
  let json: unknown;
  try {
    json = JSON.parse(answer.toString('utf8'));
  } catch {
    return failed('unintelligible');
  }
  const said = atPointer(json, ok.pointer);
  if (said === undefined) return failed('unintelligible');
  if (said !== ok.value) return { outcome: 'unknown' };
  const named = atPointer(json, subject);
  const number = personNumber.safeParse(typeof named === 'number' ? String(named) : named);
  return number.success ? { outcome: 'known', person: number.data } : failed('unintelligible');
}
