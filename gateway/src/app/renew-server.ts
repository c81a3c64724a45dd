// SPDX-License-Identifier: Apache-2.0
// The gateway's own certificate while it runs: looked at every day, made anew near its end, and put to use without a restart.
// Connections that are open stay as they are.
import type { CertificateAuthority, ServerIdentity } from '../adapters/ca.ts';
import type { CloseStack } from './close-stack.ts';
import { type Log, reasonOf } from './log.ts';

export interface ServerRenewal {
  readonly authority: Pick<CertificateAuthority, 'renewServer'>;
  /** Who shows it to others. */
  readonly uses: readonly ((identity: ServerIdentity) => void)[];
  readonly stack: CloseStack;
  readonly log: Log;
}

const DAY_MS = 86_400_000;

export function keepServerCertificate({ authority, uses, stack, log }: ServerRenewal): void {
  async function look(): Promise<void> {
    const identity = await authority.renewServer();
    if (identity === undefined) return;
    for (const use of uses) use(identity);
    log.info({}, 'server certificate renewed');
  }
  const fault = (error: unknown) => log.error({ reason: reasonOf(error) }, 'server certificate not renewed');
  const timer = setInterval(() => void look().catch(fault), DAY_MS);
  timer.unref();
  stack.add('server certificate', () => clearInterval(timer));
}
