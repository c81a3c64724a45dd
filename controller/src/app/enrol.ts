// SPDX-License-Identifier: Apache-2.0
// Enrolment: a one-time code turns a fresh data folder into a known device. Keys are made here and never leave; settings are
// written last, so that an enrolment broken off leaves a folder that is not enrolled (DESIGN 8).
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { deviceId, siteId } from '@latchkey/protocols/ids';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { z } from 'zod';
import { type EnrolmentFailure, findAuthority, postJson } from '../adapters/enrolment-client.ts';
import { authorityFingerprint, parseEnrolmentCode } from '../adapters/enrolment-code.ts';
import { openKeyFolder } from '../adapters/key-folder.ts';
import type { SettingsFile } from '../adapters/settings-file.ts';
import { createSigningRequest, generateTlsKey } from '../adapters/signing-request.ts';
import { type DataFolder, KEY_FILES } from './data-folder.ts';
import { joinNext } from './identity.ts';
import { type Enrolment, NEW_SETTINGS, type RootMark, type Settings } from './settings-schema.ts';
import { acceptFirstRoot } from './trust.ts';

const answerSchema = z.object({
  site: siteId,
  device: deviceId,
  campusId: z.string().regex(/^[0-9a-f]{16}$/),
  certificate: z.string().max(20_000),
  ca: z.string().max(20_000),
  mqttUrl: z.string().regex(/^mqtts:\/\/[^/]+$/),
  root: z.string().regex(/^[A-Za-z0-9_-]+$/),
});
type Answer = z.infer<typeof answerSchema>;

export interface EnrolOptions {
  readonly gateway: string;
  readonly code: string;
  readonly folder: DataFolder;
  readonly settings: SettingsFile<Settings>;
  readonly software: string;
  /** A folder that is enrolled is enrolled again, as the same device: lists, journal and what it has seen stay. */
  readonly replace?: boolean;
  /** Already checked. */
  readonly wiring?: unknown;
}

export type EnrolFailure = EnrolmentFailure | 'bad-code' | 'bad-address' | 'already-enrolled' | 'other-device';

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

async function generateDecryptionJwk(): Promise<{ secret: object; open: object }> {
  const { exportJWK, generateKeyPair } = await import('jose');
  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  return { secret: await exportJWK(pair.privateKey), open: await exportJWK(pair.publicKey) };
}

function gatewayUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** What the gateway gave must fit the key made here and the authority the code names. */
function checkCertificates(answer: Answer, tlsKey: string, fingerprint: string): string | undefined {
  try {
    const authority = new X509Certificate(answer.ca);
    const own = new X509Certificate(answer.certificate);
    if (authorityFingerprint(authority.raw) !== fingerprint) return 'its authority is not the one the code names';
    if (!own.verify(authority.publicKey)) return 'the certificate is not signed by its authority';
    const expected = createPublicKey(createPrivateKey(tlsKey)).export({ type: 'spki', format: 'der' });
    if (!own.publicKey.export({ type: 'spki', format: 'der' }).equals(expected))
      return 'the certificate is for another key';
    return undefined;
  } catch {
    return 'a certificate cannot be read';
  }
}

export async function enrol(options: EnrolOptions): Promise<Result<Enrolment, EnrolFailure>> {
  const { settings } = options;
  const before = settings.current().enrolment;
  if (before && !options.replace)
    return err(
      'already-enrolled',
      `this folder is already enrolled as ${before.site}/${before.device}: use another --data, or --replace to enrol the same device again`,
    );
  const code = parseEnrolmentCode(options.code);
  if (!code.ok) return code;
  const base = gatewayUrl(options.gateway);
  if (!base) return err('bad-address', '--gateway must be an address like https://gateway.example:8443');
  const authority = await findAuthority(base, code.value.authority);
  if (!authority.ok) return authority;

  const tlsKey = generateTlsKey();
  const decryption = await generateDecryptionJwk();
  const posted = await postJson(new URL('/v1/enroll', base), authority.value, {
    code: code.value.code,
    csr: createSigningRequest(tlsKey, 'latchkey-controller'),
    encryptionKey: decryption.open,
    software: options.software,
  });
  if (!posted.ok) return posted;
  const answer = answerSchema.safeParse(posted.value);
  if (!answer.success)
    return err('bad-answer', 'the gateway answered in a form unknown here: are both of one version?');
  const wrong = checkCertificates(answer.data, tlsKey, code.value.authority);
  if (wrong !== undefined) return err('bad-answer', `the gateway's answer cannot be used: ${wrong}`);
  if (before && (before.device !== answer.data.device || before.campusId !== answer.data.campusId))
    return err(
      'other-device',
      `the code is for ${answer.data.device}, this folder is ${before.device}: use another --data, and make a new code`,
    );
  const root = await acceptFirstRoot(answer.data.root, answer.data.campusId);
  if (!root.ok) return err('bad-answer', `the gateway's root document cannot be used: ${root.detail ?? root.code}`);
  return ok(await keep(options, answer.data, root.value, tlsKey, decryption.secret));
}

async function keep(
  options: EnrolOptions,
  answer: Answer,
  root: RootMark,
  tlsKey: string,
  decryption: object,
): Promise<Enrolment> {
  const { site, device, campusId, mqttUrl } = answer;
  const keys = openKeyFolder(options.folder.keys);
  await keys.write(KEY_FILES.decryption, utf8(JSON.stringify(decryption)));
  await keys.write(KEY_FILES.authority, utf8(answer.ca));
  if (options.settings.current().enrolment) {
    // As a renewal: whole or not at all, and it takes the place of the old one when it has connected.
    await keys.write(KEY_FILES.tlsNext, joinNext(tlsKey, answer.certificate));
    await keys.remove(KEY_FILES.tlsNextKey);
  } else {
    await keys.write(KEY_FILES.tlsKey, utf8(tlsKey));
    await keys.write(KEY_FILES.tlsCertificate, utf8(answer.certificate));
  }
  const enrolment = { site, device, campusId, mqttUrl };
  await options.settings.update((data) => ({
    ...data,
    enrolment,
    wiring: options.wiring ?? data.wiring,
    trust: data.enrolment ? successorOf(data.trust, root) : { ...NEW_SETTINGS.trust, root },
  }));
  return enrolment;
}

/** What was seen stays seen; the list in force goes on under the root it was signed under. */
function successorOf(trust: Settings['trust'], root: RootMark): Settings['trust'] {
  return trust.root?.digest === root.digest ? trust : { ...trust, root, previousRoot: trust.root };
}
