// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createCloseStack } from './close-stack.ts';
import { keepServerCertificate } from './renew-server.ts';

const DAY_MS = 86_400_000;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('is looked at every day, put to use wherever it is shown, and tried again after a fault', async () => {
  const stack = createCloseStack(() => undefined);
  const renewed = { cert: 'new', key: 'new' };
  const renewServer = vi
    .fn()
    .mockResolvedValueOnce(undefined)
    .mockRejectedValueOnce(new Error('ENOSPC'))
    .mockResolvedValue(renewed);
  const uses = [vi.fn(), vi.fn()];
  const error = vi.fn();
  const log = { info: vi.fn(), error } as never;
  keepServerCertificate({ authority: { renewServer }, uses, stack, log });
  await vi.advanceTimersByTimeAsync(2 * DAY_MS);
  expect(uses.map((use) => use.mock.calls)).toEqual([[], []]);
  expect(error).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(uses.map((use) => use.mock.calls)).toEqual([[[renewed]], [[renewed]]]);
  await stack.close();
  await vi.advanceTimersByTimeAsync(5 * DAY_MS);
  expect(renewServer).toHaveBeenCalledTimes(3);
});
