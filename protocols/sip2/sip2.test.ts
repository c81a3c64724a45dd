// SPDX-License-Identifier: Apache-2.0
// The codec against messages of a real server, its widths against the standard's, and hostile bytes (reference: sip2).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/sip2/messages.json' with { type: 'json' };
import { CHARSETS, clipText, decodeText, encodeText } from './charset.ts';
import { CHECKSUM_MODES, checksumOf } from './checksum.ts';
import { blocksLoans, languageCode, patronConditions, summaryFlags, supportedMessages } from './enumerations.ts';
import { FIELD_IDS } from './field-ids.ts';
import { fieldOf, type SipOptions, STANDARD_OPTIONS } from './message.ts';
import { fixedWidth, formOf, MESSAGES, type MessageCode } from './message-table.ts';
import { readMessage } from './read-message.ts';
import { redactMessage } from './redact.ts';
import { guessDueDate, readSipDate, sipDateAt, writeSipDate } from './sip-date.ts';
import { cutMessages, EMPTY_STREAM, MAX_MESSAGE_BYTES } from './sip-stream.ts';
import { writeMessage } from './write-message.ts';

const ascii = vectors.connection as SipOptions;
const CODES = Object.keys(MESSAGES) as MessageCode[];
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);
const read = (text: string, options: SipOptions = ascii) => readMessage(encodeText(text, options.charset), options);

/** Any value that fits a message's form: what the typed writer takes, made from the table. */
function write(code: MessageCode, fixed: object, fields: object, sequence = 0, options = ascii) {
  return writeMessage(code, fixed as never, fields as never, sequence, options);
}

describe('vectors', () => {
  it.each(vectors.vectors)('$name reads and writes as the server had it', ({ wire, code, fixed, fields, ...rest }) => {
    const sequence = 'sequence' in rest ? rest.sequence : undefined;
    expect(read(wire)).toEqual({ ok: true, value: { code, fixed, fields, sequence, checksum: 'right' } });
    const plain = Object.fromEntries(Object.entries(fields).map(([id, [value]]) => [id, value]));
    const written = write(code as MessageCode, fixed, plain, sequence ?? 0);
    expect(written.ok && textOf(written.value)).toBe(`${wire}\r`);
  });

  it('takes a checksum in lower case', () => {
    expect(read('9900802.00AY1AZfca0')).toMatchObject({ ok: true, value: { checksum: 'right' } });
  });
});

it('takes no end of a fixed block for a tail', () => {
  expect(read('9900800AY0')).toMatchObject({
    ok: true,
    value: { fixed: { protocolVersion: '0AY0' }, sequence: undefined },
  });
});

it('sums code units as the wire has them: what the charset lacks is a question mark there', () => {
  const options: SipOptions = { ...ascii, charset: 'gbk', checksum: 'code-units' };
  const fixed = { circulationStatus: '03', securityMarker: '00', feeType: '01', transactionDate: null };
  const written = write('18', fixed, { AB: 'B1', AJ: 'Ünïcødé ✓ 书' }, 3, options);
  expect(written.ok && readMessage(written.value.slice(0, -1), options)).toMatchObject({
    ok: true,
    value: { checksum: 'right' },
  });
});

describe('tables', () => {
  const widths = {
    '23': 21,
    '11': 38,
    '09': 37,
    '01': 19,
    '99': 8,
    '93': 2,
    '63': 31,
    '35': 18,
    '37': 25,
    '17': 18,
    '19': 18,
    '25': 18,
    '15': 19,
    '29': 38,
    '65': 18,
    '97': 0,
    '94': 1,
    '98': 34,
    '24': 35,
    '26': 35,
    '64': 59,
    '12': 22,
    '30': 22,
    '10': 22,
    '16': 20,
    '18': 24,
    '20': 19,
    '36': 19,
    '38': 19,
    '66': 27,
    '96': 0,
  };
  it('has every message with the fixed width of the standard', () => {
    expect(Object.fromEntries(CODES.map((code) => [code, fixedWidth(code)]))).toEqual(widths);
  });
  it('names only fields that have a name, none both required and optional', () => {
    for (const code of CODES) {
      const { required, optional } = formOf(code);
      const all = [...required, ...optional];
      expect(all.every((id) => Object.hasOwn(FIELD_IDS, id))).toBe(true);
      expect(new Set(all).size).toBe(all.length);
    }
  });
});

