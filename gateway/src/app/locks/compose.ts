// SPDX-License-Identifier: Apache-2.0
// Smart locks and the keychain for the API, over the gateway's parts: one signer of tickets serves both.
import { randomBytes } from 'node:crypto';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { Keystore } from '../../adapters/keystore.ts';
import type { KeychainService, LockService } from '../../http/keychain-service.ts';
import type { DeviceSide } from '../device-side.ts';
import { composeKeychain } from '../keychain/compose.ts';
import { createTicketSigner } from '../keychain/openings.ts';
import type { RegistryContext } from '../registry/registry-context.ts';
import { createLockService } from './lock-service.ts';

export interface LockParts {
  readonly database: GatewayDatabase;
  readonly keystore: Keystore;
  readonly context: RegistryContext;
  readonly devices: Pick<DeviceSide, 'commands' | 'locks' | 'isOnline'>;
  /** IANA name; hours of access are read in it. */
  readonly timeZone: string;
}

export function composeLocks({ database, keystore, context, devices, timeZone }: LockParts): {
  readonly keychain: KeychainService;
  readonly locks: LockService;
} {
  const { campusId, epoch } = keystore.root.document;
  const { commands, locks, isOnline } = devices;
  const signer = createTicketSigner(campusId, keystore.key('command'));
  const shared = { commands, serverOf: locks.serverOf, signer, randomBytes };
  return {
    keychain: composeKeychain({ ...shared, database, epoch, timeZone, nowMs: context.now }),
    locks: createLockService({ ...shared, db: database.db, context, seal: keystore.seal, isOnline }),
  };
}
