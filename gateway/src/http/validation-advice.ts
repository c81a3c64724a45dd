// SPDX-License-Identifier: Apache-2.0
// A schema's complaint as advice for people: which field, and what it takes, in the language asked for.
import type { FastifySchemaValidationError } from 'fastify';
import { z } from 'zod';
import type { Language } from './language.ts';

const CHINESE = z.locales.zhCN().localeError;
const ENGLISH = z.locales.en().localeError;

interface Advice {
  readonly field?: string;
  readonly fix?: string;
}

export function adviceOf(complaint: FastifySchemaValidationError, language: Language): Advice {
  const field = complaint.instancePath.replace(/^\//, '').replaceAll('/', '.');
  const fix = wordsOf(complaint, language);
  return { ...(field === '' ? {} : { field }), ...(fix === undefined ? {} : { fix }) };
}

/** Our own wording (a schema's `error`) names the form to write; zod's standard wording exists in both languages. */
function wordsOf(complaint: FastifySchemaValidationError, language: Language): string | undefined {
  const issue = { code: complaint.keyword, path: [], ...complaint.params } as unknown as Parameters<typeof ENGLISH>[0];
  const standard = textOf(ENGLISH(issue));
  if (language === 'en' || complaint.message !== standard) return complaint.message;
  return textOf(CHINESE(issue)) ?? complaint.message;
}

const textOf = (text: string | { message: string } | null | undefined): string | undefined =>
  typeof text === 'object' ? text?.message : text;
