// SPDX-License-Identifier: Apache-2.0
// Picks the language of messages from Accept-Language; Chinese unless English is preferred to it.
import type { Catalogue } from './messages/catalogue.ts';
import { en } from './messages/en.ts';
import { zhCn } from './messages/zh-cn.ts';

export type Language = 'zh-CN' | 'en';
export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { 'zh-CN': zhCn, en };

/** A header of hostile length costs nothing: only its first entries are looked at. */
const MAX_ENTRIES = 16;

export function chooseLanguage(acceptLanguage: string | undefined): Language {
  let best: Language = 'zh-CN';
  let bestWeight = 0;
  for (const entry of (acceptLanguage ?? '').split(',', MAX_ENTRIES)) {
    const [tag = '', ...parameters] = entry.trim().toLowerCase().split(';');
    const language = languageOf(tag.trim());
    const weight = weightOf(parameters);
    if (language !== undefined && weight > bestWeight) {
      best = language;
      bestWeight = weight;
    }
  }
  return best;
}

function languageOf(tag: string): Language | undefined {
  if (tag === 'en' || tag.startsWith('en-')) return 'en';
  if (tag === 'zh' || tag.startsWith('zh-')) return 'zh-CN';
  return undefined;
}

function weightOf(parameters: readonly string[]): number {
  const quality = parameters.map((text) => text.trim()).find((text) => text.startsWith('q='));
  const value = quality === undefined ? 1 : Number(quality.slice(2));
  return Number.isFinite(value) ? value : 0;
}
