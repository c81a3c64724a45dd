// SPDX-License-Identifier: Apache-2.0
// Which origins are the gateway's own, and which of them it sends people to.
import { expect, it } from 'vitest';
import { type GatewayConfigInput, gatewayConfig } from './config.ts';
import { originsOf } from './serve-http.ts';

const of = (config: GatewayConfigInput, httpPort?: number) =>
  originsOf(gatewayConfig.parse(config), { httpsPort: 8443, httpPort });

it('one that is configured is the only one', () => {
  const web = { origin: 'https://pass.campus.example', http: {} };
  expect(of({ web }, 8080)).toEqual({ primary: web.origin, all: [web.origin] });
});

it('a trial is opened without TLS', () => {
  const { primary, all } = of({ web: { http: {} } }, 8080);
  expect(primary).toBe('http://localhost:8080');
  expect(all).toContain('http://127.0.0.1:8080');
  expect(all).toContain('https://localhost:8443');
  expect(all).toContain('https://[::1]:8443');
});

it("otherwise the gateway's first name is what people are sent to", () => {
  const names = ['gateway.campus.example', '10.8.0.10'];
  expect(of({ names }).primary).toBe('https://gateway.campus.example:8443');
  expect(of({ names, web: { http: {} } }, 8080).primary).toBe('https://gateway.campus.example:8443');
  expect(originsOf(gatewayConfig.parse({ names }), { httpsPort: 443, httpPort: undefined }).primary).toBe(
    'https://gateway.campus.example',
  );
});
