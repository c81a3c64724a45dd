// SPDX-License-Identifier: Apache-2.0
// Where a bench of simulated hardware listens: a Unix socket or a loopback port. Nothing else: whoever speaks to it opens doors.
import { err, ok, type Result } from '@latchkey/protocols/result';

export type BenchAddress = { readonly path: string } | { readonly host: string; readonly port: number };

const HOSTS: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/** `127.0.0.1:7001`, `[::1]:7001`, `localhost:7001`, or the path of a Unix socket (it holds a "/" or begins with "."). */
export function parseBenchAddress(text: string): Result<BenchAddress, 'bad-address' | 'not-loopback'> {
  if (text.includes('/') || text.startsWith('.')) return ok({ path: text });
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    return err(
      'bad-address',
      `panel.socket "${text}": give 127.0.0.1:PORT or the path of a Unix socket, such as ./bench.sock`,
    );
  }
  const host = match[1] ?? match[2] ?? '';
  if (HOSTS.includes(host)) return ok({ host, port });
  return err(
    'not-loopback',
    `panel.socket "${text}": simulated hardware is reached on this machine only; use 127.0.0.1:${port}`,
  );
}
