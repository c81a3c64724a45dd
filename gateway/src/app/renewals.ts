// SPDX-License-Identifier: Apache-2.0
// The next certificate of a controller (DESIGN 8): for who holds the key of the present one, whatever the broker says. Both are
// admitted until the new one has connected, so that a controller that dies in between still has one that works.
import { createHash, verify, X509Certificate } from 'node:crypto';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { Renewal } from '@latchkey/protocols/mqtt/messages';
import { renewalStatement } from '@latchkey/protocols/mqtt/renewal';
import { err, ok, type Result } from '@latchkey/protocols/result';
import type { CertificateAuthority } from '../adapters/ca.ts';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import { appendAudit } from './audit.ts';

export type RenewalRefusal = 'refused' | 'not-due' | 'bad-request';

type Store = Pick<GatewayDatabase, 'db' | 'transaction'>;

export interface RenewalOptions {
  readonly database: Store;
  readonly authority: Pick<CertificateAuthority, 'issue'>;
  readonly nowMs: () => number;
}

export async function renewDevice(
  { database, authority, nowMs }: RenewalOptions,
  device: DeviceId,
  asked: Renewal,
): Promise<Result<string, RenewalRefusal>> {
  const present = read(asked.certificate);
  const row = await database.db
    .selectFrom('device')
    .select(['state', 'certificate_fingerprint'])
    .where('id', '=', device)
    .executeTakeFirst();
  if (!present || row?.state !== 'enrolled' || row.certificate_fingerprint !== fingerprintOf(present))
    return err('refused', 'it is not the certificate in force');
  if (!holdsKey(present, device, asked)) return err('refused', 'the proof is not by the key of the certificate');
  const [from, until] = [Date.parse(present.validFrom), Date.parse(present.validTo)];
  const atMs = nowMs();
  if (until - atMs > (until - from) / 2) return err('not-due', 'more than half of its life is left');
  const issued = await authority.issue(asked.csr, device);
  if (!issued.ok) return issued;
  const { serial, fingerprint, expiresAtMs, certificate } = issued.value;
  const next = { serial, fingerprint, expires_at: expiresAtMs, issued_at: atMs };
  const kept = await database.transaction(async ({ trx }) => {
    const now = await trx
      .selectFrom('device')
      .select('id')
      .where('id', '=', device)
      .where('state', '=', 'enrolled')
      .where('certificate_fingerprint', '=', row.certificate_fingerprint)
      .executeTakeFirst();
    if (!now) return false;
    await trx
      .insertInto('device_renewal')
      .values({ device_id: device, ...next })
      .onConflict((conflict) => conflict.column('device_id').doUpdateSet(next))
      .execute();
    const detail = { serial };
    await appendAudit(trx, atMs, `device ${device}`, [{ action: 'device-renew', subject: `device ${device}`, detail }]);
    return true;
  });
  return kept ? ok(certificate) : err('refused', 'the device was revoked or enrolled anew meanwhile');
}

/** `true`: this is the renewed certificate; from now on it is the only one. */
export function takeRenewed(store: Store, device: DeviceId, serial: string): Promise<boolean> {
  return store.transaction(async ({ trx }) => {
    const next = await trx
      .selectFrom('device_renewal')
      .select(['serial', 'fingerprint', 'expires_at'])
      .where('device_id', '=', device)
      .where('serial', '=', serial)
      .executeTakeFirst();
    if (!next) return false;
    const { numUpdatedRows } = await trx
      .updateTable('device')
      .set({
        certificate_serial: next.serial,
        certificate_fingerprint: next.fingerprint,
        certificate_expires_at: next.expires_at,
      })
      .where('id', '=', device)
      .where('state', '=', 'enrolled')
      .executeTakeFirst();
    await trx.deleteFrom('device_renewal').where('device_id', '=', device).execute();
    return numUpdatedRows === 1n;
  });
}

function read(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const fingerprintOf = ({ raw }: X509Certificate): string => createHash('sha256').update(raw).digest('hex');

function holdsKey({ publicKey }: X509Certificate, device: DeviceId, { csr, proof }: Renewal): boolean {
  return verify('sha256', renewalStatement(device, csr), publicKey, Buffer.from(proof, 'base64url'));
}
