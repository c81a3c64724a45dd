// SPDX-License-Identifier: Apache-2.0
// Whoever logs what, secrets and numbers stay out.
import { expect, it } from 'vitest';
import { createLogger, scrub } from './logger.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(createLogger('debug', { write: (line) => void lines.push(line) }));
  return lines.join('');
}

it('fields that could hold a secret are cut out, at the top and below', () => {
  const text = logged((log) => {
    log.info({ token: 'lka_x', device: 'gate-1', request: { authorization: 'Bearer y' } }, 'message');
    log.info({ a: { b: { name: 'Wang', card: '04A1' } } }, 'message');
  });
  for (const secret of ['lka_x', 'Bearer', 'Wang', '04A1']) expect(text).not.toContain(secret);
  expect(text).toContain('gate-1');
});

it('errors keep their type and place, not the numbers they quote', () => {
  const text = logged((log) => log.error({ err: new RangeError('card 0004123456 of 2026000001') }, 'message'));
  expect(text).toContain('RangeError');
  expect(text).toContain('logger.test');
  expect(text).not.toMatch(/0004123456|2026000001/);
});

it.each([
  ['card 04A1B2C3D4E580', 'card [number]'],
  ['person 2026000001 refused', 'person [number] refused'],
  ['listens on port 8443 for 3000 ms', 'listens on port 8443 for 3000 ms'],
  ['device gate-1 has 65 events', 'device gate-1 has 65 events'],
  ['decoded a facade', 'decoded a facade'],
])('%s is logged as %s', (text, clean) => {
  expect(scrub(text)).toBe(clean);
});
