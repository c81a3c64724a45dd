// SPDX-License-Identifier: Apache-2.0
// What a library's server may send a desk, and a desk a library: lines of any bytes in any charset, cut anywhere.
import { equalBytes } from '@latchkey/protocols/bytes/equal';
import { CHARSETS, encodeText } from '@latchkey/protocols/sip2/charset';
import { CHECKSUM_MODES } from '@latchkey/protocols/sip2/checksum';
import type { SipMessage, SipOptions } from '@latchkey/protocols/sip2/message';
import { readMessage } from '@latchkey/protocols/sip2/read-message';
import { redactMessage } from '@latchkey/protocols/sip2/redact';
import { guessDueDate } from '@latchkey/protocols/sip2/sip-date';
import { cutMessages, EMPTY_STREAM, MAX_MESSAGE_BYTES } from '@latchkey/protocols/sip2/sip-stream';
import { writeMessage } from '@latchkey/protocols/sip2/write-message';
import { createCalendar } from '../library/calendar.ts';
import { DEFAULT_POLICY } from '../library/library-policy.ts';
import { newState } from '../library/library-state.ts';
import { QUIRK_NAMES } from '../library/quirks.ts';
import { SipHearing } from '../library/sip-hearing.ts';
import type { FuzzTarget } from './target.ts';

const DATE = '20261123    101500';
const NO_DATE = ' '.repeat(18);
const LINES = [
  '9300CNdesk|COsecret|CPDESK1|AY1AZF22D',
  '9900802.00AY0AZFCA5',
  `98YYYYYY050003${DATE}2.00AOLIB|AM图书馆|BXYYYYYYYYYYYYYYYY|AY0AZ0000`,
  `11YN${DATE}${NO_DATE}AOLIB|AAP1|ABB1|AC|BON|`,
  `121NUY${DATE}AOLIB|AAP1|ABB1|AJ平凡的世界|AH20261223    235959|BK|AFLent|AFtwice|`,
  `09N${DATE}${DATE}AP|AOLIB|ABB1|AC|`,
  `63019${DATE}  Y       AOLIB|AAP1|BP1|BQ9|`,
  `64${' '.repeat(14)}019${DATE}000000000003000000000000AOLIB|AAP1|AE李华|BLY|AUB1|AUB2|AV|AV|`,
  `15+${DATE}BW${DATE}|BSmain|AOLIB|AAP1|ABB1|`,
  `37${DATE}0600CNYBV2.50|AOLIB|AAP1|`,
  `17${DATE}AOLIB|ABB1|`,
  '97AZFEF5',
];
/** The first byte says how the connection is agreed on. */
const agreed = (line: string, choice = 0): Uint8Array =>
  Uint8Array.of(choice, ...encodeText(line, optionsOf(choice).charset));

function optionsOf(choice: number): SipOptions {
  const charset = CHARSETS[choice % CHARSETS.length] ?? 'utf-8';
  const checksum = CHECKSUM_MODES[(choice >> 3) % CHECKSUM_MODES.length] ?? 'bytes';
  return { charset, checksum, terminator: 'cr', delimiter: choice & 0x80 ? '^' : '|' };
}

function checkMessage(bytes: Uint8Array): void {
  const options = optionsOf(bytes[0] ?? 0);
  const read = readMessage(bytes.subarray(1), options);
  if (!read.ok) return;
  const { code, fixed, sequence = 0 } = read.value;
  if (redactMessage(read.value).length === 0) throw new Error('a message leaves nothing to log');
  for (const due of read.value.fields['AH'] ?? []) guessDueDate(due);
  const again = writeMessage(code, fixed as never, firstFields(read.value) as never, sequence, options);
  if (!again.ok) return;
  const { messages } = cutMessages(EMPTY_STREAM, again.value);
  const back = messages.length === 1 ? readMessage(messages[0] as Uint8Array, options) : undefined;
  if (!back?.ok || back.value.code !== code) throw new Error('what was written is no message');
  if (back.value.checksum === 'wrong') throw new Error('a sum of our own is wrong');
  if (JSON.stringify(back.value.fixed) !== JSON.stringify(fixed)) throw new Error('a fixed block does not round-trip');
}

const firstFields = ({ fields }: SipMessage) =>
  Object.fromEntries(Object.entries(fields).map(([id, values]) => [id, values[0]]));

/** However bytes are cut on their way, they are the same messages. */
function checkStream(bytes: Uint8Array): void {
  const whole = cutMessages(EMPTY_STREAM, bytes).messages;
  const step = 1 + ((bytes[0] ?? 0) % 7);
  const parts: Uint8Array[] = [];
  let stream = EMPTY_STREAM;
  for (let at = 0; at < bytes.length; at += step) {
    const cut = cutMessages(stream, bytes.subarray(at, at + step));
    stream = cut.stream;
    parts.push(...cut.messages);
    if (stream.pending.length > MAX_MESSAGE_BYTES) throw new Error('more is held than a message may have');
  }
  const isSame = parts.length === whole.length && parts.every((part, at) => equalBytes(part, whole[at] ?? bytes));
  if (!isSame) throw new Error('messages depend on how they were cut');
}

const CALENDAR = createCalendar(DEFAULT_POLICY.timeZone);

/** The made-up library takes whatever comes, under each of its quirks, and lends one book to one patron at most. */
function checkLibrary(bytes: Uint8Array): void {
  // A library for each input: one in so many, or this takes minutes.
  if (bytes.reduce((sum, byte) => sum + byte, 0) % 6 !== 0) return;
  const choice = bytes[0] ?? 0;
  const { charset, delimiter } = optionsOf(choice);
  const state = newState([{ number: 'P1', name: '李华' }], [{ barcode: 'B1', title: '平凡的世界' }]);
  const quirk = QUIRK_NAMES[choice % QUIRK_NAMES.length];
  const answering = { state, policy: DEFAULT_POLICY, calendar: CALENDAR, quirks: new Set(quirk && [quirk]), nowMs: 0 };
  const hearing = new SipHearing({
    options: { charset, delimiter, terminator: 'cr' },
    login: undefined,
    answering: () => answering,
  });
  for (const line of cutMessages(EMPTY_STREAM, bytes.subarray(1)).messages) {
    const heard = hearing.hear(line, hearing.read(line));
    if (heard.kind === 'request') hearing.keep(hearing.carryOut(heard.request).answer, heard.detection);
  }
  if (state.loans.size > 1 || state.items.size > 1) throw new Error('a book was lent that nobody has');
}

const lines = LINES.map((line, at) => agreed(line, (at * 37) % 256));

export const SIP2_TARGETS: readonly FuzzTarget[] = [
  { name: 'sip2/message', seeds: lines, run: checkMessage },
  {
    name: 'sip2/stream',
    seeds: ['97AZFEF5\r\n940\r', '\n\r\r\n99'].map((text) => encodeText(text, 'utf-8')),
    run: checkStream,
  },
  {
    name: 'sip2/library',
    seeds: [...LINES.map((line) => agreed(`${line}\r`)), agreed(`${LINES[3]}\r${LINES[5]}\r`)],
    run: checkLibrary,
  },
];
