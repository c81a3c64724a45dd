// SPDX-License-Identifier: Apache-2.0
// What a SIP2 session knows, what happens to it and what it wants done (reference: sip2, 2 and 7).
import type { LibraryState } from '@latchkey/protocols/api/desk-terms';
import type { SipMessage, SipOptions } from '@latchkey/protocols/sip2/message';
import type { SipOutcome, SipRequest } from './desk-sip-requests.ts';
import type { Supports } from './sip2-rules.ts';

export interface SipSessionConfig {
  readonly options: SipOptions;
  /** Without them, the server's own numbers within bounds. */
  readonly timeoutMs?: number | undefined;
  readonly retries?: number | undefined;
  readonly heartbeatMs: number;
  readonly login?:
    | {
        readonly user: string;
        readonly password: string;
        readonly location: string;
        readonly order: 'login-first' | 'status-first';
      }
    | undefined;
  readonly supports: Supports;
}

export type SipTimer = 'answer' | 'heartbeat';

/** Why a connection is given up. */
export type SipFailure =
  | 'no-answer'
  /** Answers keep coming damaged. */
  | 'damaged-answers'
  /** The server keeps saying that our messages come damaged. */
  | 'damaged-questions'
  | 'login-refused'
  | 'unwritable';

export type SipSessionEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'ask'; readonly id: number; readonly request: SipRequest }
  /** What one read of the connection held, without line ends: none of it answers a question sent because of it. */
  | { readonly kind: 'received'; readonly messages: readonly Uint8Array[] }
  | { readonly kind: 'timer'; readonly name: SipTimer }
  | { readonly kind: 'closed' };

export type SipSessionEffect =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'arm'; readonly timer: SipTimer; readonly afterMs: number }
  | { readonly kind: 'disarm'; readonly timer: SipTimer }
  | { readonly kind: 'settle'; readonly id: number; readonly outcome: SipOutcome }
  /** Logged in, and the status is known. */
  | { readonly kind: 'ready' }
  /** Standing or status changed. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'close'; readonly reason: SipFailure }
  | { readonly kind: 'note'; readonly note: SipNote; readonly code: string };

/** What a log may say; never what a message held. */
export type SipNote =
  | 'unreadable'
  | 'not-the-answer'
  | 'asked-again'
  | 'resend-wanted'
  | 'status-instead'
  | 'unwritable';

export interface SipFlight {
  /** `own`: of the session itself, which nobody waits for. */
  readonly id: number | 'own';
  readonly request: SipRequest;
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** Sent again because no answer came. */
  readonly retries: number;
  /** Sent again because the server could not read it. */
  readonly refusals: number;
  /** 97s sent for its answer. */
  readonly resends: number;
  readonly isLastResend: boolean;
  /** 98s in answer to it. */
  readonly statuses: number;
}

export interface SipSession {
  readonly phase: 'closed' | 'greeting' | 'ready';
  /** Of the greeting, still to be asked. */
  readonly steps: readonly ('login' | 'status')[];
  readonly queue: readonly { readonly id: number; readonly request: SipRequest }[];
  readonly flight: SipFlight | undefined;
  /** The exchange before, on this connection. */
  readonly before: { readonly request: SipRequest; readonly answer: Uint8Array } | undefined;
  /** Goes on over connections. */
  readonly sequence: number;
  /** Whether answers carry AY; until the first one nobody knows. */
  readonly echoes: boolean | undefined;
  readonly status: SipMessage<'98'> | undefined;
  readonly standing: LibraryState;
}

export const NEW_SESSION: SipSession = {
  phase: 'closed',
  steps: [],
  queue: [],
  flight: undefined,
  before: undefined,
  sequence: 9,
  echoes: undefined,
  status: undefined,
  standing: 'connecting',
};

/** One step under way. */
export interface SipTurn {
  readonly config: SipSessionConfig;
  state: SipSession;
  readonly effects: SipSessionEffect[];
  /** A new question left during this step. */
  asked: boolean;
}

export function change(turn: SipTurn, part: Partial<SipSession>): void {
  turn.state = { ...turn.state, ...part };
}
