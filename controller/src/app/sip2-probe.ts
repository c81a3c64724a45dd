// SPDX-License-Identifier: Apache-2.0
// The connection tester: finds out what a library's SIP2 server is like, with questions that change nothing there, and makes the
// settings of a desk from it (reference: sip2, 8).

import { err, ok, type Result } from '@latchkey/protocols/result';
import { SUPPORTED_MESSAGES, type SupportedMessage, supportedMessages } from '@latchkey/protocols/sip2/enumerations';
import { fieldOf, type SipMessage } from '@latchkey/protocols/sip2/message';
import type { RequestCode } from '@latchkey/protocols/sip2/message-table';
import { type SipDate, sipDateAt } from '@latchkey/protocols/sip2/sip-date';
import type { SipAddress } from '../adapters/sip2-socket.ts';
import { troubleText } from '../adapters/sip2-trouble.ts';
import type { SipRequest } from '../core/desk-sip-requests.ts';
import { type ClockFinding, findCharset, findClock } from '../core/sip2-findings.ts';
import { messageName } from '../core/sip2-rules.ts';
import type { Clock } from '../ports/clock.ts';
import { probeChecksum } from './sip2-probe-checksum.ts';
import { type Login, ProbeTalk } from './sip2-probe-line.ts';
import { type LoanProbe, probeLoan, triedOf } from './sip2-probe-loan.ts';
import { findOpening, type OpeningFailure } from './sip2-probe-opening.ts';
import type { MessageFinding, ProbeReport, Tried } from './sip2-probe-report.ts';
import { settingsOf } from './sip2-probe-settings.ts';

export interface ProbeParts {
  readonly address: SipAddress;
  readonly login?: Login | undefined;
  readonly institution: string;
  readonly location: string;
  readonly terminalPassword: string;
  readonly patron?: string | undefined;
  readonly item?: string | undefined;
  readonly tryLoan: boolean;
  /** Also harmless questions that the server does not claim to know. */
  readonly tryUnadvertised: boolean;
  readonly withinMs: number;
  /** So that an answer made anew has another second in it. */
  readonly repeatAfterMs?: number;
  readonly clock: Pick<Clock, 'after' | 'now'>;
}

/** Nobody's and nothing's: asked about where no test patron or item was given. */
const NOBODY = 'LATCHKEY-PROBE';
const ROUNDS = 5;
const REPEAT_AFTER_MS = 1_200;
const CODES: Readonly<Record<SupportedMessage, RequestCode | '97'>> = {
  patronStatus: '23',
  checkout: '11',
  checkin: '09',
  blockPatron: '01',
  status: '99',
  resend: '97',
  login: '93',
  patronInformation: '63',
  endSession: '35',
  feePaid: '37',
  itemInformation: '17',
  itemStatusUpdate: '19',
  patronEnable: '25',
  hold: '15',
  renew: '29',
  renewAll: '65',
};
const CHANGES = 'it would change something';

export async function probeSip2(
  parts: ProbeParts,
): Promise<Result<ProbeReport, OpeningFailure | 'unreachable' | 'lost'>> {
  const { address, login, clock, withinMs } = parts;
  const talk = new ProbeTalk({ address, login, clock, withinMs });
  try {
    const order = await findOpening(talk, login !== undefined);
    if (!order.ok) return order;
    if (!(await talk.greeted())) return err('lost', 'it greeted once, and not a second time; try again');
    return ok(await new Probe(talk, parts, order.value).run());
  } catch (error) {
    return err('unreachable', troubleText(error));
  } finally {
    talk.close();
  }
}

class Probe {
  readonly #talk: ProbeTalk;
  readonly #parts: ProbeParts;
  readonly #order: ProbeReport['login']['order'];
  readonly #found = new Map<SupportedMessage, { readonly found: Tried; readonly remark?: string }>();
  readonly #times: number[] = [];
  #status: SipMessage<'98'> | undefined;
  #clock: ClockFinding | null = null;

  constructor(talk: ProbeTalk, parts: ProbeParts, order: ProbeReport['login']['order']) {
    this.#talk = talk;
    this.#parts = parts;
    this.#order = order;
  }

