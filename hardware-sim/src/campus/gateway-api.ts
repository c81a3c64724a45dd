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

const csrfOf = (me: unknown): string => (me as { csrf?: string }).csrf ?? '';

/** Somebody who is signed in. */
export interface PersonApi {
  must<T>(method: Method, path: string, body?: object): Promise<T>;
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
    return this.#send(method, path, body, { authorization: `Bearer ${this.#token}` });
  }

  /**
   * As a person, with a password: the temporary one of the office gives way to an own one at once. What comes back calls as
   * the page of the pass does.
   */
  async signIn(number: string, temporary: string, own: string): Promise<PersonApi> {
    const origin = this.#origin();
    const first = await this.#send('POST', '/v1/sign-in/password', { number, password: temporary }, { origin });
    if (first.status !== 200) throw new Error(`signing in answered ${first.status}: ${JSON.stringify(first.body)}`);
    let { cookie } = first;
    const headers = () => ({ origin, cookie, 'x-latchkey-csrf': csrfOf(body) });
    let { body } = first;
    const changed = await this.#send('POST', '/v1/me/password', { current: temporary, next: own }, headers());
    if (changed.status >= 300) throw new Error(`the password was not changed: ${JSON.stringify(changed.body)}`);
    if (changed.cookie !== '') ({ cookie } = changed);
    ({ body } = await this.#send('GET', '/v1/me', undefined, headers()));
    return {
      must: async <T>(method: Method, path: string, given?: object) => {
        const answer = await this.#send(method, path, given, headers());
        if (answer.status >= 200 && answer.status < 300) return answer.body as T;
        throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      },
    };
  }

  /** By which the gateway knows its own pages: the name in its certificate. */
  #origin(): string {
    return `https://localhost:${this.#url.port}`;
  }

  #send(
    method: Method,
    path: string,
    body: object | string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<ApiAnswer & { readonly cookie: string }> {
    const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/csv; charset=utf-8' : 'application/json';
    const about = content === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(content) };
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.#agent, headers: { ...headers, ...about } };
      const outgoing = request(new URL(path, this.#url), options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const cookies = (response.headers['set-cookie'] ?? []).map((each) => each.split(';', 1)[0] ?? '');
          resolve({ status: response.statusCode ?? 0, body: parse(text), cookie: cookies.join('; ') });
        });
      });
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
