// SPDX-License-Identifier: Apache-2.0
// Which language a page speaks: the one chosen before, else the first the browser prefers, else Chinese.

export const LANGUAGES = ['zh-CN', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language by its own name: nobody should have to read another one to find theirs. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { 'zh-CN': '中文', en: 'English' };

export function chooseLanguage(saved: string | null | undefined, preferred: readonly string[]): Language {
  const chosen = LANGUAGES.find((language) => language === saved);
  if (chosen !== undefined) return chosen;
  for (const tag of preferred) {
    if (/^zh\b/i.test(tag)) return 'zh-CN';
    if (/^en\b/i.test(tag)) return 'en';
  }
  return 'zh-CN';
}
