// SPDX-License-Identifier: Apache-2.0
// Mistakes in the configuration of resolvers are named by field, with what to write instead.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const good = {
  id: 'e-code',
  name: 'E码通',
  forms: [{ prefix: 'EMT', length: 27, characters: 'letters-and-digits' }],
  url: 'https://ecode.example/identify',
  secretFile: '/etc/latchkey/e-code',
  answer: { ok: { pointer: '/code', value: 0 }, subject: '/result/card_number' },
};
const load = async (resolvers: unknown) => loadConfig({ environment: {}, flags: { resolvers } });
const complaint = async (...resolvers: unknown[]) => {
  const result = await load(resolvers);
  return result.ok ? 'taken' : (result.detail ?? '');
};

it('takes forms as beginnings and ranges, and fills in the rest', async () => {
  const result = await load([{ ...good, forms: [{ prefix: { from: '10', to: '15' }, length: { from: 16, to: 18 } }] }]);
  expect(result).toMatchObject({
    ok: true,
    value: {
      resolvers: [
        {
          forms: [{ from: '10', to: '15', minLength: 16, maxLength: 18, characters: 'digits' }],
          method: 'POST',
          timeoutMs: 500,
          request: { codeField: 'code', fields: {} },
          breaker: { failures: 5, openSeconds: 10 },
        },
      ],
    },
  });
});

it.each([
  [{ url: 'http://ecode.example/identify' }, /resolvers\.0\.url.*https/],
  [{ url: 'https://user:pass@ecode.example/' }, /resolvers\.0\.url/],
  [{ timeoutMs: 800 }, /timeoutMs.*at most 700/],
  [{ method: 'GET' }, /method.*never travels in an address/],
  [{ headers: { Host: 'x' } }, /headers\.Host.*set by the gateway/],
  [{ forms: [] }, /forms.*which codes/],
  [{ forms: [{ prefix: 'AB', length: 10 }] }, /forms\.0.*not of digits/],
  [{ forms: [{ prefix: { from: '15', to: '10' }, length: 18 }] }, /prefix.*lower one first/],
  [{ forms: [{ prefix: '28', length: 18 }] }, /forms\.0.*Alipay/],
  [{ answer: { ok: { pointer: 'code', value: 0 }, subject: '/x' } }, /answer\.ok\.pointer.*JSON pointer/],
  [{ secret: 'in the file itself' }, /secret/],
])('refuses %j', async (over, expected) => {
  expect(await complaint({ ...good, ...over })).toMatch(expected);
});

it('refuses two that claim the same codes, and two of one id', async () => {
  const rival = {
    ...good,
    id: 'other',
    forms: [{ prefix: 'E', length: { from: 20, to: 30 }, characters: 'printable' }],
  };
  expect(await complaint(good, rival)).toMatch(/resolvers\.1\.forms.*of e-code as well/);
  expect(await complaint(good, { ...rival, id: 'e-code', forms: [{ prefix: '7', length: 9 }] })).toMatch(
    /resolvers\.1\.id/,
  );
});

it('takes an address without TLS on this machine only', async () => {
  for (const url of ['http://127.0.0.1:9000/x', 'http://localhost/x', 'http://[::1]:9/x'])
    expect(await complaint({ ...good, url })).toBe('taken');
  for (const url of ['http://127.0.0.1.example/x', 'http://localhost.example/x', 'ftp://127.0.0.1/x'])
    expect(await complaint({ ...good, url })).toMatch(/url/);
});

it('takes the example of the README', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const example = /```json\n(\{\s*"resolvers"[\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const { resolvers } = JSON.parse(example) as { resolvers: unknown };
  expect(await load(resolvers)).toMatchObject({
    ok: true,
    value: { resolvers: [{ id: 'campus-pay' }, { id: 'e-code' }] },
  });
});
