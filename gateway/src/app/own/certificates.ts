// SPDX-License-Identifier: Apache-2.0
// Certificates for phones that some gates' lists do not hold yet (lists-and-codes, profile B). One is good only for the policy
// those gates have in force, and only where the registry of this moment gives the phone that very profile in it.
import type { PhoneCertificate } from '@latchkey/protocols/api/me';
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import type { PolicyDocument, PolicyProfile } from '@latchkey/protocols/authorization/policy-document';
import { RECORD_FLAGS } from '@latchkey/protocols/authorization/record';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { canonicalJson, decodeJson } from '@latchkey/protocols/bytes/canonical-json';
import { sha256Hex } from '@latchkey/protocols/bytes/hash';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { issueCertificate } from '@latchkey/protocols/codes/certificate';
import type { GatewayDatabase } from '../../adapters/database/open-database.ts';
import type { PhoneRow } from '../../adapters/database/schema-phones.ts';
import { type CompiledScope, compileScope } from '../../core/compiler/compile-scope.ts';
import type { PhoneKey } from '../../core/phone-key.ts';
import { toInstant } from '../api/forms.ts';
import { headOf } from '../list-store.ts';
import { readScope } from '../read-scope.ts';
import { zonesOf } from './person.ts';

export interface CertificateOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'snapshot' | 'transaction'>;
  readonly epoch: number;
  readonly timeZone: string;
  readonly nowMs: () => number;
  readonly campusId: string;
  /** The code-issuer key. */
  readonly key: SigningKey;
}

/** Certificates of a phone in use, one for each zone whose gates can take one. */
export type GiveCertificates = (phone: PhoneRow, key: PhoneKey) => Promise<PhoneCertificate[]>;

const MINUTE_MS = 60_000;
/** Gates refuse more than 72 hours from their own now: an hour is left for their clocks. */
const LIFE_MS = 71 * 60 * MINUTE_MS;

interface Zone {
  readonly id: number;
  readonly zone: number;
}

export function createCertificates(options: CertificateOptions): GiveCertificates {
  return async (phone, key) => {
    const zones = await zonesOf(options.database.db, phone.person_id);
    const expiresAt = Math.floor((options.nowMs() + LIFE_MS) / MINUTE_MS) * MINUTE_MS;
    if (!(await remember(options, phone, zones, expiresAt))) return [];
    const given: PhoneCertificate[] = [];
    for (const zone of zones) {
      const content = await contentFor(options, phone, zone, expiresAt);
      if (content === undefined) continue;
      const { policyRoot, expiry, profile } = content;
      const { algorithmByte, key32: publicKey } = key;
      const subject = { campusId: options.campusId, zone: zone.zone, policyRoot, algorithmByte, publicKey };
      const bytes = await issueCertificate(options.key, subject, { expiry, profile });
      const expires = toInstant(expiry * MINUTE_MS);
      given.push({ zone: zone.zone, certificate: toBase64url(bytes), expires });
    }
    return given;
  };
}

/**
 * Before anything is signed: whoever takes the right away from now on finds the phone here and keeps it in the list as
 * blocked. False where the phone ended meanwhile.
 */
async function remember(
  { database, nowMs }: CertificateOptions,
  phone: PhoneRow,
  zones: readonly Zone[],
  expires_at: number,
): Promise<boolean> {
  if (zones.length === 0) return false;
  return database.transaction(async ({ trx }) => {
    const row = await trx.selectFrom('phone').select('state').where('id', '=', phone.id).executeTakeFirst();
    if (row?.state !== 'active') return false;
    await trx.deleteFrom('phone_certificate').where('expires_at', '<=', nowMs()).execute();
    await trx
      .insertInto('phone_certificate')
      .values(zones.map(({ id }) => ({ phone_id: phone.id, scope_id: id, expires_at })))
      .onConflict((conflict) => conflict.columns(['phone_id', 'scope_id']).doUpdateSet({ expires_at }))
      .execute();
    return true;
  });
}

