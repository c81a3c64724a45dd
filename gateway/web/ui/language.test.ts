// SPDX-License-Identifier: Apache-2.0
// Which language a page begins in.
import { describe, expect, it } from 'vitest';
import { chooseLanguage } from './language.ts';

describe('the language of a page', () => {
  it('is the one chosen before', () => expect(chooseLanguage('en', ['zh-CN'])).toBe('en'));
  it('is the first of the browser that there is', () => {
    expect(chooseLanguage(null, ['fr-FR', 'en-GB', 'zh-CN'])).toBe('en');
    expect(chooseLanguage(null, ['zh-Hant-TW', 'en'])).toBe('zh-CN');
  });
  it('is Chinese where nothing fits', () => {
    expect(chooseLanguage('xx', ['fr'])).toBe('zh-CN');
    expect(chooseLanguage(undefined, [])).toBe('zh-CN');
  });
});
