// SPDX-License-Identifier: Apache-2.0
// Holds the error table, both catalogues and the documents together.
import { readFileSync } from 'node:fs';
import { API_ERROR_CODES, API_ERRORS } from '@latchkey/protocols/api/errors';
import { describe, expect, it } from 'vitest';
import { CATALOGUES, chooseLanguage } from './language.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('the error table', () => {
  it('has a message and an advice for every key in every language, and none to spare', () => {
    const keys = API_ERROR_CODES.map((code) => API_ERRORS[code].key).toSorted();
    expect(new Set(keys).size).toBe(keys.length);
    for (const catalogue of Object.values(CATALOGUES)) {
      expect(Object.keys(catalogue).toSorted()).toEqual(keys);
      for (const { message, fix } of Object.values(catalogue)) {
        expect(message).not.toBe('');
        expect(fix).not.toBe('');
      }
    }
  });

  it('says the same in both languages only where it must', () => {
    for (const code of API_ERROR_CODES) {
      const { key } = API_ERRORS[code];
      expect(CATALOGUES['zh-CN'][key].message).toMatch(/[\u4e00-\u9fff]/);
      expect(CATALOGUES.en[key].message).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it('is the table of the README', () => {
    const rows = [...README.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (.+) \|$/gm)].map(([, code, status, text]) => [
      code,
      Number(status),
      text,
    ]);
    expect(rows).toEqual(
      API_ERROR_CODES.map((code) => [code, API_ERRORS[code].status, CATALOGUES.en[API_ERRORS[code].key].message]),
    );
  });

  it('logs bugs as errors and what people mistype as information', () => {
    for (const code of API_ERROR_CODES) {
      const { status, level } = API_ERRORS[code];
      expect(level === 'error').toBe(status === 500);
    }
  });
});

describe('the language of a message', () => {
  it.each([
    [undefined, 'zh-CN'],
    ['', 'zh-CN'],
    ['fr', 'zh-CN'],
    ['en', 'en'],
    ['en-US,en;q=0.9', 'en'],
    ['zh-TW,en;q=0.8', 'zh-CN'],
    ['en;q=0.3,zh;q=0.9', 'zh-CN'],
    ['en;q=0', 'zh-CN'],
    ['en;q=nonsense', 'zh-CN'],
    [','.repeat(10_000), 'zh-CN'],
  ])('for %j is %s', (header, language) => {
    expect(chooseLanguage(header)).toBe(language);
  });
});
