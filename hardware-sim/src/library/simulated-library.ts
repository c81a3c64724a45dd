// SPDX-License-Identifier: Apache-2.0
// A library system over SIP2, TCP or TLS: patrons, books, rules, and every quirk and fault at a switch. Requests of a connection
// are carried out one after the other, in the order in which they came.
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SipMessage } from '@latchkey/protocols/sip2/message';
import type { AnswerOptions, Quirks } from './answer-message.ts';
import { type Calendar, createCalendar } from './calendar.ts';
import { createFaultPlan, type Fault } from './faults.ts';
import { LibraryConnection } from './library-connection.ts';
import { DEFAULT_POLICY, type LibraryPolicy } from './library-policy.ts';
import { type Item, type LibraryState, newState, type Patron, type Transaction } from './library-state.ts';
import type { Quirk } from './quirks.ts';
import type { LibraryLogin } from './sip-hearing.ts';

export interface LibraryOptions extends Partial<AnswerOptions> {
  /** 0, or none, takes any free one. */
  readonly port?: number;
  /** Loopback only, unless said otherwise. */
  readonly host?: string;
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Without it nobody has to log in, and whoever does is let in. */
  readonly login?: LibraryLogin;
  readonly patrons?: Iterable<Patron>;
  readonly items?: Iterable<Item>;
  readonly policies?: Partial<LibraryPolicy>;
  readonly quirks?: Iterable<Quirk>;
  readonly faults?: readonly Fault[];
  readonly clock?: { now(): number };
  /** Everything that goes over the wire, as it goes. Must not throw. */
  readonly onWire?: (line: WireLine) => void;
}

export interface WireLine {
  readonly connection: number;
  readonly from: 'desk' | 'library';
  readonly bytes: Uint8Array;
}

/** What came in on the wire, in order. */
export interface Received {
  readonly atMs: number;
  /** Counts from 1. */
  readonly connection: number;
  /** Without its line end. */
  readonly bytes: Uint8Array;
  /** `undefined` where it is no message. */
  readonly message: SipMessage | undefined;
}

export interface LibraryChange {
  readonly quirks?: Iterable<Quirk>;
  readonly faults?: readonly Fault[];
  readonly policies?: Partial<LibraryPolicy>;
}

export interface SimulatedLibrary extends Omit<LibraryState, 'transactions'> {
  readonly port: number;
  /** The newest 10,000. */
  readonly received: readonly Received[];
  readonly transactions: readonly Transaction[];
  /** Barcode → who has it. */
  readonly lent: ReadonlyMap<string, string>;
  readonly connections: number;
  readonly isPluggedIn: boolean;
  readonly quirks: Quirks;
  readonly faults: readonly Fault[];
  readonly policy: LibraryPolicy;
  /** Each part that is given replaces what was; policies one by one. Holds for standing connections too. */
  set(change: LibraryChange): void;
  /** Every connection is reset, new ones are refused. */
  unplug(): Promise<void>;
  /** Listens on the same port again. */
  plugIn(): Promise<void>;
  close(): Promise<void>;
}

const MOST_RECEIVED = 10_000;

export async function startSimulatedLibrary(options: LibraryOptions = {}): Promise<SimulatedLibrary> {
  const library = new LibraryServer(options);
  await library.plugIn();
  return library;
}

class LibraryServer implements SimulatedLibrary {
  readonly #options: LibraryOptions;
  readonly #state: LibraryState;
  readonly #clock: { now(): number };
  readonly #faults: ReturnType<typeof createFaultPlan>;
  readonly #connections = new Set<LibraryConnection>();
  readonly #received: Received[] = [];
  #policy: LibraryPolicy;
  #calendar: Calendar;
  #quirks: Quirks;
  #server: Server | undefined;
  #port: number;
  #accepted = 0;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#state = newState(options.patrons ?? [], options.items ?? []);
    this.#clock = options.clock ?? Date;
    this.#faults = createFaultPlan(options.faults ?? []);
    this.#policy = { ...DEFAULT_POLICY, ...options.policies };
    this.#calendar = createCalendar(this.#policy.timeZone);
    this.#quirks = new Set(options.quirks);
    this.#port = options.port ?? 0;
  }

  get port() {
    return this.#port;
  }
  get received() {
    return this.#received;
  }
  get transactions() {
    return this.#state.transactions;
  }
  get patrons() {
    return this.#state.patrons;
  }
  get items() {
    return this.#state.items;
  }
  get loans() {
    return this.#state.loans;
  }
  get holds() {
    return this.#state.holds;
  }
  get awaited() {
    return this.#state.awaited;
  }
  get undoable() {
    return this.#state.undoable;
  }
  get debts() {
    return this.#state.debts;
  }
  get lent() {
    return new Map([...this.#state.loans].map(([item, { patron }]) => [item, patron]));
  }
  get connections() {
    return this.#connections.size;
  }
  get isPluggedIn() {
    return this.#server !== undefined;
  }
  get quirks() {
    return this.#quirks;
  }
  get faults() {
    return this.#faults.list();
  }
  get policy() {
    return this.#policy;
  }

  set({ quirks, faults, policies }: LibraryChange): void {
    if (quirks) this.#quirks = new Set(quirks);
    if (faults) this.#faults.set(faults);
    this.#policy = { ...this.#policy, ...policies };
    if (policies?.timeZone !== undefined) this.#calendar = createCalendar(policies.timeZone);
  }

  async plugIn(): Promise<void> {
    if (this.#server) return;
    const { host = '127.0.0.1', tls } = this.#options;
    const accept = (socket: Socket) => this.#accept(socket);
    const server = tls ? createTlsServer(tls, accept) : createTcpServer(accept);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, host, () => resolve());
    });
    // Broken handshakes, and connections that ended before they were taken.
    server.on('error', () => undefined);
    server.on('tlsClientError', () => undefined);
    const address = server.address();
    if (address !== null && typeof address !== 'string') this.#port = address.port;
    this.#server = server;
  }

  async unplug(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const connection of this.#connections) connection.end();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  close(): Promise<void> {
    return this.unplug();
  }

  #accept(socket: Socket): void {
    const { charset = 'utf-8', terminator = 'cr', delimiter = '|', login } = this.#options;
    this.#accepted += 1;
    const number = this.#accepted;
    const connection = new LibraryConnection(socket, {
      options: { charset, terminator, delimiter },
      login,
      faults: this.#faults,
      idleMs: this.#policy.idleMs,
      answering: () => ({
        state: this.#state,
        policy: this.#policy,
        calendar: this.#calendar,
        quirks: this.#quirks,
        nowMs: this.#clock.now(),
      }),
      onReceived: (bytes, message) => this.#keep({ atMs: this.#clock.now(), connection: number, bytes, message }),
      onSent: (bytes) => this.#options.onWire?.({ connection: number, from: 'library', bytes }),
      onEnd: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.start();
  }

  #keep(received: Received): void {
    const { connection, bytes } = received;
    this.#options.onWire?.({ connection, from: 'desk', bytes });
    this.#received.push(received);
    if (this.#received.length > MOST_RECEIVED) this.#received.shift();
  }
}
