// SPDX-License-Identifier: Apache-2.0
// Phones of a person as the card office uses them: a process against a gateway whose services are made up.
import type { MyPhone } from '@latchkey/protocols/api/me';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiServices } from '../../http/services.ts';
import { latchkey, type PretendGateway, pretendGateway } from './pretend-gateway.test-support.ts';

const ENROLLED = '2026-11-23T08:00:00.000Z';
const PHONE: MyPhone = {
  id: '7',
  name: '旧手机',
  algorithm: 'ES256',
  state: 'active',
  enrolledAt: ENROLLED,
  endedAt: null,
};
const calls: unknown[] = [];
const services = {
  own: {
    phones: {
      list: async (number: string) =>
        number === '2026000001'
          ? { ok: true, value: { items: [PHONE], allowed: 2 } }
          : { ok: false, code: 'not-found' },
      withdraw: async (number: string, id: string, actor: string) => {
        calls.push({ number, id, actor });
        return id === '7' ? { ok: true, value: { changed: true } } : { ok: false, code: 'not-found' };
      },
    },
  },
} as unknown as Partial<ApiServices>;

let gateway: PretendGateway;
beforeAll(async () => {
  gateway = await pretendGateway(services);
});
afterAll(() => gateway.close());
const run = (...words: string[]) => latchkey(['person', ...words, '--gateway', gateway.url, '--data', gateway.dir]);

it('shows the phones of a person and stops one of them, by whoever asked', async () => {
  const shown = await run('phones', '2026000001');
  expect([shown.code, shown.stdout]).toEqual([
    0,
    expect.stringMatching(new RegExp(`^7 +旧手机 +active +${ENROLLED} +–$`, 'm')),
  ]);
  const stopped = await run('stop-phone', '2026000001', '7');
  expect([stopped.code, stopped.stdout]).toEqual([0, 'phone 7 of 2026000001 is refused everywhere from now on\n']);
  expect(calls).toEqual([{ number: '2026000001', id: '7', actor: expect.not.stringMatching('2026000001') }]);
});

it('ends with 1 where there is no such person or phone', async () => {
  for (const words of [
    ['phones', '2026000002'],
    ['stop-phone', '2026000001', '8'],
  ])
    expect(await run(...words)).toMatchObject({ code: 1, stdout: '' });
});
