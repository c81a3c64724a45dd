// SPDX-License-Identifier: Apache-2.0
// Controllers come and go (DESIGN 8): a one-time code bound to the authority, exchanged once for a certificate; a replaced or
// revoked controller's certificate is refused from that moment on.
import { createPublicKey } from 'node:crypto';
import type { Changed } from '@latchkey/protocols/api/common';
import type { EnrolAnswer, EnrolBody } from '@latchkey/protocols/api/operations';
import type { DeviceBody, DeviceCode } from '@latchkey/protocols/api/places';
import { toBase64url } from '@latchkey/protocols/bytes/base64url';
import { canonicalJson } from '@latchkey/protocols/bytes/canonical-json';
import { type DeviceId, deviceId, type SiteId } from '@latchkey/protocols/ids';
import type { Renewal } from '@latchkey/protocols/mqtt/messages';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { z } from 'zod';
import type { CertificateAuthority, DeviceCertificate } from '../adapters/ca.ts';
import type { GatewayDatabase } from '../adapters/database/open-database.ts';
import type { ApiResult } from '../http/services.ts';
import { appendAudit } from './audit.ts';
import { hashCode, makeCode } from './enrolment-code.ts';
import { type RenewalRefusal, renewDevice, takeRenewed } from './renewals.ts';

export interface Enrolment {
  /** Makes the device, or a new code for one that exists; an earlier unused code is worth nothing any more. */
  add(body: DeviceBody, actor: string): Promise<ApiResult<DeviceCode>>;
  /** Authorised by the code in the body. A limit on attempts is the route's business. */
  enrol(body: EnrolBody): Promise<ApiResult<EnrolAnswer>>;
  /** Cuts the device off. */
  revoke(id: string, actor: string): Promise<ApiResult<Changed>>;
  /** The next certificate, for who proves to hold the present one's key. */
  renew(device: DeviceId, asked: Renewal): Promise<Result<string, RenewalRefusal>>;
  /** Is this the certificate that the device was last given? Asked at every CONNECT; a renewed one replaces the earlier by it. */
  admit(device: DeviceId, serial: string): Promise<boolean>;
}

export interface EnrolmentOptions {
  readonly database: Pick<GatewayDatabase, 'db' | 'transaction'>;
  readonly authority: Pick<CertificateAuthority, 'certificate' | 'codeFingerprint' | 'issue'>;
  readonly site: SiteId;
  readonly campusId: string;
  /** Where controllers find the broker: `mqtts://host:port`. */
  readonly mqttUrl: () => string;
  /** Signed frame of the root document in force. */
  readonly root: () => Uint8Array;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The device's certificate is no longer in force: end its connection. */
  readonly onCutOff: (device: DeviceId) => void;
  readonly codeLifeMs?: number;
}

const CODE_LIFE_MS = 24 * 3_600_000;
const REFUSED = 'the code is unknown, expired or was used before: make a new one with latchkey device add';

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const encryptionKey = z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: coordinate, y: coordinate });

/** Public part only, on the curve, in one spelling. */
function readEncryptionKey(given: Record<string, unknown>): Result<string, 'invalid-request'> {
  const parsed = encryptionKey.safeParse(given);
  if (!parsed.success) return err('invalid-request', 'encryptionKey: send a public P-256 key as JWK');
  if ('d' in given) return err('invalid-request', 'encryptionKey: keep the private part "d" in the controller');
  try {
    createPublicKey({ key: parsed.data, format: 'jwk' });
    return ok(canonicalJson(parsed.data));
  } catch {
    return err('invalid-request', 'encryptionKey: x and y are no point of P-256');
  }
}

export function createEnrolment(options: EnrolmentOptions): Enrolment {
  return {
    add: (body, actor) => addDevice(options, body, actor),
    enrol: (body) => enrolDevice(options, body),
    revoke: (id, actor) => revokeDevice(options, id, actor),
    renew: (device, asked) => renewDevice(options, device, asked),
    async admit(device, serial) {
      const row = await options.database.db
        .selectFrom('device')
        .select(['state', 'certificate_serial'])
        .where('id', '=', device)
        .executeTakeFirst();
      if (row?.state !== 'enrolled') return false;
      return row.certificate_serial === serial || takeRenewed(options.database, device, serial);
    },
  };
}

