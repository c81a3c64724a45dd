// SPDX-License-Identifier: Apache-2.0
// The gateway's HTTPS API as the simulated campus calls it: pinned CA, administrator token, JSON or CSV bodies.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

export interface GatewayApiOptions {
  readonly url: string;
  readonly caFile: string;
  readonly tokenFile: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export class GatewayApi {
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #token: string;

  constructor({ url, caFile, tokenFile }: GatewayApiOptions) {
    this.#url = new URL(url);
    this.#agent = new Agent({ ca: readFileSync(caFile), keepAlive: true });
    this.#token = readFileSync(tokenFile, 'utf8').trim();
  }

  async call(method: Method, path: string, body?: object | string): Promise<ApiAnswer> {
    const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/csv; charset=utf-8' : 'application/json';
    return new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(path, this.#url),
        {
          method,
          agent: this.#agent,
          headers: {
            authorization: `Bearer ${this.#token}`,
            ...(content === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(content) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, body: parse(text) });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(content);
    });
  }

  /** As `call`, but an answer other than 2xx is an exception: the campus relies on it. */
  async must<T>(method: Method, path: string, body?: object | string): Promise<T> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 200 && answer.status < 300) return answer.body as T;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  close(): void {
    this.#agent.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
