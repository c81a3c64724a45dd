// SPDX-License-Identifier: Apache-2.0
// The connection of a desk to its library's SIP2 server, kept open for ever: runs the session of core/sip2-session.ts over TCP or TLS.
import type { Socket } from 'node:net';
import type { LibraryState } from '@latchkey/protocols/api/desk-terms';
import { fieldOf } from '@latchkey/protocols/sip2/message';
import { cutMessages, EMPTY_STREAM } from '@latchkey/protocols/sip2/sip-stream';
import type { SipExchange, SipOutcome } from '../core/desk-sip-requests.ts';
import { stepSipSession } from '../core/sip2-session.ts';
import {
  NEW_SESSION,
  type SipFailure,
  type SipSessionConfig,
  type SipSessionEffect,
  type SipSessionEvent,
  type SipTimer,
} from '../core/sip2-state.ts';
import type { LibraryWiring } from '../core/wiring-library.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { createReopening, type Reopening } from './reopening.ts';
import { dialSip } from './sip2-socket.ts';
import { troubleText } from './sip2-trouble.ts';

export interface Sip2Client extends SipExchange {
  state(): { readonly state: LibraryState; readonly name: string | null; readonly takesStored: boolean | null };
  start(): void;
  close(): Promise<void>;
}

export interface Sip2ClientParts {
  readonly wiring: LibraryWiring;
  readonly clock: Clock;
  readonly random: Pick<Random, 'unit'>;
  /** The state changed. Must not throw. */
  readonly onState: () => void;
  /** At every attempt that ends so. Must not throw. */
  readonly onLoginRefused?: () => void;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

const CONNECT_WITHIN_MS = 4_000;
/** Servers lock out whoever comes with a wrong password again and again. */
const AFTER_REFUSED_LOGIN = { baseMs: 30_000, maxMs: 600_000 };

const FAILURES: Readonly<Record<SipFailure, string>> = {
  'no-answer': 'the library does not answer',
  'damaged-answers': "the library's answers keep coming damaged: check charset and checksum",
  'damaged-questions': 'the library says that our messages come damaged: check charset and checksum',
  'login-refused': 'the library refuses the login: check user and password',
  unwritable: 'the greeting cannot be written: check the settings of the library',
};

class GreetingError extends Error {
  readonly failure: SipFailure | undefined;
  constructor(failure: SipFailure | undefined) {
    super(failure ? FAILURES[failure] : 'the library closed the connection before the greeting was through');
    this.failure = failure;
  }
}

function configOf(wiring: LibraryWiring): SipSessionConfig {
  const { charset, checksum, terminator, delimiter, timeoutMs, retries, heartbeatMs, login, supports } = wiring;
  const options = { charset, checksum, terminator, delimiter };
  return { options, timeoutMs, retries, heartbeatMs, login, supports };
}

/** One connection while it stands. */
interface Line {
  readonly socket: Socket;
  readonly onReady: () => void;
  failure: SipFailure | undefined;
}

export function createSip2Client({ wiring, clock, random, onState, onLoginRefused, log }: Sip2ClientParts): Sip2Client {
  const config = configOf(wiring);
  const waiting = new Map<number, (outcome: SipOutcome) => void>();
  const timers = new Map<SipTimer, () => void>();
  const gone = new AbortController();
  let session = NEW_SESSION;
  let line: Line | undefined;
  let lastId = 0;
  let refusedLogins = 0;
  let opening: Reopening | undefined;

  function take(event: SipSessionEvent): void {
    const { state, effects } = stepSipSession(config, session, event);
    session = state;
    for (const effect of effects) run(effect);
  }

  function run(effect: SipSessionEffect): void {
    switch (effect.kind) {
      case 'send':
        return void line?.socket.write(effect.bytes);
      case 'arm':
        timers.get(effect.timer)?.();
        timers.set(
          effect.timer,
          clock.after(effect.afterMs, () => take({ kind: 'timer', name: effect.timer })),
        );
        return;
      case 'disarm':
        timers.get(effect.timer)?.();
        return void timers.delete(effect.timer);
      case 'settle':
        waiting.get(effect.id)?.(effect.outcome);
        return void waiting.delete(effect.id);
      case 'ready':
        return line?.onReady();
      case 'changed':
        return onState();
      case 'close':
        if (line) line.failure = effect.reason;
        return void line?.socket.destroy();
      case 'note':
        return log('library line', { note: effect.note, code: effect.code });
    }
  }

  /** Resolves once logged in and told that the library is there. */
  async function open(onEnd: () => void): Promise<() => Promise<void>> {
    const socket = await dialSip(wiring, { clock, withinMs: CONNECT_WITHIN_MS, signal: gone.signal }).catch((error) => {
      throw new Error(troubleText(error));
    });
    let stream = EMPTY_STREAM;
    await new Promise<void>((resolve, reject) => {
      const own: Line = { socket, onReady: resolve, failure: undefined };
      const end = () => void socket.destroy();
      line = own;
      gone.signal.addEventListener('abort', end);
      socket.on('data', (chunk: Buffer) => {
        const cut = cutMessages(stream, chunk);
        ({ stream } = cut);
        if (line === own && cut.messages.length > 0) take({ kind: 'received', messages: cut.messages });
      });
      socket.once('close', () => {
        gone.signal.removeEventListener('abort', end);
        line = undefined;
        take({ kind: 'closed' });
        reject(new GreetingError(own.failure));
        onEnd();
      });
      take({ kind: 'opened' });
    });
    refusedLogins = 0;
    return async () => void socket.destroy();
  }

  function pauseAfter(error: unknown): number {
    if (!(error instanceof GreetingError) || error.failure !== 'login-refused') return 0;
    refusedLogins += 1;
    onLoginRefused?.();
    return Math.min(AFTER_REFUSED_LOGIN.baseMs * 2 ** (refusedLogins - 1), AFTER_REFUSED_LOGIN.maxMs);
  }

  return {
    ask: (request) =>
      new Promise((resolve) => {
        lastId += 1;
        waiting.set(lastId, resolve);
        take({ kind: 'ask', id: lastId, request });
      }),
    state: () => ({
      state: session.standing,
      name: (session.status && fieldOf(session.status, 'AM')) ?? null,
      takesStored: session.status?.fixed.offLineOk ?? null,
    }),
    start() {
      const { host } = wiring;
      opening = createReopening({
        clock,
        random,
        open,
        pauseAfter,
        onOpen: () => log('library is there', { host }),
        onEnd: () => log('library is gone', { host }),
        onFailed(reason) {
          take({ kind: 'closed' });
          log('library cannot be reached, trying on', { host, reason });
        },
      });
    },
    async close() {
      // First, so that nothing waits for an answer that will not be used.
      const closing = opening?.close();
      gone.abort();
      await closing;
    },
  };
}
