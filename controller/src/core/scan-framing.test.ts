// SPDX-License-Identifier: Apache-2.0
// However the bytes of a scanner are cut up, the same codes come out; whatever they are, little is kept of them.
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import {
  type FramingConfig,
  type FramingEffect,
  type FramingEvent,
  type FramingState,
  INITIAL_FRAMING,
  MAX_CODE_CHARACTERS,
  stepFraming,
} from './scan-framing.ts';

const CONFIG: FramingConfig = { terminator: 'cr', prefix: '', suffix: '', encoding: 'utf-8' };
const ENDS = { cr: '\r', lf: '\n', crlf: '\r\n', tab: '\t', etx: '\u0003' } as const;
const SILENCE = 'silence';

/** Feeds texts (as UTF-8) and bytes, one chunk each. */
function feed(config: Partial<FramingConfig>, ...chunks: (string | Uint8Array)[]) {
  const effects: FramingEffect[] = [];
  let state: FramingState = INITIAL_FRAMING;
  let mostHeld = 0;
  for (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const event: FramingEvent = chunk === SILENCE ? { kind: 'silence' } : { kind: 'bytes', bytes };
    const stepped = stepFraming({ ...CONFIG, ...config }, state, event);
    state = stepped.state;
    effects.push(...stepped.effects);
    mostHeld = Math.max(mostHeld, state.held.length);
  }
  const told = effects.filter(({ kind }) => kind !== 'timer' && kind !== 'cancel');
  return { effects, told, mostHeld, codes: effects.flatMap((each) => (each.kind === 'code' ? [each.text] : [])) };
}

describe('codes out of bytes', () => {
  it.each(Object.entries(ENDS))('end at %s', (terminator, end) => {
    expect(feed({ terminator: terminator as keyof typeof ENDS }, `12${end}3`, `4${end}`).codes).toEqual(['12', '34']);
  });

  it('end at both bytes of crlf, wherever they are cut apart, and at neither alone', () => {
    expect(feed({ terminator: 'crlf' }, '1\r', '\n2\n3', '\r4', '\r\n').codes).toEqual(['1', '234']);
  });

  it('end at silence where the scanner sends no end', () => {
    const { codes, effects } = feed({ terminator: 'idle', idleMs: 80 }, '12', '34', SILENCE, SILENCE, '5', SILENCE);
    expect(codes).toEqual(['1234', '5']);
    expect(effects[0]).toEqual({ kind: 'timer', afterMs: 80 });
  });

  it('lose the prefix and suffix; text without them is ignored', () => {
    const fringes = { prefix: 'QR:', suffix: '#' };
    const { codes, told } = feed(fringes, 'QR:77#\r', '77#\r', 'QR:78\r', 'QR:#\r', 'QR#\r');
    expect(codes).toEqual(['77']);
    expect(told.filter(({ kind }) => kind === 'ignored')).toHaveLength(3);
  });

  it('lose control characters, wherever they are', () => {
    expect(feed({}, '\u0000\u0002 1\n2\u007F3\u001B\u0085\r').codes).toEqual([' 123']);
  });

  it('are read in both encodings, and never across a wrong one', () => {
    const text = '学号：2026000001';
    expect(feed({ encoding: 'gbk' }, iconv.encode(`${text}\r`, 'gbk')).codes).toEqual([text]);
    expect(feed({ encoding: 'utf-8' }, `${text}\r`).codes).toEqual([text]);
    expect(feed({ encoding: 'utf-8' }, iconv.encode(`${text}\r`, 'gbk')).told).toEqual([
      { kind: 'unreadable', detail: 'not utf-8' },
    ]);
  });

  it('begin anew after half a code and a silence', () => {
    expect(feed({}, '999', SILENCE, '1234\r').told).toEqual([
      { kind: 'ignored', why: 'half a code' },
      { kind: 'code', text: '1234' },
    ]);
  });

  it('leave no timer behind when nothing is under way', () => {
    const { effects } = feed({ idleMs: 300 }, '12', '3\r', '\r', '\n');
    expect(effects).toEqual([{ kind: 'timer', afterMs: 300 }, { kind: 'code', text: '123' }, { kind: 'cancel' }]);
  });
});