describe('checksum', () => {
  it('makes the sum of all bytes zero', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom(...CHARSETS), (text, charset) => {
        const whole = `${text}AZ`;
        const value = Number.parseInt(checksumOf(whole, charset, 'bytes'), 16);
        const sum = encodeText(whole, charset).reduce((total, byte) => total + byte, 0);
        expect((sum + value) & 0xffff).toBe(0);
      }),
    );
  });
  it('over bytes and over code units differ in Chinese, which is how a probe tells them apart', () => {
    expect(checksumOf('AA张三|AZ', 'utf-8', 'bytes')).not.toBe(checksumOf('AA张三|AZ', 'utf-8', 'code-units'));
  });
  it('wrong is told, and is right where it is ignored or off', () => {
    for (const mode of CHECKSUM_MODES) {
      const expected = mode === 'ignored' || mode === 'off' ? 'right' : 'wrong';
      expect(read('941AY1AZ0000', { ...ascii, checksum: mode })).toMatchObject({ value: { checksum: expected } });
    }
  });
  it('absent is told, with the bare sequence some servers send', () => {
    expect(read('941')).toMatchObject({ value: { checksum: 'absent', sequence: undefined } });
    expect(read('941AY4')).toMatchObject({ value: { checksum: 'absent', sequence: 4 } });
  });
  it('is not taken from the middle of a message', () => {
    expect(read('98YYYYYN60000320260115    1015002.00AOAZFEF6|BXYYY|')).toMatchObject({
      ok: true,
      value: { checksum: 'absent', fields: { AO: ['AZFEF6'] } },
    });
  });
});

describe('writing', () => {
  const date = { local: '2026-11-23T08:05:09', zone: '' };
  const loan = { renewalPolicy: true, noBlock: false, transactionDate: date, noBlockDueDate: null };
  const fields = { AO: 'LIB', AA: '2026001', AB: '001234567', AC: '' };
  it('a loan as the standard lays it out, blank due date and all', () => {
    const written = writeMessage('11', loan, fields, 3, { ...ascii, checksum: 'off' });
    expect(written.ok && textOf(written.value)).toBe(
      `11YN20261123    080509${' '.repeat(18)}AOLIB|AA2026001|AB001234567|AC|\r`,
    );
  });
  it.each([
    ['a missing field', 'missing-field', 'AB', loan, { ...fields, AB: undefined }],
    ['a field of another message', 'unknown-field', 'AP', loan, { ...fields, AP: 'x' }],
    ['two values of what stands once', 'repeated-field', 'CH', loan, { ...fields, CH: ['a', 'b'] }],
    [
      'a date that is none',
      'bad-fixed-field',
      'transactionDate',
      { ...loan, transactionDate: { local: 'x', zone: '' } },
      fields,
    ],
    ['an empty fixed block', 'bad-fixed-field', 'renewalPolicy', {}, fields],
  ])('refuses %s by name', (_, code, name, fixed, given) => {
    const written = write('11', fixed, given);
    expect(written).toMatchObject({ ok: false, code });
    expect(!written.ok && written.detail).toContain(name);
  });
  it('never lets a value end its field or its message', () => {
    const written = write('11', loan, { ...fields, AB: 'a|b\r\nc\u0000d' });
    expect(written.ok && textOf(written.value)).toContain('ABa&#124;b cd|');
    const back = written.ok && readMessage(written.value.subarray(0, -1), ascii);
    expect(back && back.ok && fieldOf(back.value, 'AB')).toBe('a|b cd');
  });
  it('sends at most 255 bytes of a value and never half a character', () => {
    const written = write('11', loan, { ...fields, AB: '书'.repeat(200) }, 0, { ...ascii, charset: 'utf-8' });
    const back = written.ok && readMessage(written.value.subarray(0, -1), { ...ascii, charset: 'utf-8' });
    expect(back && back.ok && fieldOf(back.value, 'AB')).toBe('书'.repeat(85));
    expect(clipText('书书', 'gbk', 3)).toBe('书');
  });
  it('writes 96 and 97 without a sequence number', () => {
    const written = write('97', {}, {}, 7);
    expect(written.ok && textOf(written.value)).toBe('97AZFEF5\r');
  });
});

