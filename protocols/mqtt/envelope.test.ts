// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/mqtt/messages.json' with { type: 'json' };
import { decodeEnvelope, encodeEnvelope } from './envelope.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const utf8 = (text: string) => new TextEncoder().encode(text);
const anyJson = fc.dictionary(fc.string(), fc.jsonValue()).map((json) => JSON.parse(JSON.stringify(json)) as object);

describe('envelope', () => {
  it.each(vectors.messages)('$topic: $why', ({ json, payloadHex, ...more }) => {
    const body = bytes(more.bodyHex ?? '');
    expect(Buffer.from(encodeEnvelope(json, body)).toString('hex')).toBe(payloadHex);
    expect(decodeEnvelope(bytes(payloadHex))).toEqual({ ok: true, value: { json, body } });
  });
  it('round-trips any JSON object and any bytes, NULs among them', () => {
    fc.assert(
      fc.property(anyJson, fc.uint8Array({ maxLength: 300 }), (json, body) => {
        expect(decodeEnvelope(encodeEnvelope(json, body))).toEqual({ ok: true, value: { json, body } });
      }),
    );
  });
  it('text holding NUL is escaped by JSON and does not end it', () => {
    const payload = encodeEnvelope({ name: 'a\u0000b' }, Uint8Array.of(0, 1));
    expect(decodeEnvelope(payload)).toMatchObject({ ok: true, value: { json: { name: 'a\u0000b' } } });
  });
  it('a body cut short stays a prefix of the body; JSON cut short is refused', () => {
    fc.assert(
      fc.property(anyJson, fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (json, body, seed) => {
        const payload = encodeEnvelope(json, body);
        const end = seed % payload.length;
        const cut = decodeEnvelope(payload.subarray(0, end));
        const jsonEnd = payload.length - body.length - 1;
        if (end < jsonEnd) expect(cut).toMatchObject({ ok: false, code: 'not-json' });
        else expect(cut).toMatchObject({ ok: true, value: { json } });
      }),
    );
  });
  it.each([
    ['nothing', ''],
    ['a NUL first', '00ff'],
    ['bytes that are not UTF-8', '7b22c328227d'],
    ['two JSON texts', '7b7d7b7d'],
    ['half a surrogate in UTF-8', '22eda08022'],
  ])('refuses %s', (_, hex) => {
    expect(decodeEnvelope(bytes(hex))).toMatchObject({ ok: false, code: 'not-json' });
  });
  it('survives nesting as deep as a message allows', () => {
    const deep = utf8('['.repeat(60_000) + ']'.repeat(60_000));
    expect(typeof decodeEnvelope(deep).ok).toBe('boolean');
  });
  it('never throws on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (any) => typeof decodeEnvelope(any).ok === 'boolean'),
      { numRuns: 2_000 },
    );
  });
});
