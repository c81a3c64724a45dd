// SPDX-License-Identifier: Apache-2.0
// The gateway's HTTP resolvers against the systems of both apps, well and ill.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolverConfigs } from '@latchkey/gateway/app/config-resolvers';
import { createMetrics, type Metrics } from '@latchkey/gateway/app/metrics';
import { openResolvers } from '@latchkey/gateway/app/open-resolvers';
import type { Resolvers } from '@latchkey/gateway/app/resolvers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { APP_FAULTS, type AppFault, CODE_APPS, CodeApps } from './code-apps.ts';

const SECRETS = { 'campus-pay': randomBytes(24).toString('hex'), 'e-code': randomBytes(24).toString('hex') };
const WITHIN_MS = 600;
const FAULTS = APP_FAULTS.filter(
  (fault): fault is Exclude<AppFault, 'none' | 'slow'> => !['none', 'slow'].includes(fault),
);
let directory: string;
let apps: CodeApps;
let resolvers: Resolvers;
let metrics: Metrics;
const logged: unknown[] = [];
const log = (...line: unknown[]) => void logged.push(line);

/** The example of gateway/README.md, with this server's addresses. */
const configOf = (campusPay: string, eCode: string) => [
  {
    id: 'campus-pay',
    name: '今日校园',
    forms: [{ prefix: '88', length: 18 }],
    url: campusPay,
    secretFile: join(directory, 'campus-pay'),
    timeoutMs: 200,
    request: { codeField: 'payCode', fields: { appId: 'gate' } },
    answer: { ok: { pointer: '/errCode', value: '0' }, subject: '/data/userNo' },
    breaker: { failures: 3, openSeconds: 1 },
  },
  {
    id: 'e-code',
    name: '微信 E码通',
    forms: [{ prefix: 'EMT', length: 27, characters: 'letters-and-digits' }],
    url: eCode,
    secretFile: join(directory, 'e-code'),
    timeoutMs: 200,
    request: { codeField: 'ecode' },
    answer: { ok: { pointer: '/code', value: 0 }, subject: '/result/card_number' },
  },
];

async function openWith(configs: readonly unknown[]): Promise<Resolvers> {
  metrics = createMetrics();
  const sink = { debug: log, info: log, warn: log, error: log };
  return openResolvers(resolverConfigs.parse(configs), metrics, sink);
}

beforeEach(async () => {
  logged.length = 0;
  directory = await mkdtemp(join(tmpdir(), 'latchkey-apps-'));
  for (const app of CODE_APPS) await writeFile(join(directory, app), `${SECRETS[app]}\n`, { mode: 0o600 });
  apps = await CodeApps.start({ secrets: SECRETS, slowMs: 100 });
  resolvers = await openWith(configOf(apps.addressOf('campus-pay'), apps.addressOf('e-code')));
});
afterEach(async () => {
  resolvers.close();
  metrics.close();
  await apps.close();
  await rm(directory, { recursive: true });
});

const ask = (text: string) => resolvers.resolve(text, WITHIN_MS);

describe.each(CODE_APPS)('a code of %s', (app) => {
  it('names its person, once', async () => {
    const code = apps.show(app, '2026000001');
    expect(await ask(code)).toEqual({ outcome: 'known', person: '2026000001' });
    expect(await ask(code)).toEqual({ outcome: 'unknown' });
    expect(apps.asked[app]).toBe(2);
  });

  it('is waited for while the system is slow, and no longer than the gate has time', async () => {
    apps.faults[app] = 'slow';
    expect(await ask(apps.show(app, 'S1'))).toEqual({ outcome: 'known', person: 'S1' });
    const startMs = performance.now();
    expect(await resolvers.resolve(apps.show(app, 'S1'), 30)).toEqual({ outcome: 'failed', cause: 'timeout' });
    expect(performance.now() - startMs).toBeLessThan(100);
  });

  it.each(FAULTS)('of a system with the fault %s names nobody and hangs nobody', async (fault) => {
    apps.faults[app] = fault;
    const startMs = performance.now();
    expect(await ask(apps.show(app, 'S1'))).toMatchObject({ outcome: 'failed' });
    expect(performance.now() - startMs).toBeLessThan(WITHIN_MS);
    apps.faults[app] = 'none';
    expect(await ask(apps.show(app, 'S1'))).toEqual({ outcome: 'known', person: 'S1' });
  });
});

