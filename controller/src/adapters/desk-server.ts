// SPDX-License-Identifier: Apache-2.0
// The desk's page and its API (protocols/api/desk) on the loopback of one machine, so that they work with the gateway gone. Only a
// browser that was opened with the station's token reads or does anything; other sites and other names for this machine do not.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type DeskAction,
  type DeskAnswer,
  type DeskReceipt,
  type DeskState,
  deskAction,
} from '@latchkey/protocols/api/desk';
import { DESK_HEADER } from '@latchkey/protocols/api/desk-terms';
import type { Clock } from '../ports/clock.ts';
import type { PageFile } from './desk-page.ts';

export interface DeskServerOptions {
  /** 0 takes any free one. */
  readonly port: number;
  /** Path below /desk/ → file. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** Whoever has it is at this station. */
  readonly token: string;
  readonly clock: Pick<Clock, 'after'>;
  readonly act: (action: DeskAction) => Promise<DeskAnswer>;
  readonly opened: () => void;
  readonly view: () => DeskState;
  readonly receipt: () => DeskReceipt;
  /** Undefined where whoever is at the station may not read it. */
  readonly exported: (format: 'koc' | 'csv') => string | undefined;
}

const LOOPBACK = '127.0.0.1';
const MOST_SOCKETS = 64;
const MOST_STREAMS = 8;
const MOST_UNSENT_BYTES = 2_000_000;
const MOST_BODY_BYTES = 8_192;
const REQUEST_TIMEOUT_MS = 5_000;
const BEAT_MS = 10_000;

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

export class DeskServer {
  readonly #options: DeskServerOptions;
  readonly #server: Server;
  readonly #cookie: string;
  readonly #streams = new Set<ServerResponse>();
  #cancelBeat: (() => void) | undefined;

  private constructor(options: DeskServerOptions) {
    this.#options = options;
    this.#cookie = createHmac('sha256', options.token).update('desk station').digest('base64url');
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
      (request, response) => {
        this.#serve(request, response).catch(() => response.destroy());
      },
    );
    this.#server.maxConnections = MOST_SOCKETS;
  }

  /** Rejects when the port is taken. */
  static async start(options: DeskServerOptions): Promise<DeskServer> {
    const made = new DeskServer(options);
    await new Promise<void>((resolve, reject) => {
      made.#server.once('error', reject);
      made.#server.listen(options.port, LOOPBACK, () => {
        made.#server.off('error', reject);
        resolve();
      });
    });
    made.#beat();
    return made;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  show(state: DeskState): void {
    if (this.#streams.size === 0) return;
    const text = `event: state\ndata: ${JSON.stringify(state)}\n\n`;
    for (const stream of this.#streams) send(stream, text);
  }

  async close(): Promise<void> {
    this.#cancelBeat?.();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    // A name that somebody else points here (DNS rebinding) is none of ours.
    if (!this.#isOurName(request.headers.host)) return answer(response, 421, { ok: false, code: 'wrong-origin' });
    const url = new URL(request.url ?? '/', `http://${LOOPBACK}`);
    if (url.pathname.startsWith('/desk/api/')) return this.#api(request, response, url);
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET');
    if (url.pathname === '/open') return this.#open(response, url.searchParams.get('station') ?? '');
    if (url.pathname === '/' || url.pathname === '/desk') return redirect(response, '/desk/');
    const path = url.pathname === '/desk/' ? 'index.html' : url.pathname.replace(/^\/desk\//, '');
    const file = this.#options.files.get(path);
    if (file) return end(response, 200, file.bytes, file.type);
    return path === 'index.html'
      ? end(response, 503, 'The page of the desk is missing from this installation: install it again.')
      : end(response, 404, 'use /desk/');
  }

  #isOurName(host: string | undefined): boolean {
    return host === `${LOOPBACK}:${this.port}` || host === `localhost:${this.port}`;
  }

  #open(response: ServerResponse, given: string): void {
    if (!isSame(given, this.#options.token))
      return end(
        response,
        403,
        'This link does not open this desk. The controller tells the right one: latchkey controller station',
      );
    // Cookies know no ports: two desks on one machine must not take each other's.
    response.setHeader('set-cookie', `${this.#cookieName()}=${this.#cookie}; HttpOnly; SameSite=Strict; Path=/desk/`);
    this.#options.opened();
    redirect(response, '/desk/');
  }

  #cookieName(): string {
    return `latchkey-desk-${this.port}`;
  }

  #isStation(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? '').split(/; */);
    const given = cookies.find((each) => each.startsWith(`${this.#cookieName()}=`));
    return given !== undefined && isSame(given.slice(this.#cookieName().length + 1), this.#cookie);
  }

  async #api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (!this.#isStation(request)) return answer(response, 401, { ok: false, code: 'not-opened' });
    const path = url.pathname.slice('/desk/api/'.length);
    if (request.method === 'POST' && path === 'act') return this.#act(request, response);
    if (request.method !== 'GET') return answer(response, 405, { ok: false, code: 'bad-request' });
    switch (path) {
      case 'stream':
        return this.#stream(request, response);
      case 'receipt':
        return end(response, 200, JSON.stringify(this.#options.receipt()), 'application/json');
      case 'export':
        return this.#export(response, url.searchParams.get('format'));
      default:
        return answer(response, 404, { ok: false, code: 'bad-request' });
    }
  }

  async #act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin, host } = request.headers;
    if (origin !== `http://${host}` || request.headers[DESK_HEADER] === undefined)
      return answer(response, 403, { ok: false, code: 'wrong-origin' });
    const action = deskAction.safeParse(await readJson(request));
    if (!action.success) return answer(response, 400, { ok: false, code: 'bad-request' });
    const taken = await this.#options.act(action.data);
    answer(response, taken.ok ? 200 : 409, taken);
  }

  #export(response: ServerResponse, format: string | null): void {
    if (format !== 'koc' && format !== 'csv') return answer(response, 400, { ok: false, code: 'bad-request' });
    const text = this.#options.exported(format);
    if (text === undefined) return answer(response, 403, { ok: false, code: 'not-in-self-service' });
    response.setHeader('content-disposition', `attachment; filename="circulation.${format}"`);
    // Spreadsheets take bytes without this mark for an older Chinese charset.
    end(
      response,
      200,
      format === 'csv' ? `\uFEFF${text}` : text,
      format === 'csv' ? 'text/csv; charset=utf-8' : 'text/plain',
    );
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    const [longest] = this.#streams;
    if (longest && this.#streams.size >= MOST_STREAMS) longest.destroy();
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
    request.socket.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    send(response, `retry: 500\n\nevent: state\ndata: ${JSON.stringify(this.#options.view())}\n\n`);
  }

  #beat(): void {
    this.#cancelBeat = this.#options.clock.after(BEAT_MS, () => this.#beat());
    for (const stream of this.#streams) send(stream, ': beat\n\n');
  }
}

/** Neither length nor place of the first difference shows. */
function isSame(given: string, wanted: string): boolean {
  const key = 'compare';
  const digest = (text: string) => createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** One that does not read is cut off; its page connects again. */
function send(response: ServerResponse, text: string): void {
  if (response.writableLength > MOST_UNSENT_BYTES) response.destroy();
  else response.write(text);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function redirect(response: ServerResponse, to: string): void {
  response.setHeader('location', to);
  end(response, 303, '');
}

const answer = (response: ServerResponse, status: number, body: DeskAnswer): void =>
  end(response, status, JSON.stringify(body), 'application/json');

function end(response: ServerResponse, status: number, body: string | Uint8Array, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}
