// SPDX-License-Identifier: Apache-2.0
// The keys a gateway starts with: those the root ceremony installed, or on a trial those it makes for itself.
import type { Logger } from 'pino';
import { ceremonyForDemo, isDemo } from '../adapters/demo-ceremony.ts';
import { type Keystore, openKeystore } from '../adapters/keystore.ts';
import { readPassphrase } from '../adapters/passphrase.ts';
import type { GatewayConfig } from './config.ts';
import { StartRefused } from './start-refused.ts';

const CEREMONY =
  'do the root ceremony (latchkey keys --help), or try it out with --demo-keys, which makes root keys on this machine';

export async function openKeys(
  { dataDir, demoKeys, campusId }: GatewayConfig,
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<Keystore> {
  if (demoKeys) await ceremonyForDemo(dataDir, { ...(campusId === undefined ? {} : { campusId }), nowMs: Date.now() });
  if (isDemo(dataDir)) logger.warn('trial: root keys lie on this machine, whoever takes it has the campus');
  const passphrase = await readPassphrase(environment);
  if (!passphrase.ok) throw new StartRefused('the passphrase of the keys cannot be read', passphrase.detail);
  const keys = await openKeystore({ dataDir, passphrase: passphrase.value });
  if (!keys.ok) {
    const missing = keys.code === 'keys-missing' || keys.code === 'root-missing';
    if (missing) throw new StartRefused(`${dataDir} holds no keys to sign with`, CEREMONY);
    throw new StartRefused(`the keys in ${dataDir} cannot be used (${keys.code})`, keys.detail);
  }
  const known = keys.value.root.document.campusId;
  if (campusId === undefined || campusId === known) return keys.value;
  throw new StartRefused(`campusId ${campusId} is not the root document's, ${known}`, 'correct or drop the setting');
}
