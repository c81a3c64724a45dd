// SPDX-License-Identifier: Apache-2.0
// Configuration: later sources win, and every error names the field, its origin and the fix.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const dir = mkdtempSync(join(tmpdir(), 'latchkey-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function fileWith(text: string): string {
  const path = join(dir, 'gateway.json');
  writeFileSync(path, text);
  return path;
}
const load = (sources: Partial<Parameters<typeof loadConfig>[0]>) =>
  loadConfig({ environment: {}, flags: {}, ...sources });

describe('the configuration', () => {
  it('listens on loopback, and asks for a root ceremony, unless told otherwise', async () => {
    const config = await load({});
    expect(config).toMatchObject({
      ok: true,
      value: { https: { host: '127.0.0.1', port: 8443 }, mqtt: { host: '127.0.0.1', port: 8883 }, demoKeys: false },
    });
  });

  it('takes flags over variables over the file', async () => {
    const file = fileWith('{"site": "from-file", "https": {"port": 1}, "mqtt": {"port": 2, "host": "0.0.0.0"}}');
    const environment = { LATCHKEY_HTTPS_PORT: '3', LATCHKEY_MQTT_PORT: '4', LATCHKEY_NAMES: 'a.example, b.example' };
    const config = await load({ file, environment, flags: { mqtt: { host: undefined, port: 5 }, names: undefined } });
    expect(config).toMatchObject({
      ok: true,
      value: {
        site: 'from-file',
        https: { host: '127.0.0.1', port: 3 },
        mqtt: { host: '0.0.0.0', port: 5 },
        names: ['a.example', 'b.example'],
      },
    });
  });

  it('takes plain HTTP on loopback, an origin and proxies from variables', async () => {
    const environment = {
      LATCHKEY_HTTP_PORT: '8081',
      LATCHKEY_WEB_ORIGIN: 'https://pass.campus.example',
      LATCHKEY_TRUSTED_PROXIES: '127.0.0.1, 10.8.0.0/24',
    };
    const web = {
      http: { host: '127.0.0.1', port: 8081 },
      origin: 'https://pass.campus.example',
      trustedProxies: ['127.0.0.1', '10.8.0.0/24'],
    };
    expect(await load({ environment })).toMatchObject({ ok: true, value: { web } });
    const file = fileWith('{"web": {"http": {}}, "oidc": {"issuer": "http://127.0.0.1:3000", "clientId": "x"}}');
    expect(await load({ file })).toMatchObject({
      ok: true,
      value: { web: { http: { host: '127.0.0.1', port: 8080 } }, oidc: { scopes: ['openid', 'profile'] } },
    });
  });

  it('reads a file saved with a byte order mark', async () => {
    expect(await load({ file: fileWith('\uFEFF{"site": "a"}') })).toMatchObject({ ok: true, value: { site: 'a' } });
  });
});

describe('a wrong configuration', () => {
  it.each([
    ['{"https": {"port": 99999}}', {}, {}, /^https\.port \(.*gateway\.json\): use a port from 0 to 65535$/],
    ['{}', { LATCHKEY_MQTT_PORT: 'x' }, {}, /^mqtt\.port \(LATCHKEY_MQTT_PORT\): use a whole number$/],
    ['{}', {}, { site: 'Not A Slug' }, /^site \(flag\): use 1 to 40 of a-z, 0-9 and "-"$/],
    ['{"campusId": "1"}', {}, {}, /^campusId .*: use 16 hex digits/],
    ['{"timeZone": "Mars/Base"}', {}, {}, /^timeZone .*: use an IANA zone/],
    ['{"htps": {}}', {}, {}, /^htps .*: no such field; fields: dataDir/],
    ['{"names": []}', {}, {}, /^names .*: name the gateway at least once/],
    ['{"names": ["https://x"]}', {}, {}, /^names\.0 .*: give a host name or an IP address/],
    [
      '{"web": {"http": {"host": "0.0.0.0"}}}',
      {},
      {},
      /^web\.http\.host .*: plain HTTP is for this machine only: use 127/,
    ],
    ['{"web": {"http": {"host": "10.0.0.1"}}}', {}, {}, /^web\.http\.host .*: plain HTTP is for this machine only/],
    ['{"web": {"origin": "https://pass.example/"}}', {}, {}, /^web\.origin .*without a path: https:\/\/pass\.campus/],
    ['{"web": {"origin": "http://pass.example"}}', {}, {}, /^web\.origin /],
    ['{}', { LATCHKEY_TRUSTED_PROXIES: '10.0.0.0/33' }, {}, /^web\.trustedProxies\.0 .*: give addresses or networks/],
    ['{"oidc": {"issuer": "http://id.example", "clientId": "x"}}', {}, {}, /^oidc\.issuer .*: give the https address/],
    ['{"oidc": {"issuer": "https://id.example"}}', {}, {}, /^oidc\.clientId /],
    ['{"signIn": {"staffHours": 0}}', {}, {}, /^signIn\.staffHours .*: use hours above 0/],
    ['{}', { LATCHKEY_DEMO_KEYS: 'perhaps' }, {}, /^demoKeys \(LATCHKEY_DEMO_KEYS\): use true or false$/],
  ])('%s %j %j is refused by field and fix', async (text, environment, flags, message) => {
    const config = await load({ file: fileWith(text), environment, flags });
    expect(config.ok).toBe(false);
    expect(config.ok ? '' : config.detail).toMatch(message);
  });

  it('file that is missing, or no JSON object, is named', async () => {
    expect(await load({ file: join(dir, 'none.json') })).toMatchObject({ code: 'config-unreadable' });
    expect(await load({ file: fileWith('{') })).toMatchObject({ code: 'config-not-json' });
    expect(await load({ file: fileWith('[]') })).toMatchObject({ code: 'config-not-json' });
  });
});
