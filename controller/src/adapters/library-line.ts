// SPDX-License-Identifier: Apache-2.0
// One connection to a library's SIP2 server: login, one question in flight, a heartbeat, connected again for ever. A question
// whose answer does not come ends the connection, and is never sent again by itself (reference: sip2, quirk 1).
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { LibraryState } from '@latchkey/protocols/api/desk-terms';
import { fieldOf, type SipMessage, type SipOptions } from '@latchkey/protocols/sip2/message';
import { formOf } from '@latchkey/protocols/sip2/message-table';
import { readMessage } from '@latchkey/protocols/sip2/read-message';
import { cutMessages, EMPTY_STREAM } from '@latchkey/protocols/sip2/sip-stream';
import { writeMessage } from '@latchkey/protocols/sip2/write-message';
import type { SipExchange, SipOutcome, SipRequest } from '../core/desk-sip-requests.ts';
import type { LibraryWiring } from '../core/wiring-library.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { createReopening, type Reopening } from './reopening.ts';

export interface LibraryLine extends SipExchange {
  state(): { readonly state: LibraryState; readonly name: string | null; readonly takesStored: boolean | null };
  start(): void;
  close(): Promise<void>;
}

export interface LibraryLineParts {
  readonly wiring: LibraryWiring;
  readonly clock: Clock;
  readonly random: Pick<Random, 'unit'>;
  /** The state changed. Must not throw. */
  readonly onState: () => void;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

const CONNECT_WITHIN_MS = 4_000;
const HEARTBEAT_MS = 60_000;
const SEQUENCES = 10;
const LOGIN = { userIdAlgorithm: '0', passwordAlgorithm: '0' } as const;
const STATUS = {
  code: '99',
  fixed: { statusCode: '0', maxPrintWidth: 80, protocolVersion: '2.00' },
  fields: {},
} as const satisfies SipRequest<'99'>;
const NOT_SENT: SipOutcome = { ok: false, sent: false };
const UNKNOWN: SipOutcome = { ok: false, sent: true };

interface Question {
  readonly request: SipRequest;
  readonly finish: (outcome: SipOutcome) => void;
  resent: boolean;
}

export function createLibraryLine({ wiring, clock, random, onState, log }: LibraryLineParts): LibraryLine {
  const { charset, checksum, terminator, delimiter, timeoutMs } = wiring;
  const options: SipOptions = { charset, checksum, terminator, delimiter };
  const queue: Question[] = [];
  let socket: Socket | undefined;
  let dialled: Socket | undefined;
  let inFlight: Question | undefined;
  let cancelTimeout: (() => void) | undefined;
  let cancelBeat: (() => void) | undefined;
  let sequence = 0;
  let state: LibraryState = 'connecting';
  let status: SipMessage<'98'> | undefined;
  let opening: Reopening | undefined;

  function setState(next: LibraryState): void {
    if (state === next) return;
    state = next;
    onState();
  }

  function send(question: Question): void {
    const { code, fixed, fields } = question.request;
    // The table that made the request made its fields.
    const bytes = writeMessage(code, fixed as never, fields as never, sequence, options);
    if (!bytes.ok) {
      log('question to the library cannot be written', { code, reason: bytes.detail });
      return question.finish(NOT_SENT);
    }
    inFlight = question;
    socket?.write(bytes.value);
    cancelTimeout = clock.after(timeoutMs, () => socket?.destroy());
  }

  function next(): void {
    if (inFlight || !socket) return;
    const question = queue.shift();
    if (question) {
      sequence = (sequence + 1) % SEQUENCES;
      send(question);
    }
    cancelBeat?.();
    cancelBeat = clock.after(HEARTBEAT_MS, () => void ask(STATUS));
  }

  const ask = (request: SipRequest): Promise<SipOutcome> =>
    new Promise((resolve) => {
      if (!socket) return resolve(NOT_SENT);
      queue.push({ request, finish: resolve, resent: false });
      next();
    });

  function onMessage(bytes: Uint8Array): void {
    const read = readMessage(bytes, options);
    const question = inFlight;
    if (!question) return;
    if (!read.ok || read.value.checksum === 'wrong') return void socket?.destroy();
    const message = read.value;
    if (message.code === '98') noteStatus(message);
    // A status instead of an answer, or a question that arrived broken: nothing was done, so it may be sent again.
    const isStatus = message.code === '98' && question.request.code !== '99';
    if (isStatus || message.code === '96') return again(question);
    if (message.code !== formOf(question.request.code).answer) return;
    if (message.sequence !== undefined && message.sequence !== sequence && !question.resent) return;
    settle({ ok: true, message });
  }

  function again(question: Question): void {
    if (question.resent) return void socket?.destroy();
    cancelTimeout?.();
    question.resent = true;
    send(question);
  }

  function noteStatus(message: SipMessage<'98'>): void {
    status = message;
    setState(message.fixed.onLine === false ? 'offline' : 'up');
  }

  function settle(outcome: SipOutcome): void {
    const question = inFlight;
    inFlight = undefined;
    cancelTimeout?.();
    question?.finish(outcome);
    next();
  }

  function lost(): void {
    socket = undefined;
    cancelBeat?.();
    setState('offline');
    settle(UNKNOWN);
    for (const question of queue.splice(0)) question.finish(NOT_SENT);
  }

  function dial(): Promise<Socket> {
    const { host, port, tls } = wiring;
    return new Promise((resolve, reject) => {
      const made = tls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
      dialled = made;
      const cancel = clock.after(CONNECT_WITHIN_MS, () => made.destroy(new Error('the library does not answer')));
      made.once('error', reject);
      made.once('close', () => reject(new Error('the library closed the connection')));
      made.once(tls ? 'secureConnect' : 'connect', () => {
        cancel();
        resolve(made);
      });
    });
  }

  /** Resolves once logged in and told that the library is there. */
  async function open(onEnd: () => void): Promise<() => Promise<void>> {
    const made = await dial();
    let stream = EMPTY_STREAM;
    made.setNoDelay(true);
    made.on('error', () => undefined);
    made.on('data', (chunk) => {
      const cut = cutMessages(stream, chunk);
      ({ stream } = cut);
      for (const message of cut.messages) onMessage(message);
    });
    made.once('close', () => {
      if (socket === made) lost();
      onEnd();
    });
    socket = made;
    const greeted = await greet();
    if (greeted !== undefined) {
      made.destroy();
      throw new Error(greeted);
    }
    return async () => void made.destroy();
  }

  async function greet(): Promise<string | undefined> {
    const { login } = wiring;
    if (login) {
      const { user, password, location } = login;
      const answered = await ask({ code: '93', fixed: LOGIN, fields: { CN: user, CO: password, CP: location } });
      if (!answered.ok) return 'the library does not answer the login';
      if (answered.message.code === '94' && !answered.message.fixed.ok) return 'the library refuses the login';
    }
    const said = await ask(STATUS);
    return said.ok ? undefined : 'the library does not answer';
  }

  return {
    // Before the login is through, nobody else asks.
    ask: (request) => (state === 'up' ? ask(request) : Promise.resolve(NOT_SENT)),
    state: () => ({
      state,
      name: (status && fieldOf(status, 'AM')) ?? null,
      takesStored: status?.fixed.offLineOk ?? null,
    }),
    start() {
      opening = createReopening({
        clock,
        random,
        open,
        onOpen: () => log('library is there', { host: wiring.host }),
        onEnd: () => log('library is gone', { host: wiring.host }),
        onFailed(reason) {
          setState('offline');
          log('library cannot be reached, trying on', { host: wiring.host, reason });
        },
      });
    },
    async close() {
      // First, so that nothing waits for an answer that will not be used.
      const closing = opening?.close();
      dialled?.destroy();
      await closing;
    },
  };
}