describe('input longer than any code', () => {
  const long = '7'.repeat(10_000);

  it('is told once and swallowed up to its end; the next code is read', () => {
    const { told, mostHeld } = feed({}, long, long, '77\r1234\r');
    expect(told.map(({ kind }) => kind)).toEqual(['unreadable', 'code']);
    expect(mostHeld).toBeLessThanOrEqual(4_096);
  });

  it('is swallowed up to a silence where no end comes', () => {
    expect(feed({}, long, SILENCE, '1234\r').codes).toEqual(['1234']);
    expect(feed({ terminator: 'idle' }, long, SILENCE, '1234', SILENCE).codes).toEqual(['1234']);
  });

  it(`of ${MAX_CODE_CHARACTERS} characters is the longest that is a code`, () => {
    const most = '7'.repeat(MAX_CODE_CHARACTERS);
    expect(feed({}, `${most}\r`).codes).toEqual([most]);
    expect(feed({}, `${most}7\r`).told).toEqual([{ kind: 'unreadable', detail: 'more than 512 characters' }]);
  });
});

describe('any bytes', () => {
  const config = fc.record({
    terminator: fc.constantFrom('cr', 'lf', 'crlf', 'tab', 'etx', 'idle'),
    prefix: fc.constantFrom('', '1'),
    suffix: fc.constantFrom('', '2'),
    encoding: fc.constantFrom('utf-8', 'gbk'),
  });
  const byte = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0x0d, 0x0a, 0x09, 0x03, 0x31, 0x32) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  );
  const bytes = fc.oneof(
    fc.array(byte, { maxLength: 60 }),
    fc
      .tuple(fc.integer({ min: 4_000, max: 5_000 }), fc.array(byte, { maxLength: 20 }))
      .map(([length, tail]) => [...Array.from({ length }, () => 0x31), ...tail]),
  );
  const cut = (all: readonly number[], at: readonly number[]): Uint8Array[] => {
    const places = [0, ...at.map((place) => place % (all.length + 1)).sort((a, b) => a - b), all.length];
    return places.slice(1).map((end, index) => Uint8Array.from(all.slice(places[index], end)));
  };

  it('give the same codes however they are cut', () => {
    fc.assert(
      fc.property(config, bytes, fc.array(fc.nat(), { maxLength: 8 }), (config, all, at) => {
        const whole = feed(config, Uint8Array.from(all), SILENCE).told;
        expect(feed(config, ...cut(all, at), SILENCE).told).toEqual(whole);
      }),
    );
  });

  it('give codes without control characters, bounded, and hold a bounded rest', () => {
    fc.assert(
      fc.property(config, bytes, fc.array(fc.nat(), { maxLength: 8 }), (config, all, at) => {
        const { codes, mostHeld } = feed(config, ...cut(all, at), SILENCE);
        expect(mostHeld).toBeLessThanOrEqual(4_096);
        for (const code of codes) expect(code).toMatch(/^[^\p{Cc}\uFFFD]{1,512}$/u);
      }),
    );
  });

  it('give back every text that is sent whole, in either encoding', () => {
    const text = fc.array(
      fc.constantFrom('0', '5', 'a', 'Z', '+', '/', '=', ':', '-', '_', ' ', '学', '号', '今', '码'),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(config, text, ({ prefix, suffix, ...config }, characters) => {
        const code = characters.join('');
        const end = config.terminator === 'idle' ? '' : ENDS[config.terminator];
        const sent = iconv.encode(`${prefix}${code}${suffix}${end}`, config.encoding === 'gbk' ? 'gbk' : 'utf8');
        expect(feed({ prefix, suffix, ...config }, sent, SILENCE).codes).toEqual([code]);
      }),
    );
  });
});