describe('reading', () => {
  it('takes fields in any order, repeated, empty and unknown', () => {
    const text = `64${' '.repeat(14)}00120260115    1015000000000100020000        AV|AEdoe, j|ZZnew|AV|AUone|AUtwo|AOLIB|AA1|`;
    expect(read(text)).toMatchObject({
      ok: true,
      value: {
        fixed: { holdItems: 0, overdueItems: 1, chargedItems: 2, recallItems: null, unavailableHolds: null },
        fields: { AV: ['', ''], AU: ['one', 'two'], ZZ: ['new'], AE: ['doe, j'] },
      },
    });
  });
  it('splits GBK after decoding: a trail byte may be the delimiter', () => {
    const options: SipOptions = { ...STANDARD_OPTIONS, charset: 'gbk', checksum: 'off' };
    const title = '中国';
    const leads = Array.from({ length: 0x7e }, (_, at) => 0x81 + at);
    const trap = leads.map((lead) => decodeText(Uint8Array.of(lead, 0x7c), 'gbk'));
    const value = `${title}${trap.join('')}`;
    const written = write('17', { transactionDate: null }, { AO: 'L', AB: value.slice(0, 100) }, 0, options);
    const back = written.ok && readMessage(written.value.subarray(0, -1), options);
    expect(back && back.ok && fieldOf(back.value, 'AB')).toBe(value.slice(0, 100));
  });
  it.each([
    ['', 'too-short'],
    ['9', 'too-short'],
    ['ZZ', 'unknown-code'],
    ['__proto__', 'unknown-code'],
    ['12', 'fixed-block-short'],
    ['12?NNN20260115    101500', 'bad-fixed-field'],
  ])('tells what is wrong with %j', (text, code) => {
    expect(read(text)).toMatchObject({ ok: false, code });
  });
  it('keeps fields named like members of an object apart from them', () => {
    const message = read('941AA__proto__|');
    expect(message.ok && fieldOf(message.value, 'constructor')).toBeUndefined();
  });
  it('shows no patron, password or screen text in a log', () => {
    const message = read('2300120260115    101500AOUWOLS|AAdjfiander|AC|AD6789|AFhello|ZZx|AY3AZ0000', {
      ...ascii,
      checksum: 'off',
    });
    expect(message.ok && redactMessage(message.value)).toBe(
      '23 Patron Status Request AO=UWOLS AA=… AC=… AD=… AF=… ZZ=… AY=3',
    );
  });
});

