// SPDX-License-Identifier: Apache-2.0
// Serves the display of one portal: a page for each direction and server-sent events with what it shows. Read-only, no names;
// whoever can reach the port sees what the lane sees.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Direction } from '@latchkey/protocols/ids';
import { renderSVG } from 'uqr';
import type { LaneView } from '../core/lane-view.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneChallenge } from '../ports/lane-signals.ts';

export interface LaneDisplayOptions {
  /** 0 takes any free one. */
  readonly port: number;
  readonly host: string;
  /** Folder of the page's files. */
  readonly page: URL;
  readonly clock: Pick<Clock, 'after'>;
  /** What is to be seen now. */
  readonly view: (direction: Direction) => LaneView;
  /** Asked for while somebody watches, again after half of its time: a code just read is good for the other half. */
  readonly challenge: () => LaneChallenge | undefined;
}

/** Watchers of one direction; the one that watched longest makes way. */
const MOST_WATCHERS = 8;
const MOST_SOCKETS = 64;
const MOST_UNSENT_BYTES = 65_536;
const BEAT_MS = 4_000;
const REQUEST_TIMEOUT_MS = 5_000;
const NO_CHALLENGE_LOOK_MS = 5_000;
const LEAST_LOOK_MS = 250;

const FILES = {
  'lane.html': 'text/html; charset=utf-8',
  'lane.css': 'text/css; charset=utf-8',
  'lane.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export class LaneDisplay {
  readonly #options: LaneDisplayOptions;
  readonly #server: Server;
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #version: string;
  readonly #watchers: Readonly<Record<Direction, Set<ServerResponse>>> = { in: new Set(), out: new Set() };
  #challenge: { readonly number: number; readonly text: string; readonly svg: string } | undefined;
  #challenges = 0;
  #cancelChallenge: (() => void) | undefined;
  #cancelBeat: (() => void) | undefined;

  private constructor(options: LaneDisplayOptions, files: ReadonlyMap<string, PageFile>) {
    this.#options = options;
    this.#files = files;
    const hash = createHash('sha256');
    for (const { bytes } of files.values()) hash.update(bytes);
    this.#version = hash.digest('hex').slice(0, 16);
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: REQUEST_TIMEOUT_MS },
      (request, response) => this.#serve(request, response),
    );
    this.#server.maxConnections = MOST_SOCKETS;
  }

  /** Rejects when the port is taken or the page is missing. */
  static async start(options: LaneDisplayOptions): Promise<LaneDisplay> {
    const files = await Promise.all(
      Object.entries(FILES).map(async ([name, type]) => {
        return [`/${name}`, { type, bytes: await readFile(new URL(name, options.page)) }] as const;
      }),
    );
    const display = new LaneDisplay(options, new Map(files));
    await new Promise<void>((resolve, reject) => {
      display.#server.once('error', reject);
      display.#server.listen(options.port, options.host, () => {
        display.#server.off('error', reject);
        resolve();
      });
    });
    display.#beat();
    return display;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  show(direction: Direction, view: LaneView): void {
    for (const watcher of this.#watchers[direction]) send(watcher, 'view', view);
    // Somebody may have passed with an answer to the challenge: the next person needs another.
    if (view.state === 'granted' && this.#cancelChallenge) this.#renewChallenge();
  }

  async close(): Promise<void> {
    this.#cancelBeat?.();
    this.#cancelChallenge?.();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET');
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (path === '/in/events' || path === '/out/events') {
      return this.#watch(path === '/in/events' ? 'in' : 'out', request, response);
    }
    if (path === '/challenge.svg' && this.#challenge) return end(response, 200, this.#challenge.svg, 'image/svg+xml');
    const file = this.#files.get(path === '/in' || path === '/out' ? '/lane.html' : path);
    if (file === undefined) return end(response, 404, 'use /in or /out');
    return end(response, 200, file.bytes, file.type);
  }

  #watch(direction: Direction, request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'HEAD') return end(response, 405, 'only GET');
    const watchers = this.#watchers[direction];
    const [longest] = watchers;
    if (longest && watchers.size >= MOST_WATCHERS) longest.destroy();
    watchers.add(response);
    response.once('close', () => watchers.delete(response));
    // A screen whose cable is gone would be kept for a quarter of an hour.
    request.socket.setKeepAlive(true, BEAT_MS);
    request.socket.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 1000\n\n');
    send(response, 'hello', { version: this.#version });
    send(response, 'view', this.#options.view(direction));
    send(response, 'challenge', this.#challengePath());
    if (this.#cancelChallenge === undefined) this.#renewChallenge();
  }

  #beat(): void {
    this.#cancelBeat = this.#options.clock.after(BEAT_MS, () => this.#beat());
    this.#tellAll('beat', {});
  }

  #renewChallenge(): void {
    this.#cancelChallenge?.();
    this.#cancelChallenge = undefined;
    if (this.#watchers.in.size + this.#watchers.out.size === 0) return;
    const fresh = this.#options.challenge();
    if (fresh?.text !== this.#challenge?.text) this.#setChallenge(fresh?.text);
    const lookMs = fresh ? Math.max(LEAST_LOOK_MS, fresh.expiresMs / 2) : NO_CHALLENGE_LOOK_MS;
    this.#cancelChallenge = this.#options.clock.after(lookMs, () => this.#renewChallenge());
  }

  #setChallenge(text: string | undefined): void {
    const number = ++this.#challenges;
    this.#challenge = text === undefined ? undefined : { number, text, svg: renderSVG(text, { ecc: 'M', border: 3 }) };
    this.#tellAll('challenge', this.#challengePath());
  }

  #challengePath(): { path: string | null } {
    return { path: this.#challenge ? `/challenge.svg?${this.#challenge.number}` : null };
  }

  #tellAll(event: string, data: object): void {
    for (const watchers of Object.values(this.#watchers)) for (const each of watchers) send(each, event, data);
  }
}

/** One that does not read is cut off; its page connects again. */
function send(response: ServerResponse, event: string, data: object): void {
  if (response.writableLength > MOST_UNSENT_BYTES) response.destroy();
  else response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function end(response: ServerResponse, status: number, body: string | Uint8Array, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}