async function addDevice(
  options: EnrolmentOptions,
  { id, name }: DeviceBody,
  actor: string,
): Promise<ApiResult<DeviceCode>> {
  const { authority, randomBytes, nowMs, codeLifeMs = CODE_LIFE_MS } = options;
  const atMs = nowMs();
  const code = makeCode(randomBytes, authority.codeFingerprint);
  const pending = { code_hash: hashCode(code) ?? null, code_expires_at: atMs + codeLifeMs };
  await options.database.transaction(async ({ trx }) => {
    const known = await trx.selectFrom('device').select('state').where('id', '=', id).executeTakeFirst();
    if (known === undefined) {
      const state = 'awaiting-enrolment' as const;
      await trx
        .insertInto('device')
        .values({ id, name: name ?? id, state, ...NEVER_ENROLLED, ...pending })
        .execute();
    } else {
      // An enrolled one stays in force until the code is used; a revoked one stays out until then.
      const state = known.state === 'revoked' ? 'awaiting-enrolment' : known.state;
      const change = { ...pending, state, ...(name === undefined ? {} : { name }) };
      await trx.updateTable('device').set(change).where('id', '=', id).execute();
    }
    const action = known === undefined ? 'device-add' : 'device-code';
    await appendAudit(trx, atMs, actor, [{ action, subject: `device ${id}` }]);
  });
  return ok({ device: id, code, expiresAt: new Date(pending.code_expires_at).toISOString() });
}

const NEVER_ENROLLED = {
  certificate_fingerprint: null,
  certificate_serial: null,
  certificate_expires_at: null,
  encryption_jwk: null,
  enrolled_at: null,
  last_seen_at: null,
  hello_at: null,
  boot: null,
  session: null,
  software: null,
  root_version: null,
  deny_epoch: null,
  deny_seq: null,
  health: null,
} as const;

async function enrolDevice(options: EnrolmentOptions, body: EnrolBody): Promise<ApiResult<EnrolAnswer>> {
  const { database, authority, site, campusId, nowMs } = options;
  const hash = hashCode(body.code);
  if (hash === undefined) return err('code-refused', REFUSED);
  const row = await database.db
    .selectFrom('device')
    .select('id')
    .where('code_hash', '=', hash)
    .where('code_expires_at', '>', nowMs())
    .executeTakeFirst();
  if (row === undefined) return err('code-refused', REFUSED);
  const device = deviceId.parse(row.id);
  // What can be said against the request is said before the code is used up.
  const jwk = readEncryptionKey(body.encryptionKey);
  if (!jwk.ok) return jwk;
  const issued = await authority.issue(body.csr, device);
  if (!issued.ok) return err('invalid-request', issued.detail);
  if (!(await take(options, device, hash, issued.value, jwk.value, body.software))) return err('code-refused', REFUSED);
  options.onCutOff(device);
  return ok({
    site,
    device,
    campusId,
    certificate: issued.value.certificate,
    ca: authority.certificate,
    mqttUrl: options.mqttUrl(),
    root: toBase64url(options.root()),
  });
}

/** `false`: somebody else was quicker with this code. */
function take(
  { database, nowMs }: EnrolmentOptions,
  device: DeviceId,
  hash: string,
  issued: DeviceCertificate,
  jwk: string,
  software: string | undefined,
): Promise<boolean> {
  const atMs = nowMs();
  return database.transaction(async ({ trx }) => {
    const { numUpdatedRows } = await trx
      .updateTable('device')
      .set({
        ...NEVER_ENROLLED,
        state: 'enrolled',
        code_hash: null,
        code_expires_at: null,
        certificate_fingerprint: issued.fingerprint,
        certificate_serial: issued.serial,
        certificate_expires_at: issued.expiresAtMs,
        encryption_jwk: jwk,
        enrolled_at: atMs,
        software: software ?? null,
        alarms: '[]',
      })
      .where('id', '=', device)
      .where('code_hash', '=', hash)
      .where('code_expires_at', '>', atMs)
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) return false;
    await trx.deleteFrom('device_renewal').where('device_id', '=', device).execute();
    // What the replaced controller reported is not true of this one.
    await trx.deleteFrom('device_scope').where('device_id', '=', device).execute();
    await trx.deleteFrom('portal_report').where('device_id', '=', device).execute();
    const detail = { serial: issued.serial };
    await appendAudit(trx, atMs, `device ${device}`, [{ action: 'device-enrol', subject: `device ${device}`, detail }]);
    return true;
  });
}

async function revokeDevice(options: EnrolmentOptions, id: string, actor: string): Promise<ApiResult<Changed>> {
  const atMs = options.nowMs();
  const state = await options.database.transaction(async ({ trx }) => {
    const known = await trx.selectFrom('device').select('state').where('id', '=', id).executeTakeFirst();
    if (known === undefined || known.state === 'revoked') return known?.state;
    const change = { state: 'revoked', code_hash: null, code_expires_at: null } as const;
    await trx.updateTable('device').set(change).where('id', '=', id).execute();
    await trx.deleteFrom('device_renewal').where('device_id', '=', id).execute();
    await appendAudit(trx, atMs, actor, [{ action: 'device-revoke', subject: `device ${id}` }]);
    return known.state;
  });
  if (state === undefined) return err('not-found', `there is no device ${id}`);
  const device = deviceId.safeParse(id);
  if (device.success) options.onCutOff(device.data);
  return ok({ changed: state !== 'revoked' });
}
