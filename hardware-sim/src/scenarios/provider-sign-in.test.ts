// SPDX-License-Identifier: Apache-2.0
// Signing in at the campus's identity provider as a student does: Chromium, a whole gateway, a provider in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createApiClient } from '@latchkey/gateway/app/commands/api-client';
import { gatewayConfig } from '@latchkey/gateway/app/config';
import { type RunningGateway, startGateway } from '@latchkey/gateway/app/start-gateway';
import { changed } from '@latchkey/protocols/api/common';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingForBrowser, startBrowser } from '../browser.test-support.ts';
import { freePorts } from '../free-ports.ts';
import { codeShown, enrol, visit } from '../pass/pass-browser.test-support.ts';
import { requirement } from '../requirements.ts';

const chromium = requirement('chromium', missingForBrowser);
const NUMBER = '2026000001';

async function startProvider(origin: string): Promise<{ process: ChildProcess; issuer: string }> {
  const path = fileURLToPath(import.meta.resolve('@latchkey/gateway/app/sign-in/oidc-provider.test-support'));
  const child = spawn(process.execPath, ['--import', 'tsx', path, origin], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) return { process: child, issuer: line };
  throw new Error('the identity provider did not start');
}

describe.skipIf(!chromium.available)('a student of a campus with an identity provider', { timeout: 60_000 }, () => {
  const cleanups: (() => unknown)[] = [];
  let gateway: RunningGateway;
  let browser: Browser;
  let issuer: string;

  beforeAll(async () => {
    const root = mkdtempSync(join(tmpdir(), 'lk-provider-'));
    cleanups.push(() => rmSync(root, { recursive: true }));
    const port = await freePorts(1);
    const origin = `http://localhost:${port}`;
    const provider = await startProvider(origin);
    cleanups.push(() => provider.process.kill());
    ({ issuer } = provider);
    writeFileSync(join(root, 'secret'), 'a secret of the test', { mode: 0o600 });
    const config = gatewayConfig.parse({
      dataDir: join(root, 'data'),
      https: { port: 0 },
      mqtt: { port: 0 },
      web: { http: { port }, origin },
      demoKeys: true,
      logLevel: 'silent',
      oidc: { issuer, clientId: 'latchkey', clientSecretFile: join(root, 'secret'), numberClaim: 'attributes.XH' },
    });
    gateway = await startGateway(config, {});
    cleanups.push(() => gateway.close());
    const client = createApiClient({
      url: new URL(gateway.url),
      ca: readFileSync(gateway.caFile, 'utf8'),
      token: readFileSync(gateway.adminTokenFile, 'utf8').trim(),
      language: 'en',
    });
    cleanups.push(() => client.close());
    // A place that takes codes and where the student has a right: without one the pass shows none.
    const level = { name: '住宿', groups: ['dorm'], portals: ['gate'], schedule: 'always' };
    for (const [path, body] of Object.entries({
      '/v1/scopes/7': { name: '3 号楼' },
      '/v1/portals/gate': { name: '大门', scope: 7 },
      '/v1/groups/dorm': { name: '3 号楼' },
      '/v1/levels/dorm': level,
      [`/v1/people/${NUMBER}`]: { name: '王小明', groups: ['dorm'] },
    }))
      await client.call({ method: 'PUT', path, body, answer: changed });
    browser = await startBrowser();
    cleanups.push(() => browser.close());
  }, 60_000);
  afterAll(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** At the gateway's page, then at the provider's two. */
  async function signInAs(login: string) {
    const visitor = await visit(browser, `${gateway.httpUrl}`);
    const { page } = visitor;
    await page.goto(visitor.url);
    await page.getByRole('link', { name: '统一身份认证' }).click();
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.getByRole('button', { name: 'Continue' }).click();
    return visitor;
  }

  it('goes there and comes back signed in, enrols the phone, and signs out at both', async () => {
    const { page, context, faults, url } = await signInAs('wang');
    await enrol(page, '我的手机');
    await codeShown(page);
    expect(page.url()).toBe(`${url}/pass/`);
    await page.goto(`${url}/pass/me`);
    await page.getByText(NUMBER).waitFor();
    await page.getByRole('button', { name: '退出登录' }).click();
    await page.waitForURL(`${issuer}/**`);
    // The provider's pages ask for what they like.
    expect(faults.filter((fault) => !fault.startsWith('request to '))).toEqual([]);
    await context.close();
  });

  it('whom the registry does not know is told so, in the language of the browser', async () => {
    const { page, context } = await signInAs('stranger');
    await page.getByRole('heading').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(page.url()).toContain('/v1/sign-in/oidc/callback');
    await page.goto(`${gateway.httpUrl}/pass/me`);
    await page.getByRole('link', { name: '统一身份认证' }).waitFor();
    await context.close();
  });
});
