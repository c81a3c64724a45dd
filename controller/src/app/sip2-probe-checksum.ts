// SPDX-License-Identifier: Apache-2.0
// How a server sums: from the sums of its answers, and from what it takes. Only a letter beyond ASCII tells bytes from characters.
import { CHARSETS, type Charset } from '@latchkey/protocols/sip2/charset';
import type { SipRequest } from '../core/desk-sip-requests.ts';
import { sumForms } from '../core/sip2-findings.ts';
import type { Exchange, ProbeTalk } from './sip2-probe-line.ts';
import type { ChecksumFinding } from './sip2-probe-report.ts';

export interface ChecksumProbe {
  readonly checksum: ChecksumFinding;
  /** Told by sums alone. */
  readonly charset: Charset | undefined;
}

const wrongSum = (text: string): string =>
  text.replace(/AZ(...)(.)/, (_, sum: string, last: string) => `AZ${sum}${last === '0' ? '1' : '0'}`);
const isAnswered = ({ message }: Exchange): boolean => message !== undefined && message.code !== '96';

/** `question`: one without effect, about something whose name has a letter beyond ASCII; `undefined` where none is offered. */
export async function probeChecksum(talk: ProbeTalk, question: SipRequest | undefined): Promise<ChecksumProbe> {
  const checked = await refuses(talk, () => talk.status({ spoil: wrongSum }));
  const bare = (await talk.greeted()) ? await talk.status({ options: { checksum: 'off' } }) : undefined;
  const takesBare = bare ? isAnswered(bare) : null;
  const asked = checked === true && question ? await sumsOf(talk, question) : undefined;
  return { checksum: { ...judge(talk, asked, takesBare), checked, takesBare }, charset: asked?.charset };
}

/** `null`: it neither answered nor asked again. */
async function refuses(talk: ProbeTalk, ask: () => Promise<Exchange>): Promise<boolean | null> {
  if (!(await talk.greeted())) return null;
  const exchange = await ask();
  if (exchange.message?.code === '96') return true;
  return exchange.answer.kind === 'line' ? !isAnswered(exchange) : exchange.answer.kind === 'closed' ? true : null;
}

interface Sums {
  readonly mode: 'bytes' | 'code-units';
  readonly charset: Charset | undefined;
}

async function sumsOf(talk: ProbeTalk, question: SipRequest): Promise<Sums | undefined> {
  // UTF-8, as its sum over bytes is that over characters in no charset but Latin-1, where the two are one.
  const plain = await talk.ask(question, { options: { charset: 'utf-8', checksum: 'bytes' } });
  if (isAnswered(plain)) return { mode: 'bytes', charset: undefined };
  if (plain.message?.code !== '96') return undefined;
  for (const charset of CHARSETS) {
    if (charset === 'ascii' || charset === 'latin1') continue;
    const tried = await talk.ask(question, { options: { charset, checksum: 'code-units' } });
    if (isAnswered(tried)) return { mode: 'code-units', charset };
  }
  return undefined;
}

type Judged = Pick<ChecksumFinding, 'mode' | 'because' | 'certainty'>;

function judge(talk: ProbeTalk, asked: Sums | undefined, takesBare: boolean | null): Judged {
  const forms = talk.lines.flatMap((line) => {
    const found = sumForms(line, asked?.charset ?? talk.charset);
    return found ? [found] : [];
  });
  const every = (form: 'bytes' | 'code-units') => forms.every((found) => found.includes(form));
  if (forms.length === 0)
    return {
      mode: takesBare === false ? 'ignored' : 'off',
      because: 'its answers have no checksum',
      certainty: 'sure',
    };
  const [bytes, units] = [every('bytes'), every('code-units')];
  if (bytes && !units) return { mode: 'bytes', because: 'its answers are summed over bytes', certainty: 'sure' };
  if (units && !bytes)
    return { mode: 'code-units', because: 'its answers are summed over characters', certainty: 'sure' };
  if (!bytes && !units) {
    const isShort = forms.some((found) => found.includes('short'));
    const how = isShort ? 'they leave out the end of the message (dp2 does)' : 'no known way of summing gives them';
    return { mode: 'ignored', because: `the sums of its answers are not the standard's: ${how}`, certainty: 'sure' };
  }
  if (asked?.mode === 'code-units')
    return { mode: 'code-units', because: 'it takes questions summed over characters only', certainty: 'sure' };
  if (asked?.mode === 'bytes')
    return { mode: 'bytes', because: 'it takes questions summed over bytes', certainty: 'sure' };
  return { mode: 'bytes', because: 'nothing but ASCII was summed, where all ways are one', certainty: 'guess' };
}
