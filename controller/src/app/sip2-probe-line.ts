// SPDX-License-Identifier: Apache-2.0
// How the connection tester gets through to a server: which terminator it hears, whether the login comes first, then one question
// after the other on a connection that is opened again whenever the server ended it.
import { type Charset, decodeText } from '@latchkey/protocols/sip2/charset';
import type { SipMessage, SipOptions } from '@latchkey/protocols/sip2/message';
import { readMessage } from '@latchkey/protocols/sip2/read-message';
import { writeMessage } from '@latchkey/protocols/sip2/write-message';
import { openProbeLine, type ProbeAnswer, type ProbeLine } from '../adapters/sip2-probe-line.ts';
import type { SipAddress } from '../adapters/sip2-socket.ts';
import type { SipRequest } from '../core/desk-sip-requests.ts';
import { findCharset, findDelimiter } from '../core/sip2-findings.ts';
import type { Clock } from '../ports/clock.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly location: string;
}
export type LoginOrder = 'login-first' | 'status-first';
export type Terminator = SipOptions['terminator'];

export interface Exchange {
  readonly answer: ProbeAnswer;
  /** Where it can be read. */
  readonly message: SipMessage | undefined;
}

export interface ProbeTalkParts {
  readonly address: SipAddress;
  readonly login: Login | undefined;
  readonly clock: Pick<Clock, 'after'>;
  readonly withinMs: number;
}

const CONNECT_WITHIN_MS = 5_000;
const STATUS = {
  code: '99',
  fixed: { statusCode: '0', maxPrintWidth: 80, protocolVersion: '2.00' },
  fields: {},
} as const satisfies SipRequest<'99'>;
const AY = /AY(\d)AZ[0-9A-Fa-f]{4}[ \t]*$/;

/** Changes that a test wants in what is sent. */
export interface Sending {
  readonly options?: Partial<SipOptions>;
  /** Sent again as it was, AY and all. */
  readonly again?: boolean;
  readonly spoil?: (text: string) => string;
}

export class ProbeTalk {
  readonly #parts: ProbeTalkParts;
  #line: ProbeLine | undefined;
  #sequence = -1;
  #last: Uint8Array = new Uint8Array(0);
  terminator: Terminator = 'cr';
  delimiter = '|';
  order: LoginOrder | undefined;
  /** Everything that came. */
  readonly lines: Uint8Array[] = [];
  readonly endings = new Set<string>();
  connectMs = 0;
  tls: ProbeLine['tls'];

  constructor(parts: ProbeTalkParts) {
    this.#parts = parts;
  }

  get charset(): Charset {
    return findCharset(this.lines).charset ?? 'cp850';
  }
  get isOpen(): boolean {
    return this.#line?.isOpen ?? false;
  }

  /** Rejects where it cannot be reached. */
  async open(): Promise<void> {
    this.close();
    const { address, clock } = this.#parts;
    this.#line = await openProbeLine(address, { clock, withinMs: CONNECT_WITHIN_MS });
    this.connectMs = this.#line.connectMs;
    this.tls = this.#line.tls;
  }

  close(): void {
    this.#line?.close();
    this.#line = undefined;
  }

  status(sending?: Sending): Promise<Exchange> {
    return this.say(STATUS, sending);
  }

  logIn(): Promise<Exchange> {
    const { user = '', password = '', location = '' } = this.#parts.login ?? {};
    const fixed = { userIdAlgorithm: '0', passwordAlgorithm: '0' };
    return this.say({ code: '93', fixed, fields: { CN: user, CO: password, CP: location } });
  }

  /** On the connection as it is. */
  async say(request: SipRequest<SipRequest['code']>, sending: Sending = {}): Promise<Exchange> {
    if (!sending.again) this.#sequence = (this.#sequence + 1) % 10;
    const bytes = sending.again ? this.#last : this.#bytesOf(request, sending);
    this.#last = bytes;
    return this.put(bytes, this.#sequence);
  }

  /** 97: no AY of its own, and the answer's may be anything (quirk 14). */
  resend(): Promise<Exchange> {
    const written = writeMessage('97', {}, {}, 0, this.#options({}));
    return this.put(written.ok ? written.value : new Uint8Array(0), undefined);
  }

  async put(bytes: Uint8Array, sequence: number | undefined): Promise<Exchange> {
    const line = this.#line;
    if (!line) return { answer: { kind: 'closed' }, message: undefined };
    const isOurs = (each: Uint8Array) => {
      const digit = AY.exec(decodeText(each, 'latin1'))?.[1];
      return sequence === undefined || digit === undefined || Number(digit) === sequence;
    };
    const answer = await line.ask(bytes, this.#parts.withinMs, isOurs);
    // What comes late would be taken for the next answer.
    if (answer.kind !== 'line') this.close();
    else {
      this.lines.push(answer.bytes);
      this.endings.add(answer.ending);
    }
    return { answer, message: answer.kind === 'line' ? this.read(answer.bytes) : undefined };
  }

  read(bytes: Uint8Array): SipMessage | undefined {
    const delimiter = (bytes[0] === 0x39 && bytes[1] === 0x38 && findDelimiter(bytes)) || this.delimiter;
    this.delimiter = delimiter;
    const read = readMessage(bytes, { ...this.#options({}), checksum: 'ignored' });
    return read.ok ? read.value : undefined;
  }

  /** On a connection that is greeted; `undefined` where it does not come about. */
  async greeted(): Promise<boolean> {
    if (this.isOpen) return true;
    await this.open();
    if (!this.#parts.login) return (await this.status()).message?.code === '98';
    if (this.order === 'status-first') await this.status();
    const { message } = await this.logIn();
    return message?.code === '94' && message.fixed.ok && (await this.status()).message?.code === '98';
  }

  async ask(request: SipRequest, sending?: Sending): Promise<Exchange> {
    if (!(await this.greeted())) return { answer: { kind: 'closed' }, message: undefined };
    return this.say(request, sending);
  }

  #options({ options }: Sending): SipOptions {
    const { charset, terminator, delimiter } = this;
    return { charset, terminator, delimiter, checksum: 'bytes', ...options };
  }

  #bytesOf({ code, fixed, fields }: SipRequest, sending: Sending): Uint8Array {
    // The table that made the request made its fields.
    const written = writeMessage(code, fixed as never, fields as never, this.#sequence, this.#options(sending));
    if (!written.ok) throw new Error(`question ${code} cannot be written: ${written.detail}`);
    if (!sending.spoil) return written.value;
    return new Uint8Array(Buffer.from(sending.spoil(Buffer.from(written.value).toString('latin1')), 'latin1'));
  }
}