describe('round trip', () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '|', '中', 'é', '&', ';'), maxLength: 60 });
  it.each(CODES)('of %s holds for every charset that has the characters', (code) => {
    const form = formOf(code);
    const fixed = Object.fromEntries(
      form.fixed.map(({ name, type, width }) => {
        const values = {
          'yes-no': true,
          'one-zero': false,
          number: 7,
          date: null,
          flags: 'Y'.padEnd(width),
          text: 'x',
        };
        return [name, values[type]];
      }),
    );
    const fields = fc.record(Object.fromEntries(form.required.map((id) => [id, value])));
    fc.assert(
      fc.property(fields, fc.constantFrom('utf-8', 'gbk'), fc.nat(9), (given, charset, sequence) => {
        const options: SipOptions = { ...STANDARD_OPTIONS, charset };
        const written = write(code, fixed, given, sequence, options);
        if (!written.ok) throw new Error(written.detail);
        const { messages } = cutMessages(EMPTY_STREAM, written.value);
        const back = readMessage(messages[0] ?? new Uint8Array(0), options);
        expect(back).toMatchObject({ ok: true, value: { code, checksum: 'right' } });
        const kept = Object.entries(given).map(([id, text]) => [id, decodeText(encodeText(text, charset), charset)]);
        if (back.ok) for (const [id, text] of kept) expect(back.value.fields[id as string]).toEqual([text]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('stream', () => {
  it('understands CR, LF, CR LF and leading line ends', () => {
    const { messages, stream } = cutMessages(EMPTY_STREAM, bytesOf('\n941\r941\r\n\r\n941\n94'));
    expect(messages.map(textOf)).toEqual(['941', '941', '941']);
    expect(textOf(stream.pending)).toBe('94');
  });
  it('gives the same messages however the bytes are chopped', () => {
    const pieces = fc.array(fc.constantFrom('941', '\r', '\n', '98YY', ''), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, (parts) => {
        const whole = cutMessages(EMPTY_STREAM, bytesOf(parts.join(''))).messages.map(textOf);
        let stream = EMPTY_STREAM;
        const chopped = parts.flatMap((part) => {
          const cut = cutMessages(stream, bytesOf(part));
          stream = cut.stream;
          return cut.messages.map(textOf);
        });
        expect(chopped).toEqual(whole);
      }),
    );
  });
  it('drops a message without end and goes on with the next', () => {
    const first = cutMessages(EMPTY_STREAM, new Uint8Array(MAX_MESSAGE_BYTES + 1).fill(65));
    expect(first.stream.pending).toHaveLength(0);
    const next = cutMessages(first.stream, bytesOf('AAA\r941\r'));
    expect(next).toMatchObject({ dropped: 1 });
    expect(next.messages.map(textOf)).toEqual(['941']);
  });
});

describe('hostile bytes', () => {
  it('never make the reader throw', () => {
    const code = fc.constantFrom(...CODES).map(bytesOf);
    const hostile = fc
      .tuple(code, fc.uint8Array({ maxLength: 300 }))
      .map(([head, rest]) => Uint8Array.of(...head, ...rest));
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 300 }), hostile),
        fc.constantFrom(...CHARSETS),
        (bytes, charset) => {
          const result = readMessage(bytes, { ...STANDARD_OPTIONS, charset });
          if (result.ok) redactMessage(result.value);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('dates', () => {
  it('blank, zero and impossible ones are none', () => {
    for (const text of [' '.repeat(18), '0'.repeat(18), '20261340    000000', '20260230    101500', 'x'])
      expect(readSipDate(text)).toBeNull();
  });
  it('keep their zone letter', () => {
    expect(readSipDate('20260115   Z101500')).toEqual({ local: '2026-01-15T10:15:00', zone: 'Z' });
    expect(writeSipDate({ local: '2026-01-15T10:15:00', zone: 'Z' })).toEqual({
      ok: true,
      value: '20260115   Z101500',
    });
  });
  it('are written as the wall clock of the library', () => {
    const at = Date.UTC(2026, 10, 22, 16, 5, 9);
    expect(sipDateAt(at, 'Asia/Shanghai')).toEqual({ local: '2026-11-23T00:05:09', zone: '' });
  });
  it.each([
    ['20261206    214034', '2026-12-06T21:40:34'],
    ['20261206', '2026-12-06T23:59:59'],
    ['2022-02-26', '2022-02-26T23:59:59'],
    ['2022/2/6 8:05', '2022-02-06T08:05:59'],
    ['2026年12月6日', '2026-12-06T23:59:59'],
    ['06.12.2026 soon', undefined],
    ['', undefined],
  ])('a due date %j is guessed as %j', (text, guess) => {
    expect(guessDueDate(text)).toBe(guess);
  });
});

describe('enumerations', () => {
  it('read a patron by position, and know what keeps nobody from borrowing', () => {
    const conditions = patronConditions(' Y YY         ');
    expect(conditions).toEqual(['renewalDenied', 'holdDenied', 'cardReportedLost']);
    expect(conditions.filter(blocksLoans)).toEqual(['cardReportedLost']);
  });
  it('ask for one list at a time', () => {
    expect(summaryFlags('charged')).toBe('  Y       ');
    expect(summaryFlags()).toBe(' '.repeat(10));
  });
  it('read what a server says it supports, also when it says too little', () => {
    expect(supportedMessages('YYYNYYYYYNYNNYYN')).toContain('renew');
    expect(supportedMessages('Y')).toEqual(['patronStatus']);
  });
  it('name a language the standard has', () => {
    expect([languageCode('zh-CN'), languageCode('en'), languageCode('tlh')]).toEqual(['019', '001', '000']);
  });
});
