// SPDX-License-Identifier: Apache-2.0
// An identity provider as a process of its own, for tests: oidc-provider with the claims a campus's CAS sends. Arguments: the
// origin it redirects to. Prints its issuer.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

/** Login at the provider → number in the access system. */
const PEOPLE: Readonly<Record<string, string>> = { wang: '2026000001', stranger: '1999000000' };
const CODE_SECONDS = 4;

const [origin = ''] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'latchkey',
        client_secret: 'a secret of the test',
        redirect_uris: [`${origin}/v1/sign-in/oidc/callback`],
        post_logout_redirect_uris: [`${origin}/pass/`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'attributes'] },
    pkce: { required: () => true },
    ttl: { AuthorizationCode: CODE_SECONDS, AccessToken: 60, IdToken: 60, Interaction: 60, Session: 60, Grant: 60 },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, name: id, attributes: { XH: [PEOPLE[id] ?? ''] } }),
    }),
  });
  server.on('request', (request, response) => void provider.callback()(request, response));
  process.stdout.write(`${issuer}\n`);
});
