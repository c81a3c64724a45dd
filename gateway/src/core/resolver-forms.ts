// SPDX-License-Identifier: Apache-2.0
// Which scanned texts a resolver owns: by how they begin, how long they are, and of what characters. Two resolvers never own
// the same text, or one campus system would be shown the other's payment codes.

export const CHARACTERS = {
  digits: /^[0-9]*$/,
  hex: /^[0-9A-Fa-f]*$/,
  'letters-and-digits': /^[0-9A-Za-z]*$/,
  printable: /^[\x20-\x7e]*$/,
} as const;
export type Characters = keyof typeof CHARACTERS;

export interface CodeFormRule {
  /** Beginnings from … to …, both included, of one length. The same twice: exactly this one. */
  readonly from: string;
  readonly to: string;
  readonly minLength: number;
  readonly maxLength: number;
  readonly characters: Characters;
}

export function owns(rule: CodeFormRule, text: string): boolean {
  if (text.length < rule.minLength || text.length > rule.maxLength) return false;
  const beginning = text.slice(0, rule.from.length);
  return beginning >= rule.from && beginning <= rule.to && CHARACTERS[rule.characters].test(text);
}

/** Whether some text could be of both forms. Errs on the side of yes: every alphabet holds the digits. */
export function overlap(one: CodeFormRule, other: CodeFormRule): boolean {
  if (one.minLength > other.maxLength || other.minLength > one.maxLength) return false;
  const shared = Math.min(one.from.length, other.from.length);
  const cut = (text: string) => text.slice(0, shared);
  return cut(one.from) <= cut(other.to) && cut(other.from) <= cut(one.to);
}

const ALIPAY: CodeFormRule = { from: '25', to: '30', minLength: 16, maxLength: 24, characters: 'digits' };
const UNIONPAY: CodeFormRule = { from: '62', to: '62', minLength: 19, maxLength: 19, characters: 'digits' };

/** True where gates refuse every text of the form by themselves: no resolver would ever be asked. */
export const neverAsked = (rule: CodeFormRule): boolean => [ALIPAY, UNIONPAY].some((refused) => within(rule, refused));

const within = (rule: CodeFormRule, outer: CodeFormRule): boolean =>
  rule.characters === outer.characters &&
  rule.minLength >= outer.minLength &&
  rule.maxLength <= outer.maxLength &&
  rule.from.length >= outer.from.length &&
  rule.from.slice(0, outer.from.length) >= outer.from &&
  rule.to.slice(0, outer.to.length) <= outer.to;

export interface FormsOf {
  readonly id: string;
  readonly forms: readonly CodeFormRule[];
}

/** The first two that claim a common text. */
export function rivals<T extends FormsOf>(resolvers: readonly T[]): readonly [T, T] | undefined {
  for (const [index, one] of resolvers.entries()) {
    for (const other of resolvers.slice(index + 1)) {
      if (one.forms.some((rule) => other.forms.some((rival) => overlap(rule, rival)))) return [one, other];
    }
  }
  return undefined;
}