  async run(): Promise<ProbeReport> {
    await this.#timeIt();
    const resendSequence = await this.#resend();
    for (const request of this.#questions()) await this.#try(request);
    const repeats = await this.#repeat();
    const odd = this.#oddQuestion();
    const { checksum, charset } = await probeChecksum(this.#talk, odd);
    const loan = await this.#loan();
    const { address, login } = this.#parts;
    const talk = this.#talk;
    const name = this.#status && fieldOf(this.#status, 'AM');
    const found = {
      host: address.host,
      port: address.port,
      tls: talk.tls ?? null,
      connectMs: talk.connectMs,
      name: name ?? null,
      terminator: talk.terminator,
      endings: [...talk.endings],
      delimiter: talk.delimiter,
      login: { result: login ? ('accepted' as const) : ('not-given' as const), order: this.#order },
      charset: charset ? { charset, certainty: 'sure' as const } : findCharset(talk.lines),
      checksum,
      clock: this.#clock,
      messages: this.#messages(loan?.tried ?? {}),
      repeats: loan && loan.repeats !== 'unclear' ? { found: loan.repeats, because: 'a loan was sent twice' } : repeats,
      resendSequence,
      latencyMs: this.#latency(),
      stored: { claimed: this.#status?.fixed.offLineOk ?? null, ...(loan?.stored ?? { found: 'not-tried' as const }) },
      loan: loan?.lines ?? [],
    };
    return { ...found, library: settingsOf(found, this.#parts) };
  }

  async #timeIt(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      if (!(await this.#talk.greeted())) return;
      const { answer, message } = await this.#talk.status();
      if (answer.kind === 'line') this.#times.push(answer.ms);
      if (message?.code !== '98') continue;
      this.#status = message;
      this.#noteDate(message.fixed.dateTimeSync);
    }
  }

  #offers(name: SupportedMessage): boolean {
    const flags = this.#status && fieldOf(this.#status, 'BX');
    return flags === undefined || supportedMessages(flags).includes(name);
  }

  /** Asked right after an answer, it brings that one again. */
  async #resend(): Promise<ProbeReport['resendSequence']> {
    if (!this.#offers('resend')) return null;
    const before = (await this.#talk.greeted()) ? await this.#talk.status() : undefined;
    const again = await this.#talk.resend();
    this.#found.set('resend', { found: triedOf(again, '98') });
    if (again.message?.code !== '98') return null;
    const { sequence } = again.message;
    if (sequence === before?.message?.sequence) return 'same';
    return sequence === undefined ? 'none' : sequence === 0 ? 'zero' : null;
  }

  #questions(): SipRequest[] {
    const { patron = NOBODY, item = NOBODY } = this.#parts;
    const { AO, AC } = this.#place;
    const transactionDate = this.#dateIn(0);
    const who = { AO, AA: patron, AC, AD: '' };
    return [
      { code: '63', fixed: { language: '000', transactionDate, summary: '' }, fields: who },
      { code: '23', fixed: { language: '000', transactionDate }, fields: who },
      { code: '17', fixed: { transactionDate }, fields: { AO, AC, AB: item } },
      { code: '35', fixed: { transactionDate }, fields: who },
    ];
  }

  /** Beyond ASCII, and nothing's name. */
  #oddQuestion(): SipRequest | undefined {
    const works = (name: SupportedMessage) => this.#found.get(name)?.found === 'works';
    const { AO, AC } = this.#place;
    const transactionDate = this.#dateIn(0);
    if (works('itemInformation'))
      return { code: '17', fixed: { transactionDate }, fields: { AO, AC, AB: `${NOBODY}-é` } };
    const who = { AO, AC, AD: '', AA: `${NOBODY}-é` };
    if (!works('patronStatus')) return undefined;
    return { code: '23', fixed: { language: '000', transactionDate }, fields: who };
  }

  get #place() {
    return { AO: this.#parts.institution, AC: this.#parts.terminalPassword };
  }

  #noteDate(date: SipDate | null): void {
    if (date) this.#clock = findClock(date, this.#parts.clock.now());
  }

  /** By the library's own clock, where it told it. */
  #dateIn(days: number): SipDate {
    const { clock } = this.#parts;
    return sipDateAt(clock.now() + (this.#clock?.offsetMinutes ?? 0) * 60_000 + days * 86_400_000, 'UTC');
  }

  async #try(request: SipRequest): Promise<void> {
    const name = messageName(request.code);
    const offered = this.#offers(name);
    if (!offered && !this.#parts.tryUnadvertised) {
      this.#found.set(name, { found: 'not-tried', remark: 'not claimed; --try-unadvertised asks all the same' });
      return;
    }
    const exchange = await this.#talk.ask(request);
    const { answer, message } = exchange;
    if (answer.kind === 'line') this.#times.push(answer.ms);
    if (message && 'transactionDate' in message.fixed) this.#noteDate(message.fixed.transactionDate);
    this.#found.set(name, { found: triedOf(exchange, ANSWERS[request.code] ?? '') });
  }

  /** The same bytes again a second later: is the answer the same, or made anew? */
  async #repeat(): Promise<ProbeReport['repeats']> {
    const { clock, repeatAfterMs = REPEAT_AFTER_MS } = this.#parts;
    const question = this.#questions().find(({ code }) => this.#found.get(messageName(code))?.found === 'works');
    if (!question) return { found: 'unclear', because: 'it answered no question that has a date' };
    const first = await this.#talk.ask(question);
    await new Promise<void>((resolve) => clock.after(repeatAfterMs, resolve));
    const again = await this.#talk.say(question, { again: true });
    const anew = await this.#talk.ask(question);
    const [one, two] = [dateIn(first.message), dateIn(again.message)];
    if (one === undefined || two === undefined) return { found: 'unclear', because: 'its answers have no date' };
    if (one !== two) return { found: 'executed-again', because: 'a repeated question got an answer of another second' };
    if (dateIn(anew.message) === one) return { found: 'unclear', because: 'its clock does not move' };
    return { found: 'kept', because: 'a repeated question got the answer of the first one' };
  }

