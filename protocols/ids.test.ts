// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CREDENTIAL_CLASSES, credentialClass, deviceId, portalId, siteId } from './ids.ts';

describe('slugs', () => {
  it.each(['a', '0', 'gate-1', 'a--b', 'x'.repeat(40)])('%s is one', (text) => {
    for (const id of [siteId, deviceId, portalId]) expect(id.parse(text)).toBe(text);
  });
  it.each(['', '-a', 'a-', 'A', 'a_b', 'a.b', 'a b', 'a/b', '+', '#', 'a\n', '\u0430', 'x'.repeat(41)])(
    '%j is none: it could not be a level of a topic or the CN of a certificate',
    (text) => {
      for (const id of [siteId, deviceId, portalId]) expect(id.safeParse(text).success).toBe(false);
    },
  );
  it('none holds what a topic or a path gives a meaning to', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        if (portalId.safeParse(text).success) expect(text).toMatch(/^[a-z0-9-]+$/);
      }),
    );
  });
});

describe('credential classes', () => {
  it('have one number each, rising with strength', () => {
    const numbers = credentialClass.options.map((name) => CREDENTIAL_CLASSES[name]);
    expect(numbers).toEqual([0, 1, 2, 3]);
    expect(Object.keys(CREDENTIAL_CLASSES)).toEqual(credentialClass.options);
  });
});