interface Terms {
  /** Digest of the policy whose profiles `profile` counts. */
  readonly policyRoot: Uint8Array;
  /** Epoch minute. */
  readonly expiry: number;
  readonly profile: number;
}

async function contentFor(
  options: CertificateOptions,
  phone: PhoneRow,
  { id }: Zone,
  expiresAt: number,
): Promise<Terms | undefined> {
  const inForce = await policyInForce(options, id);
  if (inForce === undefined) return undefined;
  const { epoch, timeZone, nowMs } = options;
  const reading = await options.database.snapshot((snapshot) =>
    readScope(snapshot, id, { epoch, timeZone, nowMs: nowMs(), person: phone.person_id }),
  );
  const compiled = reading === undefined ? undefined : compileScope(reading.snapshot);
  if (!compiled?.ok) return undefined;
  const right = rightOf(compiled.value, phone.credential_id);
  if (right === undefined) return undefined;
  const profile = placeOf(right.profile, compiled.value.policy, inForce.policy);
  if (profile < 0) return undefined;
  const expiry = Math.min(expiresAt / MINUTE_MS, right.untilMinute);
  return expiry * MINUTE_MS <= nowMs() ? undefined : { policyRoot: inForce.root, expiry, profile };
}

/** Of the gates of a scope the one furthest behind: those with a newer list hold the phone and need no certificate. */
async function policyInForce(
  { database, epoch }: CertificateOptions,
  scope: number,
): Promise<{ readonly root: Uint8Array; readonly policy: PolicyDocument } | undefined> {
  const { db } = database;
  const reported = await db
    .selectFrom('device_scope')
    .innerJoin('portal', (join) =>
      join
        .onRef('portal.device_id', '=', 'device_scope.device_id')
        .onRef('portal.scope_id', '=', 'device_scope.scope_id'),
    )
    .select(({ fn }) => fn.min('device_scope.reported_version').as('version'))
    .where('device_scope.scope_id', '=', scope)
    .where('device_scope.reported_epoch', '=', epoch)
    .executeTakeFirst();
  const version = reported?.version ?? undefined;
  if (version === undefined) return undefined;
  const lists = db.selectFrom('list_version').where('scope_id', '=', scope).where('epoch', '=', epoch);
  const row = await lists.select('head_frame').where('version', '=', version).executeTakeFirst();
  const root = row === undefined ? undefined : headOf(row.head_frame)?.policyRoot;
  if (root === undefined) return undefined;
  // Old versions lose their pages and policy; the policy itself seldom changes, so a newer one has the same.
  const kept = await lists.select('policy').where('policy', 'is not', null).where('version', '>=', version).execute();
  const bytes = kept.find(({ policy }) => policy !== null && sha256Hex(policy) === toHex(root))?.policy;
  return bytes == null ? undefined : { root, policy: decodeJson(bytes) as PolicyDocument };
}

function rightOf({ policy, entries }: CompiledScope, credentialId: string) {
  const { ids, profiles, flags, until } = entries;
  const index = profiles.findIndex((_, each) => toHex(ids.subarray(each * 16, each * 16 + 16)) === credentialId);
  const profile = policy.profiles[profiles[index] ?? -1];
  if (profile === undefined || ((flags[index] ?? 0) & RECORD_FLAGS.blocked) !== 0) return undefined;
  return { profile, untilMinute: until[index] ?? 0 };
}

/** Place of the profile in the policy in force; -1 where it is not in it, or where it would mean something else there. */
function placeOf(profile: PolicyProfile, now: PolicyDocument, inForce: PolicyDocument): number {
  const sameFrame = canonicalJson({ ...now, profiles: [] }) === canonicalJson({ ...inForce, profiles: [] });
  if (!sameFrame) return -1;
  const text = canonicalJson(profile);
  return inForce.profiles.findIndex((each) => canonicalJson(each) === text);
}
