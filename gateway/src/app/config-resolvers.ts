// SPDX-License-Identifier: Apache-2.0
// Configuration of resolvers: the systems behind the codes of other apps (gateway/README.md, Codes of other apps).
import { z } from 'zod';
import { JSON_POINTER } from '../core/json-pointer.ts';
import { CHARACTERS, type Characters, type CodeFormRule, neverAsked, rivals } from '../core/resolver-forms.ts';

const beginning = z.string().regex(/^[\x20-\x7e]{1,64}$/, 'use 1 to 64 printable characters');
const length = z.int('use a whole number').min(4, 'use at least 4').max(512, 'use at most 512');
const range = <T extends z.ZodType>(one: T) => z.strictObject({ from: one, to: one });
const characters = Object.keys(CHARACTERS) as [Characters, ...Characters[]];

const form = z
  .strictObject({
    prefix: z.union([beginning, range(beginning)], 'give a beginning, such as "13", or {"from": "10", "to": "15"}'),
    length: z.union([length, range(length)], 'give a length, such as 18, or {"from": 16, "to": 24}'),
    characters: z.enum(characters, `use one of ${characters.join(', ')}`).default('digits'),
  })
  .transform(({ prefix, length: long, characters: of }): CodeFormRule => {
    const { from, to } = typeof prefix === 'string' ? { from: prefix, to: prefix } : prefix;
    const { from: minLength, to: maxLength } = typeof long === 'number' ? { from: long, to: long } : long;
    return { from, to, minLength, maxLength, characters: of };
  })
  .superRefine((rule, context) => {
    const fault = faultOf(rule);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

function faultOf(rule: CodeFormRule): string | undefined {
  if (rule.from.length !== rule.to.length || rule.from > rule.to)
    return 'prefix: give beginnings of one length, the lower one first';
  if (rule.minLength > rule.maxLength) return 'length: give the shorter one first';
  if (rule.from.length > rule.minLength) return 'prefix: it is longer than the code';
  const alphabet = CHARACTERS[rule.characters];
  if (!alphabet.test(rule.from) || !alphabet.test(rule.to)) return `prefix: it is not of ${rule.characters}`;
  if (neverAsked(rule))
    return 'gates refuse codes of Alipay (25–30, 16–24 digits) and UnionPay (62, 19 digits) unasked';
  return undefined;
}

const pointer = z.string().regex(JSON_POINTER, 'use a JSON pointer, such as /data/studentNo');
const plain = z.union([z.string().max(500), z.number(), z.boolean()]);
const OWN_HEADERS = /^(?:latchkey-.*|host|content-type|content-length|transfer-encoding|connection)$/i;

function faultOfHeader(name: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name)) return 'use the name of an HTTP header';
  return OWN_HEADERS.test(name) ? 'this header is set by the gateway; leave it out' : undefined;
}

export const resolverConfig = z.strictObject({
  id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'use 1 to 40 of a-z, 0-9 and "-"'),
  name: z.string().min(1, 'give the name of the app').max(60, 'use at most 60 characters'),
  forms: z.array(form).min(1, 'say which codes it owns').max(20, 'use at most 20 forms'),
  url: z
    .string()
    .refine(isSafeUrl, 'use an https:// address (http:// only on this machine), without user and password'),
  method: z.enum(['POST', 'PUT'], 'use POST or PUT: a code never travels in an address').default('POST'),
  secretFile: z.string().min(1, 'name the file with the shared secret'),
  caFile: z.string().min(1, 'name a file with certificates, PEM').optional(),
  timeoutMs: z
    .int('use a whole number')
    .min(50, 'use 50 to 700 milliseconds')
    .max(700, 'use at most 700 milliseconds: the gate waits 800')
    .default(500),
  headers: z
    .record(z.string(), z.string().regex(/^[\x20-\x7e]{0,500}$/, 'use at most 500 printable characters'))
    .superRefine((headers, context) => {
      for (const name of Object.keys(headers)) {
        const message = faultOfHeader(name);
        if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
      }
    })
    .default({}),
  request: z
    .strictObject({
      codeField: z.string().min(1, 'name the field').max(60, 'use at most 60 characters').default('code'),
      fields: z.record(z.string().max(60), plain).default({}),
    })
    .prefault({}),
  answer: z.strictObject({
    ok: z.strictObject({ pointer, value: plain }),
    subject: pointer.describe('where the student number is'),
  }),
  breaker: z
    .strictObject({
      failures: z.int('use a whole number').min(1, 'use 1 to 100').max(100, 'use 1 to 100').default(5),
      openSeconds: z.number('use a number').min(1, 'use 1 to 600 seconds').max(600, 'use 1 to 600 seconds').default(10),
    })
    .prefault({}),
});
export type ResolverConfig = z.infer<typeof resolverConfig>;

export const resolverConfigs = z
  .array(resolverConfig)
  .max(20, 'use at most 20 resolvers')
  .superRefine((resolvers, context) => {
    const twice = resolvers.findIndex(({ id }, at) => resolvers.findIndex((each) => each.id === id) !== at);
    if (twice >= 0)
      context.addIssue({
        code: 'custom',
        path: [twice, 'id'],
        message: 'another resolver has this id; give it its own',
      });
    const [one, other] = rivals(resolvers) ?? [];
    if (one !== undefined && other !== undefined) {
      const path = [resolvers.indexOf(other), 'forms'];
      const message = `some codes are of ${one.id} as well; tell them apart by prefix or length`;
      context.addIssue({ code: 'custom', path, message });
    }
  })
  .default([]);

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}
