// SPDX-License-Identifier: Apache-2.0
// What the connection tester found out, for people: what is known and how, what is not and why, and the settings to paste.
import type { MessageFinding, ProbeReport, Tried } from './sip2-probe-report.ts';

const LABEL = 12;
const TERMINATORS = { cr: 'CR', crlf: 'CR LF', lf: 'LF' } as const;
const FOUND: Readonly<Record<Tried, string>> = {
  works: 'works',
  'no-answer': 'no answer',
  'ends-connection': 'ends the connection',
  'other-answer': 'another answer than it should',
  'not-tried': 'not tried',
};
const STORED: Readonly<Record<ProbeReport['stored']['found'], string>> = {
  honoured: 'honoured: loans kept while the library is away can be uploaded',
  ignored: 'not honoured: export what was kept (.koc or CSV) instead of uploading it',
  refused: 'refused: export what was kept (.koc or CSV) instead of uploading it',
  'ends-connection': 'it ends the connection: export what was kept (.koc or CSV) instead of uploading it',
  'no-answer': 'no answer: export what was kept (.koc or CSV) instead of uploading it',
  unclear: 'taken, but whether its dates count cannot be told',
  'not-tried': 'not tried: --try-loan does, with a test --patron and a test --item',
};

const line = (label: string, text: string): string => `${label.padEnd(LABEL)}${text}`;
const ms = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

export function probeText(report: ProbeReport): string {
  const { name, host, port, tls, connectMs, latencyMs } = report;
  const secured = tls ? `${tls.version}, certificate SHA-256 ${tls.fingerprint}` : 'no TLS';
  const lines = [
    `${name ?? 'A library without a name'} at ${host}:${port}`,
    '',
    line('connection', `made in ${ms(connectMs)} ms, ${secured}`),
    ...(latencyMs
      ? [
          line(
            'answers',
            `after ${ms(latencyMs.least)} / ${ms(latencyMs.median)} / ${ms(latencyMs.most)} ms (least, median, most)`,
          ),
        ]
      : []),
    line('login', loginText(report)),
    line('line ends', `it hears ${TERMINATORS[report.terminator]}, and writes ${report.endings.join(' or ')}`),
    line('delimiter', report.delimiter === '|' ? '|' : `${report.delimiter}  (the standard has |)`),
    line('charset', charsetText(report)),
    line('checksum', checksumText(report)),
    line('clock', clockText(report)),
    line('repeats', repeatsText(report)),
    line('97', resendText(report)),
    line('no block', storedText(report)),
    ...(report.loan.length > 0 ? [line('test loan', report.loan.join('; '))] : []),
    '',
    line('code', 'message               claimed  found'),
    ...report.messages.map(messageText),
    '',
    'For the wiring of the desk:',
    '',
    JSON.stringify({ library: report.library }, null, 2),
  ];
  return `${lines.join('\n')}\n`;
}

function loginText({ login: { result, order } }: ProbeReport): string {
  if (result === 'not-given') return 'none given (--user), and it answers a status without one';
  if (order === 'either') return 'accepted; it takes a status before it as well';
  return order === 'status-first' ? 'accepted, only after a status' : 'accepted, and nothing is said before it';
}

function charsetText({ charset: { charset, certainty } }: ProbeReport): string {
  if (certainty === 'unseen')
    return 'not known: nothing but ASCII came, and the settings leave it at the standard (cp850). Ask again with a --patron or --item whose name has other letters';
  return certainty === 'sure' ? `${charset}` : `${charset}, as far as its words tell; look at a name on the screen`;
}

function checksumText({ checksum }: ProbeReport): string {
  const { mode, because, certainty, checked, takesBare } = checksum;
  const looks = checked === null ? 'it does not say' : checked ? 'it does' : 'it does not';
  const bare = takesBare === null ? '' : takesBare ? '; it takes questions without' : '; it takes no questions without';
  return `${mode}${certainty === 'guess' ? ' (a guess)' : ''}: ${because}. Does it check ours? ${looks}${bare}`;
}

function clockText({ clock }: ProbeReport): string {
  if (!clock) return 'not told: its answers have no date';
  const { offsetMinutes, aheadSeconds, zone } = clock;
  const minutes = Math.abs(offsetMinutes);
  const two = (value: number) => String(value).padStart(2, '0');
  const offset = `UTC${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const ours =
    Math.abs(aheadSeconds) <= 1
      ? 'agrees with ours'
      : `${Math.abs(aheadSeconds)} s ${aheadSeconds > 0 ? 'ahead of' : 'behind'} ours`;
  return `${zone === '' ? 'its local time, no zone written' : `zone ${zone}`}: ${offset}, ${ours}`;
}

function repeatsText({ repeats: { found, because } }: ProbeReport): string {
  if (found === 'unclear') return `not known: ${because}`;
  if (found === 'kept') return `as the standard has it, the first answer comes again (${because})`;
  return `carried out twice (${because}): a loan whose answer is lost has to be asked about, which the desk does`;
}

function resendText({ resendSequence }: ProbeReport): string {
  if (resendSequence === null) return 'not known: see the table';
  return resendSequence === 'same'
    ? 'brings the last answer again'
    : `brings the last answer again, with ${resendSequence === 'zero' ? 'AY0' : 'no AY'}`;
}

function storedText({ stored: { claimed, found, remark } }: ProbeReport): string {
  const claim = claimed === null ? 'it claims nothing' : `it claims ${claimed ? 'to take it' : 'not to take it'}`;
  return `${claim}; ${STORED[found]}${remark ? ` (${remark})` : ''}`;
}

function messageText({ code, name, claimed, found, remark }: MessageFinding): string {
  const claim = claimed === null ? '?' : claimed ? 'yes' : 'no';
  return line(code, `${name.padEnd(22)}${claim.padEnd(9)}${FOUND[found]}${remark ? `: ${remark}` : ''}`);
}