  async #loan(): Promise<LoanProbe | undefined> {
    const { tryLoan, patron, item, location } = this.#parts;
    if (!tryLoan || patron === undefined || item === undefined) return undefined;
    const offers = (name: SupportedMessage) => this.#offers(name);
    const dateIn = (days: number) => this.#dateIn(days);
    return probeLoan({ talk: this.#talk, place: this.#place, location, patron, item, dateIn, offers });
  }

  #messages(lent: LoanProbe['tried']): MessageFinding[] {
    const flags = this.#status && fieldOf(this.#status, 'BX');
    const claimed = flags === undefined ? undefined : supportedMessages(flags);
    return SUPPORTED_MESSAGES.map((name) => {
      const known = { code: CODES[name], name, claimed: claimed ? claimed.includes(name) : null };
      const found = this.#found.get(name);
      const tried = lent[name];
      if (tried) return { ...known, found: tried };
      if (found) return { ...known, ...found };
      if (name === 'status') return { ...known, found: this.#status ? 'works' : 'no-answer' };
      if (name === 'login') return { ...known, ...(this.#parts.login ? { found: 'works' } : NO_LOGIN) };
      if (name === 'resend') return { ...known, found: 'not-tried', remark: 'not claimed' };
      return { ...known, found: 'not-tried', remark: BY_LOAN.includes(name) ? `${CHANGES}; --try-loan does` : CHANGES };
    });
  }

  #latency(): ProbeReport['latencyMs'] {
    const sorted = this.#times.toSorted((one, other) => one - other);
    const [least] = sorted;
    const most = sorted.at(-1);
    const median = sorted[Math.floor(sorted.length / 2)];
    return least === undefined || median === undefined || most === undefined ? null : { least, median, most };
  }
}

const BY_LOAN: readonly SupportedMessage[] = ['checkout', 'checkin', 'renew'];
const NO_LOGIN = { found: 'not-tried', remark: 'no --user was given' } as const;
const ANSWERS: Readonly<Partial<Record<RequestCode, string>>> = { '63': '64', '23': '24', '17': '18', '35': '36' };

function dateIn(message: SipMessage | undefined): string | undefined {
  if (!message || !('transactionDate' in message.fixed)) return undefined;
  return message.fixed.transactionDate?.local;
}
