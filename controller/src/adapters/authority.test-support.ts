// SPDX-License-Identifier: Apache-2.0
// A certificate authority for tests of the link and of enrolment.
import { webcrypto } from 'node:crypto';
import type * as X509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly ca: string;
  readonly caDer: Uint8Array;
  issue(name: string, hosts?: readonly string[]): Promise<Issued>;
  issueFor(requestPem: string, name: string): Promise<string>;
}

/** What the certificate package's container asks of the metadata proposal, and no more. */
function provideReflection(): void {
  const table = new WeakMap<object, Map<unknown, unknown>>();
  const own = (key: unknown, target: object) => table.get(target)?.get(key);
  Object.assign(Reflect, {
    getOwnMetadata: own,
    getMetadata: own,
    hasOwnMetadata: (key: unknown, target: object) => table.get(target)?.has(key) ?? false,
    defineMetadata(key: unknown, value: unknown, target: object) {
      table.set(target, (table.get(target) ?? new Map()).set(key, value));
    },
    metadata: () => () => undefined,
  });
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

export async function loadX509(): Promise<typeof X509> {
  if (!('getMetadata' in Reflect)) provideReflection();
  const loaded: typeof X509 = await import('@peculiar/x509');
  // A bundle gives what a CommonJS package exports as one default.
  return 'X509CertificateGenerator' in loaded ? loaded : (loaded as { readonly default: typeof X509 }).default;
}

export async function makeAuthority(name = 'Test authority'): Promise<TestAuthority> {
  const x509 = await loadX509();
  const generate = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const span = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  const keys = await generate();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...span,
    serialNumber: '01',
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  let serial = 16;
  const sign = async (subject: string, publicKey: webcrypto.CryptoKey, hosts: readonly string[]) => {
    serial += 1;
    const names = hosts.map((value) => ({ type: /^[0-9.]+$/.test(value) ? ('ip' as const) : ('dns' as const), value }));
    const made = await x509.X509CertificateGenerator.create({
      ...span,
      serialNumber: serial.toString(16),
      subject: `CN=${subject}`,
      issuer: root.subject,
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
    });
    return made.toString('pem');
  };
  return {
    ca: root.toString('pem'),
    caDer: new Uint8Array(root.rawData),
    async issue(subject, hosts = []) {
      const own = await generate();
      return { cert: await sign(subject, own.publicKey, hosts), key: await pem(own.privateKey) };
    },
    async issueFor(requestPem, subject) {
      const request = new x509.Pkcs10CertificateRequest(requestPem);
      if (!(await request.verify())) throw new Error('the request is not signed by its key');
      return sign(subject, await request.publicKey.export(ALGORITHM, ['verify']), []);
    },
  };
}
