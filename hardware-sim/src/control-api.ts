// SPDX-License-Identifier: Apache-2.0
// The simulated campus's control API: HTTP and JSON on loopback, for `npm run sim` and for curl. No keys, so no web page may
// reach it: JSON bodies only, our own host names only, no CORS.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import {
  ControlError,
  campusState,
  changeRoom,
  findPeople,
  moveDoor,
  NETWORK_ACTIONS,
  requestExit,
  type SimulatedCampus,
  scan,
  setFire,
  setNetwork,
  tap,
  tapRoom,
} from './control-commands.ts';
import {
  addItem,
  changePatron,
  findItems,
  listSwitches,
  reportLibrary,
  setFault,
  setPlug,
  setQuirk,
} from './control-library.ts';

export const DEFAULT_CONTROL_PORT = 7480;
const MAX_BODY_BYTES = 65_536;
const name = z.string().min(1).max(120);
const portalBody = z.strictObject({ portal: name });
const findQuery = z.object({
  find: z.string().max(60).default(''),
  limit: z.coerce.number().int().min(1).max(500).default(20),
});

type Handler = (campus: SimulatedCampus, input: unknown) => object | Promise<object>;

/** Parses the body, then acts. */
const route =
  <Schema extends z.ZodType>(
    schema: Schema,
    act: (campus: SimulatedCampus, input: z.infer<Schema>) => object | Promise<object>,
  ): Handler =>
  (campus, input) =>
    act(campus, schema.parse(input));

/** Acts, and answers that it did. */
const onPortal = (act: (campus: SimulatedCampus, portal: string) => void): Handler =>
  route(portalBody, (campus, { portal }) => {
    act(campus, portal);
    return { done: true };
  });

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /state': (campus) => campusState(campus),
  'GET /people': route(findQuery, (campus, { find, limit }) => ({ people: findPeople(campus, find, limit) })),
  'POST /tap': route(z.strictObject({ reader: name, who: name }), async (campus, { reader, who }) =>
    tap(campus, reader, who),
  ),
  'POST /scan': route(
    z.strictObject({ reader: name, text: z.string().min(1).max(512, 'a code has at most 512 characters') }),
    async (campus, { reader, text }) => scan(campus, reader, text),
  ),
  'POST /open': onPortal((campus, portal) => moveDoor(campus, portal, true)),
  'POST /close': onPortal((campus, portal) => moveDoor(campus, portal, false)),
  'POST /rex': onPortal((campus, portal) => requestExit(campus, portal)),
  'POST /fire': route(z.strictObject({ on: z.boolean(), portal: name.optional() }), (campus, { on, portal }) => ({
    inputs: setFire(campus, on, portal),
  })),
  'POST /room/tap': route(z.strictObject({ room: name, who: name }), async (campus, { room, who }) =>
    tapRoom(campus, room, who),
  ),
  'POST /room': route(
    z.strictObject({
      room: name,
      jammed: z.boolean().optional(),
      near: z.boolean().optional(),
      battery: z.int().min(0).max(100).optional(),
      alone: z.boolean().optional(),
      open: z.boolean().optional(),
      power: z.boolean().optional(),
    }),
    async (campus, { room, ...change }) => changeRoom(campus, room, change),
  ),
  'GET /library': (campus) => reportLibrary(campus),
  'GET /library/switches': () => listSwitches(),
  'GET /library/items': route(findQuery, (campus, { find, limit }) => ({ items: findItems(campus, find, limit) })),
  'POST /library/items': route(
    z.strictObject({ barcode: name, title: name, callNumber: name.optional() }),
    (campus, { callNumber, ...item }) => addItem(campus, { ...item, ...(callNumber && { callNumber }) }),
  ),
  'POST /library/quirk': route(z.strictObject({ name, on: z.boolean() }), (campus, quirk) =>
    setQuirk(campus, quirk.name, quirk.on),
  ),
  'POST /library/fault': route(
    z.strictObject({
      kind: name,
      on: z.boolean(),
      times: z.int().min(1).max(1_000_000).optional(),
      codes: z.array(name).min(1).optional(),
      beforeMs: z.int().min(0).max(600_000).optional(),
      afterMs: z.int().min(0).max(600_000).optional(),
    }),
    (campus, { kind, on, ...order }) => setFault(campus, kind, on, order),
  ),
  'POST /library/plug': route(z.strictObject({ in: z.boolean() }), async (campus, plug) => setPlug(campus, plug.in)),
  'POST /library/patron': route(
    z.strictObject({ number: name, blocked: z.boolean().optional() }),
    (campus, { number, blocked }) => changePatron(campus, number, blocked),
  ),
  'POST /network': route(
    z.strictObject({
      device: name,
      action: z.enum(NETWORK_ACTIONS),
      delayMs: z.int().min(0).max(60_000).optional(),
    }),
    (campus, { device, action, delayMs }) => ({ devices: setNetwork(campus, device, action, delayMs) }),
  ),
};

export class ControlApi {
  readonly #campus: SimulatedCampus;
  readonly #server: Server;

  private constructor(campus: SimulatedCampus) {
    this.#campus = campus;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Port 0 takes any free one. */
  static async start(campus: SimulatedCampus, port = DEFAULT_CONTROL_PORT): Promise<ControlApi> {
    const api = new ControlApi(campus);
    await new Promise<void>((resolve, reject) => {
      api.#server.once('error', reject);
      api.#server.listen(port, '127.0.0.1', () => resolve());
    });
    return api;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the control API is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      refuseForeign(request);
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const handler = ROUTES[`${request.method} ${url.pathname}`];
      if (handler === undefined)
        throw new HttpError(404, `no such route; there are: ${Object.keys(ROUTES).join(', ')}`);
      const input = request.method === 'GET' ? Object.fromEntries(url.searchParams) : await readJson(request);
      answer(response, 200, await handler(this.#campus, input));
    } catch (error) {
      const { status, message } = explain(error);
      answer(response, status, { error: message });
    }
  }
}

class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A page in a browser cannot send JSON across origins unasked, nor with our host name from a name of its own. */
function refuseForeign(request: IncomingMessage): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (host !== '127.0.0.1' && host !== 'localhost') throw new HttpError(403, 'use http://127.0.0.1');
  if (request.headers.origin !== undefined) throw new HttpError(403, 'not for web pages');
  const type = request.headers['content-type'] ?? '';
  if (request.method !== 'GET' && !/^application\/json\b/.test(type)) {
    throw new HttpError(415, 'send the header content-type: application/json');
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new HttpError(413, `send at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}

function explain(error: unknown): { status: number; message: string } {
  if (error instanceof HttpError) return error;
  if (error instanceof ControlError) return { status: 422, message: error.message };
  if (error instanceof z.ZodError) {
    return {
      status: 400,
      message: error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    };
  }
  return { status: 500, message: (error as Error).message };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}
