// SPDX-License-Identifier: Apache-2.0
// The certificate of this controller, renewed in time (DESIGN 8): a new key, a request signed by the present one, the answer kept
// beside the old, connected with, and only then the old one dropped. A power cut anywhere leaves an identity that works.
import { createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto';
import { decodeEnvelope, encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { renewalAnswer } from '@latchkey/protocols/mqtt/messages';
import { renewalStatement } from '@latchkey/protocols/mqtt/renewal';
import type { KeyFolder } from '../adapters/key-folder.ts';
import { createSigningRequest, generateTlsKey } from '../adapters/signing-request.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../ports/link.ts';
import type { Alarms } from './alarms.ts';
import { KEY_FILES } from './data-folder.ts';
import { joinNext, readTlsIdentities, type TlsIdentities, type TlsIdentity } from './identity.ts';
import type { Log } from './log.ts';

export interface Renewal {
  /** What to connect with: after a failure, the other one where there are two. Rejects where there is none. */
  identity(): Promise<TlsIdentity>;
  onUp(): void;
  onDown(): void;
  /** A `dn/certificate` payload. */
  onCertificate(payload: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface RenewalParts {
  readonly keys: KeyFolder;
  readonly device: string;
  readonly link: Pick<Link, 'publish' | 'reconnect'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly alarms: Pick<Alarms, 'set'>;
  readonly log: Log;
  readonly newId: () => string;
  readonly nowMs: () => number;
}

type Used = TlsIdentities['all'][number];

const CHECK_MS = 3_600_000;
const ALARM_MS = 30 * 86_400_000;

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

export function createRenewal(parts: RenewalParts): Renewal {
  const { keys, device, link, log } = parts;
  let used: Used | undefined;
  let attempt = 0;
  let asked: { readonly id: string; readonly key: string } | undefined;
  let cancel: (() => void) | undefined;
  let queue: Promise<void> = Promise.resolve();

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    queue = queue.then(work).catch((error: unknown) => {
      log.error({ error: String((error as { code?: string }).code ?? error) }, 'certificate renewal failed');
    });
    return queue;
  };

  /** It has connected: the gateway takes no other one from now on. The next file goes last. */
  async function promote({ cert, key }: Used): Promise<void> {
    await keys.write(KEY_FILES.tlsCertificate, bytesOf(cert));
    await keys.write(KEY_FILES.tlsKey, bytesOf(key));
    await keys.remove(KEY_FILES.tlsNextKey);
    await keys.remove(KEY_FILES.tlsNext);
    used = { ca: used?.ca ?? '', cert, key, isNext: false };
    attempt = 0;
    log.info({}, 'certificate renewed');
  }

  async function nextKey(): Promise<string> {
    const waiting = await keys.read(KEY_FILES.tlsNextKey);
    if (waiting) return Buffer.from(waiting).toString();
    const made = generateTlsKey();
    await keys.write(KEY_FILES.tlsNextKey, bytesOf(made));
    return made;
  }

  async function request({ cert, key }: Used): Promise<void> {
    const next = await nextKey();
    const csr = createSigningRequest(next, device);
    const proof = sign('sha256', renewalStatement(device, csr), createPrivateKey(key)).toString('base64url');
    asked = { id: parts.newId(), key: next };
    await link.publish('renew', encodeEnvelope({ id: asked.id, csr, certificate: cert, proof }));
  }

  async function check(): Promise<void> {
    cancel?.();
    cancel = parts.clock.after(CHECK_MS, () => void inTurn(check));
    if (!used) return;
    const { validFrom, validTo } = new X509Certificate(used.cert);
    const [from, until] = [Date.parse(validFrom), Date.parse(validTo)];
    const leftMs = until - parts.nowMs();
    parts.alarms.set('certificate-ending', leftMs < ALARM_MS);
    if (leftMs < (until - from) / 3) await request(used).catch(() => log.debug({}, 'renewal not sent'));
  }

  /** Signed by the authority pinned at enrolment, for this device, for the key asked for. */
  function fits(certificate: string, key: string): boolean {
    try {
      const given = new X509Certificate(certificate);
      const expected = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
      return (
        given.verify(new X509Certificate(used?.ca ?? '').publicKey) &&
        given.subject === `CN=${device}` &&
        given.publicKey.export({ type: 'spki', format: 'der' }).equals(expected)
      );
    } catch {
      return false;
    }
  }

  async function take(payload: Uint8Array): Promise<void> {
    const envelope = decodeEnvelope(payload);
    const said = envelope.ok ? renewalAnswer.safeParse(envelope.value.json) : undefined;
    if (!said?.success || said.data.id !== asked?.id) return;
    const { certificate, code } = said.data;
    if (certificate === undefined || !fits(certificate, asked.key))
      return log.warn({ reason: code ?? 'not a certificate for this key' }, 'certificate not renewed');
    await keys.write(KEY_FILES.tlsNext, joinNext(asked.key, certificate));
    asked = undefined;
    attempt = 0;
    link.reconnect?.();
  }

  return {
    async identity() {
      const found = await readTlsIdentities(keys);
      if (!found.ok) throw new Error(found.detail ?? found.code);
      const { all } = found.value;
      used = all[attempt % all.length] as Used;
      attempt += 1;
      return { ca: used.ca, cert: used.cert, key: used.key };
    },
    onUp() {
      // The same again next time.
      attempt = Math.max(0, attempt - 1);
      void inTurn(async () => {
        if (used?.isNext) await promote(used);
        await check();
      });
    },
    onDown() {
      asked = undefined;
    },
    onCertificate: (payload) => inTurn(() => take(payload)),
    async close() {
      cancel?.();
      await queue;
      cancel?.();
    },
  };
}
