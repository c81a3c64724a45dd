// SPDX-License-Identifier: Apache-2.0
// What only a real loan shows: whether a repeated question is carried out twice, and whether no-block is honoured. Done with a test
// patron and a test item that is on the shelf, and taken back at the end.
import { fieldOf } from '@latchkey/protocols/sip2/message';
import { guessDueDate, type SipDate } from '@latchkey/protocols/sip2/sip-date';
import type { SipRequest } from '../core/desk-sip-requests.ts';
import type { Exchange, ProbeTalk } from './sip2-probe-line.ts';
import type { MessageFinding, ProbeReport, StoredFinding, Tried } from './sip2-probe-report.ts';

export interface LoanProbeParts {
  readonly talk: ProbeTalk;
  readonly place: { readonly AO: string; readonly AC: string };
  readonly location: string;
  readonly patron: string;
  readonly item: string;
  /** The library's wall clock, so many days from now. */
  readonly dateIn: (days: number) => SipDate;
  readonly offers: (name: MessageFinding['name']) => boolean;
}

export interface LoanProbe {
  readonly lines: readonly string[];
  readonly repeats: ProbeReport['repeats']['found'];
  readonly stored: Pick<StoredFinding, 'found' | 'remark'>;
  readonly tried: Readonly<Partial<Record<MessageFinding['name'], Tried>>>;
}

const ON_SHELF = '03';
const STORED_DAYS = 3;

export async function probeLoan(parts: LoanProbeParts): Promise<LoanProbe> {
  const { talk, item, offers } = parts;
  const nothing = { repeats: 'unclear', stored: { found: 'not-tried' }, tried: {} } as const;
  if (!offers('checkout') || !offers('checkin'))
    return { ...nothing, lines: ['it offers no loans or no returns, so none was tried'] };
  const { message } = await talk.ask(itemQuestion(parts));
  const status = message?.code === '18' ? message.fixed.circulationStatus : undefined;
  if (status !== ON_SHELF)
    return {
      ...nothing,
      lines: [`item ${item} is not on the shelf (status ${status ?? 'unknown'}), so nothing was lent`],
    };
  const lines: string[] = [];
  const tried: Record<string, Tried> = {};
  try {
    const repeats = await lendTwice(parts, lines, tried);
    await renew(parts, lines, tried);
    await giveBack(parts, lines, tried);
    return { lines, repeats, stored: await lendAsStored(parts, lines), tried };
  } finally {
    // Whatever happened, it shall not stay lent.
    if (await isLent(parts)) await giveBack(parts, lines, tried);
    if (await isLent(parts)) lines.push(`item ${item} could not be taken back: return it by hand`);
  }
}

async function lendTwice({ talk, ...parts }: LoanProbeParts, lines: string[], tried: Record<string, Tried>) {
  const first = await talk.ask(loan(parts));
  tried['checkout'] = triedOf(first, '12');
  const { message } = first;
  if (message?.code !== '12') return 'unclear' as const;
  if (!message.fixed.ok) {
    lines.push('the loan was refused');
    return 'unclear' as const;
  }
  lines.push('lent');
  const again = await talk.say(loan(parts), { again: true });
  if (again.answer.kind !== 'line' || first.answer.kind !== 'line') return 'unclear' as const;
  const isSame = Buffer.from(again.answer.bytes).equals(Buffer.from(first.answer.bytes));
  if (isSame) return 'kept' as const;
  const isRenewal = again.message?.code === '12' && again.message.fixed.renewalOk === true;
  lines.push(isRenewal ? 'sent again, it was renewed' : 'sent again, the answer was another one');
  return 'executed-again' as const;
}

async function renew({ talk, offers, ...parts }: LoanProbeParts, lines: string[], tried: Record<string, Tried>) {
  if (!offers('renew')) return;
  const { place, patron, item, dateIn } = parts;
  const fixed = { thirdPartyAllowed: false, noBlock: false, transactionDate: dateIn(0), noBlockDueDate: null };
  const asked = await talk.ask({ code: '29', fixed, fields: { ...place, AA: patron, AB: item, BO: 'N' } });
  tried['renew'] = triedOf(asked, '30');
  if (asked.message?.code === '30') lines.push(asked.message.fixed.ok ? 'renewed' : 'the renewal was refused');
}

async function giveBack({ talk, ...parts }: LoanProbeParts, lines: string[], tried: Record<string, Tried>) {
  const { place, item, location, dateIn } = parts;
  const fixed = { noBlock: false, transactionDate: dateIn(0), returnDate: dateIn(0) };
  const asked = await talk.ask({ code: '09', fixed, fields: { ...place, AB: item, AP: location } });
  tried['checkin'] ??= triedOf(asked, '10');
  if (asked.message?.code === '10' && asked.message.fixed.ok) lines.push('taken back');
}

async function lendAsStored({ talk, ...parts }: LoanProbeParts, lines: string[]): Promise<LoanProbe['stored']> {
  const due = parts.dateIn(STORED_DAYS);
  const asked = await talk.ask(loan(parts, { at: parts.dateIn(-1), due }));
  if (asked.answer.kind !== 'line') return { found: asked.answer.kind === 'closed' ? 'ends-connection' : 'no-answer' };
  if (asked.message?.code !== '12') return { found: 'unclear' };
  if (!asked.message.fixed.ok) return { found: 'refused' };
  lines.push('lent with no block');
  const said = fieldOf(asked.message, 'AH') ?? '';
  const day = guessDueDate(said)?.slice(0, 10);
  if (day === undefined) return { found: 'unclear', remark: `its due date is no date ("${said.slice(0, 40)}")` };
  if (day === due.local.slice(0, 10)) return { found: 'honoured' };
  return { found: 'ignored', remark: `it gave its own due date, ${day} and not ${due.local.slice(0, 10)}` };
}

async function isLent(parts: LoanProbeParts): Promise<boolean> {
  const { message } = await parts.talk.ask(itemQuestion(parts));
  return message?.code === '18' && message.fixed.circulationStatus !== ON_SHELF;
}

function loan(
  { place, patron, item, dateIn }: Pick<LoanProbeParts, 'place' | 'patron' | 'item' | 'dateIn'>,
  stored?: { readonly at: SipDate; readonly due: SipDate },
): SipRequest<'11'> {
  const fixed = {
    renewalPolicy: true,
    noBlock: stored !== undefined,
    transactionDate: stored?.at ?? dateIn(0),
    noBlockDueDate: stored?.due ?? null,
  };
  return { code: '11', fixed, fields: { ...place, AA: patron, AB: item, BO: 'N' } };
}

const itemQuestion = ({ place, item, dateIn }: LoanProbeParts): SipRequest<'17'> => ({
  code: '17',
  fixed: { transactionDate: dateIn(0) },
  fields: { ...place, AB: item },
});

export function triedOf({ answer, message }: Exchange, code: string): Tried {
  if (answer.kind === 'silence') return 'no-answer';
  if (answer.kind === 'closed') return 'ends-connection';
  return message?.code === code ? 'works' : 'other-answer';
}
