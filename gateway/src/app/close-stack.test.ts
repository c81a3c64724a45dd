// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { createCloseStack } from './close-stack.ts';

it('closes last first, each once, whatever fails in between', async () => {
  const closed: string[] = [];
  const failed: string[] = [];
  const stack = createCloseStack((name) => failed.push(name));
  stack.add('database', () => void closed.push('database'));
  stack.add('broker', async () => Promise.reject(new Error('stuck')));
  stack.add('server', async () => void closed.push('server'));
  await Promise.all([stack.close(), stack.close()]);
  expect(closed).toEqual(['server', 'database']);
  expect(failed).toEqual(['broker']);
});
