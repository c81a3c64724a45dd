// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/card/spellings.json' with { type: 'json' };
import { detectForm } from './detect-form.ts';
import {
  convertNumber,
  explainCard,
  matchesCard,
  possibleForms,
  readCardNumber,
  readSpelling,
  spell,
} from './spelling.ts';
import { FORMS, findForm } from './spelling-forms.ts';
import { type CardUid, cardUid, type UidLength } from './uid.ts';

const uid = (hex: string): CardUid => {
  const result = cardUid(Uint8Array.from(Buffer.from(hex, 'hex')));
  if (!result.ok) throw new Error(result.detail);
  return result.value;
};
const anyUid = fc
  .constantFrom<UidLength>(4, 7, 10)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
  .map((bytes) => cardUid(bytes))
  .filter((result) => result.ok)
  .map((result) => result.value);
const anyForm = fc.constantFrom(...FORMS);
const text = (number: string, from: string, to: string) => {
  const result = convertNumber(number, from, to);
  return result.ok ? result.value.text : result.code;
};

describe('published spellings', () => {
  const cases = vectors.vectors.flatMap(({ uid: hex, forms }) =>
    Object.entries(forms).map(([form, number]) => ({ hex, form, number })),
  );
  it.each(cases)('$hex is $number in the form $form', ({ hex, form, number }) => {
    expect(spell(uid(hex), form)).toMatchObject({ ok: true, value: { text: number } });
    expect(matchesCard(number, form, uid(hex))).toBe(true);
  });
});