it('goes to the system that owns its form and to no other', async () => {
  expect(await ask('6222020000000000001')).toEqual({ outcome: 'unowned' });
  expect(await ask(`88${'0'.repeat(17)}`)).toEqual({ outcome: 'unowned' });
  expect(await ask(`emt${'0'.repeat(24)}`)).toEqual({ outcome: 'unowned' });
  expect(apps.asked).toEqual({ 'campus-pay': 0, 'e-code': 0 });
  await ask(apps.show('campus-pay', 'S1'));
  expect(apps.asked).toEqual({ 'campus-pay': 1, 'e-code': 0 });
});

it('signs: with another secret, or another key id, the system refuses', async () => {
  await writeFile(join(directory, 'e-code'), 'x'.repeat(40));
  resolvers.close();
  resolvers = await openWith(configOf(apps.addressOf('e-code'), apps.addressOf('e-code')));
  expect(await ask(apps.show('e-code', 'S1'))).toEqual({ outcome: 'failed', cause: 'refused' });
  expect(await ask(apps.show('campus-pay', 'S1'))).toEqual({ outcome: 'failed', cause: 'refused' });
  expect(apps.asked).toEqual({ 'campus-pay': 0, 'e-code': 0 });
});

it('spares a system that fails again and again, asks once after a while, and counts all of it', async () => {
  apps.faults['campus-pay'] = 'error';
  for (let times = 0; times < 5; times += 1) await ask(apps.show('campus-pay', 'S1'));
  expect(apps.asked['campus-pay']).toBe(3);
  expect(resolvers.open()).toBe(1);
  expect(await ask(apps.show('e-code', 'S1'))).toMatchObject({ outcome: 'known' });
  apps.faults['campus-pay'] = 'none';
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  expect(await ask(apps.show('campus-pay', 'S1'))).toEqual({ outcome: 'known', person: 'S1' });
  expect(resolvers.open()).toBe(0);
  const { text } = await metrics.render();
  expect(text).toContain('latchkey_resolver_calls_total{resolver="campus-pay",outcome="refused"} 3');
  expect(text).toContain('latchkey_resolver_calls_total{resolver="campus-pay",outcome="spared"} 2');
  expect(text).toContain('latchkey_resolvers_spared 0');
});

it('never logs a code, a person or what a system said', async () => {
  for (const fault of APP_FAULTS) {
    apps.faults['campus-pay'] = fault;
    await ask(apps.show('campus-pay', '2026000001'));
  }
  expect(logged.length).toBeGreaterThan(0);
  expect(JSON.stringify(logged)).not.toMatch(/88\d{16}|2026000001|系统繁忙|http/);
});

describe('a secret', () => {
  it('that others may read, that is short or missing keeps the gateway from starting', async () => {
    const path = join(directory, 'open');
    const [first, second] = configOf(apps.addressOf('campus-pay'), apps.addressOf('e-code'));
    const withSecret = (secretFile: string) => openWith([{ ...first, secretFile }, second]);
    await writeFile(path, SECRETS['e-code'], { mode: 0o644 });
    await expect(withSecret(path)).rejects.toThrow(/resolver campus-pay: others may read/);
    await writeFile(join(directory, 'short'), 'abc', { mode: 0o600 });
    await expect(withSecret(join(directory, 'short'))).rejects.toThrow(/is short/);
    await expect(withSecret(join(directory, 'missing'))).rejects.toThrow(/secretFile .* \(ENOENT\)/);
  });
});
