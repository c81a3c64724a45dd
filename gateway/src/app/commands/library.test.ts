// SPDX-License-Identifier: Apache-2.0
// latchkey library as librarians use it: a process against a gateway whose services are made up.
import type { BorrowerBody } from '@latchkey/protocols/api/library';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ApiServices } from '../../http/services.ts';
import { latchkey, type PretendGateway, pretendGateway } from './pretend-gateway.test-support.ts';

const written: unknown[] = [];
const write = async (id: string, body: object) => {
  written.push({ id, ...body });
  return { ok: true, value: { changed: true } } as const;
};
const services = {
  loanRules: { list: async () => [{ id: 'students', limit: 10, days: 30 }], get: async () => undefined, put: write },
  borrowers: {
    get: async (id: string): Promise<({ id: string } & BorrowerBody) | undefined> =>
      id === '2026000001' ? { id, patron: 'R77', blocked: false, reason: '' } : undefined,
    put: write,
  },
} as unknown as Partial<ApiServices>;

let gateway: PretendGateway;
beforeAll(async () => {
  gateway = await pretendGateway(services);
});
beforeEach(() => {
  written.length = 0;
});
afterAll(() => gateway.close());

const run = (...words: string[]) => latchkey(['library', ...words, '--gateway', gateway.url, '--data', gateway.dir]);

it('shows rules and writes one whole', async () => {
  expect((await run('rules')).stdout).toMatch(/^students +10 +30$/m);
  expect((await run('rule', 'students', '--limit', '5', '--days', '14')).stdout).toBe(
    'students borrows 5 for 14 days\n',
  );
  expect(written).toEqual([{ id: 'students', limit: 5, days: 14 }]);
  expect((await run('rule', 'students', '--limit', '5')).code).toBe(2);
  expect((await run('rule', 'students', '--limit', '-1', '--days', '3')).code).toBe(2);
});

it('changes one thing of a borrower and leaves the others', async () => {
  await run('block', '2026000001', '--reason', 'three lost books');
  await run('patron', '2026000002', 'R88');
  expect(written).toEqual([
    { id: '2026000001', patron: 'R77', blocked: true, reason: 'three lost books' },
    { id: '2026000002', patron: 'R88', blocked: false, reason: '' },
  ]);
  expect((await run('block', '../x', '--reason', 'none')).code).toBe(2);
});
