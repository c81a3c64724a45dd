// SPDX-License-Identifier: Apache-2.0
// One connection as the library hears it: error detection, what is sent again, logins, and requests that it knows (reference:
// sip2, 2 and 7). Says what to do with a message; carrying it out is another step, as something may go wrong in between.
import { decodeText } from '@latchkey/protocols/sip2/charset';
import { checksumOf } from '@latchkey/protocols/sip2/checksum';
import { fieldOf, type SipMessage } from '@latchkey/protocols/sip2/message';
import { readMessage } from '@latchkey/protocols/sip2/read-message';
import { type AnswerOptions, answerBytes, type Detection, type Quirks, type SipAnswer } from './answer-message.ts';
import type { Answering, Request } from './answering.ts';
import { acsStatus, answerRequest, answersTo, isRequest, loginAnswer } from './sip-answers.ts';

export interface LibraryLogin {
  readonly user: string;
  readonly password: string;
}

export type Heard =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'close' }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'request'; readonly request: Request; readonly detection: Detection };

export interface CarriedOut {
  readonly answer: SipAnswer;
  /** The connection ends after it. */
  readonly isLast: boolean;
}

export interface HearingParts {
  readonly options: AnswerOptions;
  readonly login: LibraryLogin | undefined;
  /** As it is now: policies and quirks may change under a connection. */
  readonly answering: () => Answering;
}

const MOST_WRONG_LOGINS = 3;
const TAIL = /(?:AY([0-9]))?AZ([0-9A-Fa-f]{4})[ \t]*$/;
const NOTHING: Heard = { kind: 'nothing' };
const CLOSE: Heard = { kind: 'close' };
const ASK_AGAIN: SipAnswer = { code: '96', fixed: {}, fields: {} };

interface Tail {
  readonly text: string;
  readonly isRight: boolean;
}

export class SipHearing {
  readonly #parts: HearingParts;
  #loggedIn = false;
  #sawStatus = false;
  #wrongLogins = 0;
  #detectionOff = false;
  /** AY and AZ of the last request, and the last thing said. */
  #previousTail: string | undefined;
  #last: { readonly answer: SipAnswer; readonly detection: Detection; readonly bytes: Uint8Array } | undefined;

  constructor(parts: HearingParts) {
    this.#parts = parts;
  }

  /** The message, where it is one; nothing is done yet. */
  read(bytes: Uint8Array): SipMessage | undefined {
    const read = readMessage(bytes, { ...this.#parts.options, checksum: 'ignored' });
    return read.ok ? read.value : undefined;
  }

  hear(bytes: Uint8Array, message: SipMessage | undefined): Heard {
    const tail = this.#tailOf(bytes);
    if (tail && !tail.isRight) return this.#say(ASK_AGAIN, { sequence: undefined });
    const detection = tail && !this.#detectionOff ? { sequence: message?.sequence } : undefined;
    if (!message) return this.#unreadable(bytes, detection);
    if (message.code === '97') return this.#again(detection);
    if (!isRequest(message.code)) return this.#unknown();
    // The code makes its type.
    return this.#request(message as Request, tail, detection);
  }

  /** By the standard's first rule for servers: what came with an error is asked for again. */
  #unreadable(bytes: Uint8Array, detection: Detection): Heard {
    const code = decodeText(bytes.subarray(0, 2), 'ascii');
    return isRequest(code) ? this.#say(ASK_AGAIN, detection) : this.#unknown();
  }

  #unknown(): Heard {
    return this.#quirks.has('drops-unknown') ? CLOSE : NOTHING;
  }

  #again(detection: Detection): Heard {
    if (!detection && this.#quirks.has('resend-detection-off')) this.#detectionOff = true;
    if (!this.#last) return this.#say(ASK_AGAIN, detection);
    const { answer, bytes } = this.#last;
    if (this.#detectionOff) return { kind: 'send', bytes: this.bytesOf(answer, undefined) };
    if (!this.#quirks.has('resend-ay0') || !this.#last.detection) return { kind: 'send', bytes };
    return { kind: 'send', bytes: this.bytesOf(answer, { sequence: 0 }) };
  }

  #request(request: Request, tail: Tail | undefined, detection: Detection): Heard {
    if (!this.#isWelcome(request)) return CLOSE;
    const isRepeat = tail !== undefined && tail.text === this.#previousTail && this.#last !== undefined;
    if (isRepeat && this.#last && !this.#quirks.has('executes-again')) return { kind: 'send', bytes: this.#last.bytes };
    this.#previousTail = tail?.text;
    if (!answersTo(this.#parts.answering(), request.code)) return this.#unknown();
    return { kind: 'request', request, detection };
  }

  /** Login and status may come in any order, unless a quirk wants one first; everything else comes after the login. */
  #isWelcome({ code }: Request): boolean {
    if (code === '93') return this.#sawStatus || !this.#quirks.has('status-first');
    if (code === '99') return this.#loggedIn || !this.#quirks.has('login-first');
    return this.#loggedIn || this.#parts.login === undefined;
  }

  carryOut(request: Request): CarriedOut {
    if (request.code === '93') return this.#logIn(request);
    if (request.code === '99') this.#sawStatus = true;
    return { answer: answerRequest(this.#parts.answering(), request), isLast: false };
  }

  #logIn(request: Request<'93'>): CarriedOut {
    const { login } = this.#parts;
    const isRight = fieldOf(request, 'CN') === login?.user && fieldOf(request, 'CO') === login?.password;
    const ok = login === undefined || isRight;
    this.#loggedIn = ok;
    this.#wrongLogins = ok ? 0 : this.#wrongLogins + 1;
    return { answer: loginAnswer(ok), isLast: this.#wrongLogins >= MOST_WRONG_LOGINS };
  }

  /** What was said last, to be said again when asked: even where it never arrived. */
  keep(answer: SipAnswer, detection: Detection): Uint8Array {
    const bytes = this.bytesOf(answer, detection);
    this.#last = { answer, detection, bytes };
    // Nothing was carried out: the same question, sent again, is a new one.
    if (answer.code === '96' || answer.code === '98') this.#previousTail = undefined;
    return bytes;
  }

  /** The answer before this one. */
  get last(): Uint8Array | undefined {
    return this.#last?.bytes;
  }

  bytesOf(answer: SipAnswer, detection: Detection): Uint8Array {
    return answerBytes(answer, detection, this.#parts.options, this.#quirks);
  }

  status(): SipAnswer {
    return acsStatus(this.#parts.answering());
  }

  #say(answer: SipAnswer, detection: Detection): Heard {
    return { kind: 'send', bytes: this.keep(answer, detection) };
  }

  get #quirks(): Quirks {
    return this.#parts.answering().quirks;
  }

  #tailOf(bytes: Uint8Array): Tail | undefined {
    const { charset } = this.#parts.options;
    const text = decodeText(bytes, charset);
    const tail = TAIL.exec(text);
    if (!tail) return undefined;
    const [whole, , sum = ''] = tail;
    const summed = text.slice(0, tail.index + whole.indexOf('AZ') + 2);
    const mode = this.#quirks.has('checksum-code-units') ? 'code-units' : 'bytes';
    const isUnchecked = this.#detectionOff || UNCHECKED.some((quirk) => this.#quirks.has(quirk));
    const isRight = isUnchecked || checksumOf(summed, charset, mode) === sum.toUpperCase();
    return { text: whole.trimEnd().toUpperCase(), isRight };
  }
}

/** What dp2 asks of its own clients' sums is not known: it gets along with others'. */
const UNCHECKED = ['checksum-unchecked', 'checksum-short'] as const;
