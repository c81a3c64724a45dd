// SPDX-License-Identifier: Apache-2.0
// What answers give away of a server's settings: vectors of the reference (sip2, 2), and words in every charset.
import { encodeText } from '@latchkey/protocols/sip2/charset';
import { checksumOf } from '@latchkey/protocols/sip2/checksum';
import { describe, expect, it } from 'vitest';
import { findCharset, findClock, findDelimiter, sumForms } from './sip2-findings.ts';

const ascii = (text: string) => encodeText(text, 'ascii');

describe('the charset', () => {
  it.each([
    ['utf-8', 'AE李华|', 'sure'],
    ['utf-8', 'AEJürgen|', 'sure'],
    ['gbk', 'AM市图书馆|AE李华|', 'likely'],
    ['cp850', 'AEJürgen Müller|', 'likely'],
    ['cp850', 'AFRenouvelé à la médiathèque|', 'likely'],
    ['latin1', 'AEJürgen Müller|', 'likely'],
    ['latin1', 'AFRenouvelé à la médiathèque|', 'likely'],
  ] as const)('is %s: %s', (charset, text, certainty) => {
    expect(findCharset([ascii('941'), encodeText(text, charset)])).toEqual({ charset, certainty });
  });

  it('cannot be told from ASCII', () => {
    expect(findCharset([ascii('98YYYYYY'), ascii('AMLibrary|')])).toEqual({ charset: null, certainty: 'unseen' });
    expect(findCharset([])).toEqual({ charset: null, certainty: 'unseen' });
  });

  it('is sure where a sum over characters holds in one reading only', () => {
    const text = '24AE李|AY1AZ';
    const line = encodeText(text + checksumOf(text, 'gbk', 'code-units'), 'gbk');
    expect(findCharset([line])).toEqual({ charset: 'gbk', certainty: 'sure' });
  });
});

describe('the sum', () => {
  it.each([
    ['941AY1AZFDFC', ['bytes', 'code-units']],
    ['9900402.00AY0AZFCA5', ['bytes', 'code-units']],
    ['9900802.00AY1AZfca0', ['bytes', 'code-units']],
    ['941AY1AZFDFD', []],
  ] as const)('of %s fits %s', (text, forms) => {
    expect(sumForms(ascii(text), 'utf-8')).toEqual(forms);
  });

  it('tells bytes from characters by letters beyond ASCII', () => {
    const text = '64AE李华|AY1AZ';
    for (const mode of ['bytes', 'code-units'] as const)
      expect(sumForms(encodeText(text + checksumOf(text, 'utf-8', mode), 'utf-8'), 'utf-8')).toEqual([mode]);
  });

  it('may leave out its own end', () => {
    const body = '64AE李华';
    expect(sumForms(encodeText(`${body}|AY1AZ${checksumOf(body, 'utf-8', 'bytes')}`, 'utf-8'), 'utf-8')).toEqual([
      'short',
    ]);
  });

  it('may be absent', () => {
    expect(sumForms(ascii('941'), 'utf-8')).toBeUndefined();
  });
});

it('the delimiter is what ends the row of BX', () => {
  const status = (delimiter: string) =>
    ascii(`98YYYYYY05000320261123    1015002.00AOLIB${delimiter}BXYYYYYYYYYYYYYYYN${delimiter}AMCity${delimiter}`);
  expect(findDelimiter(status('|'))).toBe('|');
  expect(findDelimiter(status('^'))).toBe('^');
  expect(findDelimiter(ascii('98YYYYYY'))).toBeUndefined();
});

it.each([
  ['2026-11-23T18:15:03', '', { offsetMinutes: 480, aheadSeconds: 3, zone: '' }],
  ['2026-11-23T10:14:50', 'Z', { offsetMinutes: 0, aheadSeconds: -10, zone: 'Z' }],
  ['2026-11-23T15:45:00', '', { offsetMinutes: 330, aheadSeconds: 0, zone: '' }],
  ['2026-11-23T06:15:00', 'Q', { offsetMinutes: -240, aheadSeconds: 0, zone: 'Q' }],
] as const)('a clock at %s%s is read against ours', (local, zone, expected) => {
  expect(findClock({ local, zone }, Date.parse('2026-11-23T10:15:00Z'))).toEqual(expected);
});
