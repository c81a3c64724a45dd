// SPDX-License-Identifier: Apache-2.0
// The real server over real TLS with made-up services, and the real CLI as a child process against it.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CertificateAuthority, openAuthority } from '../../adapters/ca.ts';
import { createServer } from '../../http/server.ts';
import type { ApiServices } from '../../http/services.ts';
import { createLogger } from '../logger.ts';

export const TOKEN = 'lka_pretend';

export interface PretendGateway {
  readonly url: string;
  readonly dir: string;
  close(): Promise<void>;
}

export async function pretendGateway(services: Partial<ApiServices>): Promise<PretendGateway> {
  const dir = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
  const authority = await makeAuthority(join(dir, 'ca'));
  await writeFile(join(dir, 'admin-token'), `${TOKEN}\n`);
  const app = await createServer({
    // What a test leaves out exists, so that routes can be described, and cannot be called.
    services: new Proxy(services, { get: (given, name) => Reflect.get(given, name) ?? {} }) as ApiServices,
    token: { accepts: (token) => token === TOKEN },
    logger: createLogger('silent'),
    version: '0',
    monotonicMs: () => performance.now(),
    tls: authority.server,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url: `https://localhost:${(app.server.address() as AddressInfo).port}`,
    dir,
    async close() {
      await app.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** A certificate authority as a gateway makes it, with its files in `directory`. */
export const makeAuthority = (directory: string): Promise<CertificateAuthority> =>
  openAuthority({ directory, names: [], nowMs: () => Date.now(), randomBytes });

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The CLI as a person runs it: a process of its own, nothing inherited that would point it elsewhere. */
export function latchkey(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  const args = ['--import', 'tsx', '--conditions=latchkey-source', join(root, 'latchkey.ts'), ...words];
  const options = { cwd: root, env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 30_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}