describe('forms', () => {
  it('have unique names', () => {
    expect(new Set(FORMS.map(({ id }) => id)).size).toBe(FORMS.length);
    expect(findForm('hex')).toBeDefined();
    expect(findForm('none')).toBeUndefined();
  });
  it('an exact spelling reads back to the same UID, without being told its length', () => {
    fc.assert(
      fc.property(anyUid, anyForm, (card, form) => {
        const spelled = spell(card, form.id);
        if (!spelled.ok || spelled.value.kind !== 'exact') return;
        expect(readCardNumber(spelled.value.text, form.id)).toEqual({ ok: true, value: card });
      }),
      { numRuns: 3_000 },
    );
  });
  it('a lossy spelling says so, and is never read as a whole UID', () => {
    fc.assert(
      fc.property(anyUid, anyForm, (card, form) => {
        const spelled = spell(card, form.id);
        if (!spelled.ok || spelled.value.kind !== 'lossy') return;
        expect(spelled.value.keptBytes).toBeLessThan(card.length);
        const length = card.length as UidLength;
        expect(readCardNumber(spelled.value.text, form.id, length)).toMatchObject({ ok: false, code: 'lossy' });
        expect(matchesCard(spelled.value.text, form.id, card)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
  it('any pair of exact forms converts both ways without loss', () => {
    fc.assert(
      fc.property(anyUid, anyForm, anyForm, (card, from, to) => {
        const source = spell(card, from.id);
        const target = spell(card, to.id);
        if (!source.ok || !target.ok || source.value.kind === 'lossy' || target.value.kind === 'lossy') return;
        expect(text(source.value.text, from.id, to.id)).toBe(target.value.text);
      }),
      { numRuns: 3_000 },
    );
  });
  it('leading zeros are kept: every width is the same for every card of one length', () => {
    fc.assert(
      fc.property(anyUid, anyForm, (card, form) => {
        const spelled = spell(card, form.id);
        const zero = spell(uid('00'.repeat(card.length - 1) + '01'), form.id);
        const padded = form.notation.kind !== 'decimal' || form.notation.digits !== 'unpadded';
        if (spelled.ok && zero.ok && padded) expect(spelled.value.text).toHaveLength(zero.value.text.length);
      }),
    );
  });
  it('a number that lost digits or gained some is refused, never filled up', () => {
    expect(readSpelling('166735958', 'decimal')).toMatchObject({ ok: false, code: 'lost-zeros' });
    expect(readSpelling('1302000', 'weg-last')).toMatchObject({ ok: false });
    expect(readSpelling('51,65535', '2h4h-last')).toMatchObject({ ok: false, code: 'lost-zeros' });
    expect(readSpelling('1B2C3D4', 'hex')).toMatchObject({ ok: false, code: 'lost-zeros' });
    expect(readSpelling('00166735958', 'decimal')).toMatchObject({ ok: false });
  });
  it('a column that dropped its zeros has a form of its own', () => {
    expect(text('166735958', 'decimal-unpadded-reversed', 'hex')).toBe('5630F009');
    expect(readSpelling('0166735958', 'decimal-unpadded')).toMatchObject({ ok: false, code: 'malformed' });
  });
  it('numbers beyond the bytes are refused', () => {
    expect(readSpelling('4294967296', 'decimal')).toMatchObject({ ok: false, code: 'out-of-range' });
    expect(readSpelling('256,00001', '2h4h-last')).toMatchObject({ ok: false, code: 'out-of-range' });
    expect(readSpelling('255,65536', '2h4h-last')).toMatchObject({ ok: false, code: 'out-of-range' });
    expect(readSpelling('99999999999999999999', 'decimal-20')).toMatchObject({ ok: false, code: 'out-of-range' });
  });
  it('a wrong check byte or parity is refused', () => {
    expect(readSpelling('A1B2C3D405', 'hex-bcc')).toMatchObject({ ok: false, code: 'bad-check' });
    const wrong = '1010101100011000011110000000010011';
    expect(readSpelling(wrong, 'wiegand-34')).toMatchObject({ ok: false, code: 'bad-check' });
  });
  it('full-width digits, hex separators and lower case are understood', () => {
    expect(text('04:a1:b2:c3', 'hex', 'hex')).toBe('04A1B2C3');
    expect(text('04-A1-B2-C3-D4-E5-80', 'hex', 'hex')).toBe('04A1B2C3D4E580');
    expect(text('\uff11\uff14\uff14\uff16\uff10\uff14\uff17\uff17\uff15\uff13', 'decimal', 'hex')).toBe('5630F009');
    expect(text('213 02000', 'weg-last', '2h4h-last')).toBe('213,02000');
    expect(readSpelling('04:A1-B2:C3', 'hex').ok).toBe(false);
  });
  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), anyForm, (any, form) => {
        expect(typeof readCardNumber(any, form.id).ok).toBe('boolean');
      }),
      { numRuns: 3_000 },
    );
  });
  it('a digit more or less is never read as the same card', () => {
    fc.assert(
      fc.property(anyUid, anyForm, (card, form) => {
        const spelled = spell(card, form.id);
        if (!spelled.ok || spelled.value.kind === 'lossy') return;
        for (const other of [`${spelled.value.text}0`, spelled.value.text.slice(0, -1)]) {
          const read = readCardNumber(other, form.id);
          if (read.ok) expect(read.value).not.toEqual(card);
        }
      }),
    );
  });
});

describe('conversion with loss', () => {
  it('towards a form with fewer bytes is marked lossy and says what is left', () => {
    expect(convertNumber('529D06E3', 'hex', 'weg-last')).toEqual({
      ok: true,
      value: { kind: 'lossy', text: '15701763', keptBytes: 3, uidBytes: 4 },
    });
  });
  it('back from it is refused as lossy', () => {
    expect(convertNumber('15701763', 'weg-last', 'hex')).toMatchObject({ ok: false, code: 'lossy' });
    expect(convertNumber('15701763', 'weg-last', 'weg-first')).toMatchObject({ ok: false, code: 'lossy' });
  });
  it('among forms that keep the same bytes goes both ways', () => {
    expect(text('15701763', 'weg-last', '2h4h-last')).toBe('157,01763');
    expect(text('157,01763', '2h4h-last', 'hex-6-last-reversed')).toBe('E3069D');
  });
  it('names a form it does not know', () => {
    expect(convertNumber('1', 'morse', 'hex')).toMatchObject({ ok: false, code: 'unknown-form' });
    expect(spell(uid('529D06E3'), 'morse')).toMatchObject({ ok: false, code: 'unknown-form' });
  });
  it('a UID that would read back as a shorter one has no such spelling', () => {
    expect(spell(uid('04A1B2C3000000'), 'decimal-20-reversed')).toMatchObject({ ok: false, code: 'not-applicable' });
  });
});

describe('explaining a card', () => {
  it('lists exact spellings before lossy ones, of its length only', () => {
    const kinds = explainCard(uid('529D06E3')).map(({ spelled }) => spelled.kind);
    expect(kinds.lastIndexOf('exact')).toBeLessThan(kinds.indexOf('lossy'));
    const ids = explainCard(uid('04A1B2C3D4E580')).map(({ form }) => form.id);
    expect(ids).toContain('decimal-10-last');
    expect(ids).not.toContain('hex-bcc');
  });
  it('finds the forms a bare number may have', () => {
    expect(possibleForms('04A1B2C3D4E580')).toEqual(['hex', 'hex-reversed']);
    expect(possibleForms('1446047753')).toEqual(expect.arrayContaining(['decimal', 'decimal-reversed']));
    expect(possibleForms('hello')).toEqual([]);
  });
});

describe('finding the form of a file', () => {
  const cards = ['529D06E3', '2A83155E', '5630F009'].map(uid);
  it('any form is found from three cards, or a form that reads the same bytes', () => {
    for (const form of FORMS.filter(({ lengths }) => lengths.includes(4))) {
      const samples = cards.map((card) => {
        const spelled = spell(card, form.id);
        return { uid: card, text: spelled.ok ? spelled.value.text : '' };
      });
      const found = detectForm(samples);
      expect(found.verdict, form.id).toBe('found');
      if (found.verdict === 'found') expect(found.fits.map((fit) => fit.form.id)).toContain(form.id);
    }
  });
  it('says whether the file can be imported', () => {
    const found = detectForm([{ uid: cards[0] as CardUid, text: '15701763' }]);
    expect(found).toMatchObject({ verdict: 'found', fits: [{ form: { id: 'weg-last' }, exact: false }] });
  });
  it('asks for more where two orders fit', () => {
    expect(detectForm([{ uid: uid('11222211'), text: '11222211' }])).toMatchObject({ verdict: 'several' });
  });
  it('names the odd sample where no form fits all', () => {
    const samples = cards.map((card) => ({ uid: card, text: Buffer.from(card).toString('hex') }));
    expect(detectForm([...samples, { uid: uid('01020304'), text: '99999999' }])).toMatchObject({
      verdict: 'none',
      closest: { id: 'hex' },
      misses: [3],
    });
    expect(detectForm([])).toEqual({ verdict: 'none', misses: [] });
  });
});
