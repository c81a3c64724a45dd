// SPDX-License-Identifier: Apache-2.0
// The systems behind the codes of two other apps, made up: the payment code of 今日校园 and the identity code of 微信 E码通. They
// answer as such systems do, check the gateway's signature as a real one would, and misbehave on demand.
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const CODE_APPS = ['campus-pay', 'e-code'] as const;
export type CodeApp = (typeof CODE_APPS)[number];

/** `wrong`: says yes and names nobody. `huge`: never stops talking. `hang`: takes the question and says nothing. */
export const APP_FAULTS = ['none', 'slow', 'hang', 'error', 'wrong', 'garbage', 'huge', 'redirect', 'cut'] as const;
export type AppFault = (typeof APP_FAULTS)[number];

export interface CodeAppsOptions {
  /** By app: the secret that the gateway signs with. */
  readonly secrets: Readonly<Record<CodeApp, string>>;
  readonly nowMs?: () => number;
  readonly slowMs?: number;
}

const CODE_LIFE_MS = 60_000;
const CLOCK_SLACK_S = 60;
const MAX_BODY_BYTES = 4_096;

const PATHS: Readonly<Record<CodeApp, string>> = {
  'campus-pay': '/open/v1/paycode/query',
  'e-code': '/ecode/identify',
};

export class CodeApps {
  readonly url: string;
  /** Questions that were signed well, by app. */
  readonly asked: Record<CodeApp, number> = { 'campus-pay': 0, 'e-code': 0 };
  readonly faults: Record<CodeApp, AppFault> = { 'campus-pay': 'none', 'e-code': 'none' };
  readonly #server: Server;
  readonly #options: Required<CodeAppsOptions>;
  readonly #codes = new Map<string, { readonly app: CodeApp; readonly person: string; readonly untilMs: number }>();
  readonly #nonces = new Set<string>();

  private constructor(server: Server, options: Required<CodeAppsOptions>) {
    this.#server = server;
    this.#options = options;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start({ secrets, nowMs = Date.now, slowMs = 300 }: CodeAppsOptions): Promise<CodeApps> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const apps = new CodeApps(server, { secrets, nowMs, slowMs });
    server.on('request', (request, response) => {
      apps.#take(request, response).catch(() => response.destroy());
    });
    return apps;
  }

  addressOf(app: CodeApp): string {
    return this.url + PATHS[app];
  }

  /** What the person's app would show: good once, for a minute. */
  show(app: CodeApp, person: string): string {
    const code = app === 'campus-pay' ? `88${digits(16)}` : `EMT${randomBytes(12).toString('hex')}`;
    this.#codes.set(code, { app, person, untilMs: this.#options.nowMs() + CODE_LIFE_MS });
    return code;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const app = CODE_APPS.find((each) => PATHS[each] === request.url);
    const body = await bodyOf(request);
    if (app === undefined || body === undefined) return void response.writeHead(404).end();
    if (!this.#isSigned(app, request, body)) return void response.writeHead(401).end('{"message":"bad signature"}');
    this.asked[app] += 1;
    await this.#answer(app, body, response);
  }

  /** Key, time, nonce and signature, as gateway/README.md describes them. */
  #isSigned(app: CodeApp, { method, url, headers }: IncomingMessage, body: Buffer): boolean {
    const { 'latchkey-key': key, 'latchkey-timestamp': time, 'latchkey-nonce': nonce } = headers;
    if (key !== app || typeof time !== 'string' || typeof nonce !== 'string' || this.#nonces.has(nonce)) return false;
    if (Math.abs(this.#options.nowMs() / 1_000 - Number(time)) > CLOCK_SLACK_S) return false;
    const digest = createHash('sha256').update(body).digest('hex');
    const text = `${method}\n${url}\n${time}\n${nonce}\n${digest}`;
    const wanted = createHmac('sha256', this.#options.secrets[app]).update(text).digest();
    const given = Buffer.from(String(headers['latchkey-signature']), 'hex');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return false;
    this.#nonces.add(nonce);
    return true;
  }

  async #answer(app: CodeApp, body: Buffer, response: ServerResponse): Promise<void> {
    const json = { 'content-type': 'application/json' };
    switch (this.faults[app]) {
      case 'hang':
        return;
      case 'cut':
        return void response.destroy();
      case 'error':
        return void response.writeHead(500, json).end('{"message":"系统繁忙"}');
      case 'garbage':
        return void response.writeHead(200, json).end('<html>维护中</html>');
      case 'redirect':
        return void response.writeHead(302, { location: this.url }).end();
      case 'huge':
        return talkForever(response);
      case 'wrong':
        return void response.writeHead(200, json).end(JSON.stringify(FORM[app].known({ nobody: true })));
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, this.#options.slowMs));
        break;
      case 'none':
    }
    response.writeHead(200, json).end(JSON.stringify(this.#lookUp(app, body)));
  }

  #lookUp(app: CodeApp, body: Buffer): object {
    const code = FORM[app].codeOf(JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>);
    const known = this.#codes.get(code);
    this.#codes.delete(code);
    const good = known?.app === app && this.#options.nowMs() < known.untilMs;
    return good ? FORM[app].known(known.person) : FORM[app].unknown;
  }
}

interface AppForm {
  codeOf(body: Readonly<Record<string, unknown>>): string;
  known(person: unknown): object;
  readonly unknown: object;
}

const FORM: Readonly<Record<CodeApp, AppForm>> = {
  'campus-pay': {
    codeOf: ({ payCode }) => String(payCode),
    known: (userNo) => ({ errCode: '0', errMsg: 'ok', data: { userNo, userName: '某同学', schoolCode: '10001' } }),
    unknown: { errCode: '40401', errMsg: '付款码已失效' },
  },
  'e-code': {
    codeOf: ({ ecode }) => String(ecode),
    known: (card_number) => ({ code: 0, result: { card_number, user_type: 1 } }),
    unknown: { code: 10_032, message: 'code expired' },
  },
};

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('');

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function talkForever(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '.repeat(4_096)), 1);
  response.once('close', () => clearInterval(timer));
}
