// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { requirement } from './requirements.ts';

describe('requirement', () => {
  const missing = () => 'no such thing; run: apt-get install thing';

  it('is available when nothing is missing', () => {
    expect(requirement('thing', () => undefined, { CI: 'true' })).toEqual({ available: true, reason: '' });
  });
  it('says why a suite is skipped on a machine that lacks it', () => {
    expect(requirement('thing', missing, {})).toEqual({ available: false, reason: missing() });
  });
  it('fails the run in CI and where it is asked for by name', () => {
    expect(() => requirement('thing', missing, { CI: 'true' })).toThrow(/requires "thing".*apt-get/);
    expect(() => requirement('thing', missing, { LATCHKEY_REQUIRE: 'other, thing' })).toThrow(/requires "thing"/);
  });
});
