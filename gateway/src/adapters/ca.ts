// SPDX-License-Identifier: Apache-2.0
// The gateway's own certificate authority (DESIGN 8): one P-256 key made at first start, a server certificate for MQTT and
// HTTPS, and certificates of controllers, whose common name is their identity. Everything private is for its owner only.
import './reflect-metadata.ts';
import { createHash, createPrivateKey, type webcrypto, X509Certificate } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { DeviceId } from '@latchkey/protocols/ids';
import { err, ok, type Result } from '@latchkey/protocols/result';
import * as x509 from '@peculiar/x509';
import { toBase32 } from './base32.ts';

export interface ServerIdentity {
  /** PEM of the server's certificate and of the authority: a controller finds the authority in the chain by its code. */
  readonly cert: string;
  readonly key: string;
}

export interface DeviceCertificate {
  readonly certificate: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  readonly expiresAtMs: number;
}

export interface CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly certificateFile: string;
  /** 16 characters: first 80 bits of SHA-256 over the certificate, as enrolment codes carry them. */
  readonly codeFingerprint: string;
  /** As it was when the authority was opened. */
  readonly server: ServerIdentity;
  /** A new one where the one in use nears its end. */
  renewServer(): Promise<ServerIdentity | undefined>;
  /** Signs the request's key for this device, whatever name the request asks for. */
  issue(request: string, device: DeviceId): Promise<Result<DeviceCertificate, 'bad-request'>>;
}

export interface AuthorityOptions {
  readonly directory: string;
  /** Host names and addresses besides localhost, 127.0.0.1 and ::1. */
  readonly names: readonly string[];
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 30 * 365;
const SERVER_DAYS = 397;
const RENEW_BEFORE_DAYS = 60;
const DEVICE_DAYS = 10 * 365;
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];
const MAX_REQUEST_CHARACTERS = 4_000;
/** A controller whose clock lost its battery says 1970, and must be able to connect to be told the time. */
const ALWAYS = new Date(0);

const FILES = {
  authorityKey: 'ca-key.pem',
  authority: 'ca.pem',
  serverKey: 'server-key.pem',
  server: 'server.pem',
} as const;

/** Loads what is there, makes what is missing, renews a server certificate near its end or with other names. */
export async function openAuthority(options: AuthorityOptions): Promise<CertificateAuthority> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  await chmod(options.directory, 0o700);
  const root = (await loadRoot(options)) ?? (await makeRoot(options));
  const server = (await loadServer(options, root)) ?? (await makeServer(options, root));
  const der = new Uint8Array(root.certificate.rawData);
  return {
    certificate: root.certificate.toString('pem'),
    certificateFile: join(options.directory, FILES.authority),
    codeFingerprint: toBase32(createHash('sha256').update(der).digest().subarray(0, 10)),
    server,
    renewServer: async () => ((await loadServer(options, root)) === undefined ? makeServer(options, root) : undefined),
    issue: (request, device) => issue(options, root, request, device),
  };
}

interface Root {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

async function loadRoot({ directory }: AuthorityOptions): Promise<Root | undefined> {
  const [key, certificate] = await Promise.all([
    readOptional(join(directory, FILES.authorityKey)),
    readOptional(join(directory, FILES.authority)),
  ]);
  if (key === undefined && certificate === undefined) return undefined;
  // A new authority in place of half a one would lock every enrolled controller out.
  if (key === undefined || certificate === undefined) {
    throw new Error(
      `${directory}: ${FILES.authorityKey} and ${FILES.authority} belong together; restore the missing one`,
    );
  }
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`${directory}: ${FILES.authorityKey} does not belong to ${FILES.authority}; restore the right one`);
  }
  const privateKey = await crypto.subtle.importKey('pkcs8', pemBytes(key), ALGORITHM, false, ['sign']);
  return { certificate: new x509.X509Certificate(certificate), privateKey };
}

async function makeRoot(options: AuthorityOptions): Promise<Root> {
  const { directory, nowMs } = options;
  const keys = await generate();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(options),
    // Different for every gateway, so that a browser or controller with two of them tells them apart.
    name: `CN=Latchkey CA ${Buffer.from(options.randomBytes(4)).toString('hex')}`,
    notBefore: ALWAYS,
    notAfter: new Date(nowMs() + AUTHORITY_DAYS * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  // The key first: a start broken off in between is then named by loadRoot, never papered over.
  await writePrivate(join(directory, FILES.authorityKey), await keyPem(keys.privateKey));
  await writePrivate(join(directory, FILES.authority), certificate.toString('pem'));
  return { certificate, privateKey: keys.privateKey };
}

async function loadServer(options: AuthorityOptions, root: Root): Promise<ServerIdentity | undefined> {
  const { directory, nowMs } = options;
  const [key, cert] = await Promise.all([
    readOptional(join(directory, FILES.serverKey)),
    readOptional(join(directory, FILES.server)),
  ]);
  if (key === undefined || cert === undefined) return undefined;
  try {
    const current = new X509Certificate(cert);
    const authority = new X509Certificate(Buffer.from(root.certificate.rawData));
    const fits =
      current.verify(authority.publicKey) &&
      current.checkPrivateKey(createPrivateKey(key)) &&
      Date.parse(current.validTo) > nowMs() + RENEW_BEFORE_DAYS * DAY_MS &&
      namesOf(options).every((name) => covers(current, name));
    return fits ? { cert, key } : undefined;
  } catch {
    return undefined;
  }
}

const covers = (certificate: X509Certificate, name: string) =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;

async function makeServer(options: AuthorityOptions, root: Root): Promise<ServerIdentity> {
  const { directory, nowMs } = options;
  const keys = await generate();
  const names = namesOf(options).map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(options),
    subject: 'CN=Latchkey gateway',
    issuer: root.certificate.subject,
    notBefore: ALWAYS,
    notAfter: new Date(nowMs() + SERVER_DAYS * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: root.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...(await leafExtensions(root, keys.publicKey, '1.3.6.1.5.5.7.3.1')),
      new x509.SubjectAlternativeNameExtension(names),
    ],
  });
  const cert = `${certificate.toString('pem')}\n${root.certificate.toString('pem')}\n`;
  const key = await keyPem(keys.privateKey);
  await writePrivate(join(directory, FILES.serverKey), key);
  await writePrivate(join(directory, FILES.server), cert);
  return { cert, key };
}

const namesOf = ({ names }: AuthorityOptions): string[] => [...new Set([...LOCAL_NAMES, ...names])];

async function leafExtensions(root: Root, publicKey: webcrypto.CryptoKey, use: string): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([use], true),
    await x509.AuthorityKeyIdentifierExtension.create(root.certificate),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

async function issue(
  options: AuthorityOptions,
  root: Root,
  text: string,
  device: DeviceId,
): Promise<Result<DeviceCertificate, 'bad-request'>> {
  const publicKey = await checkRequest(text);
  if (!publicKey.ok) return publicKey;
  const nowMs = options.nowMs();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(options),
    subject: [{ CN: [device] }],
    issuer: root.certificate.subject,
    // The gateway checks it against its own clock; an hour covers a gateway set back a little.
    notBefore: new Date(nowMs - 3_600_000),
    notAfter: new Date(nowMs + DEVICE_DAYS * DAY_MS),
    publicKey: publicKey.value,
    signingKey: root.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: await leafExtensions(root, publicKey.value, '1.3.6.1.5.5.7.3.2'),
  });
  return ok({
    certificate: certificate.toString('pem'),
    serial: normalSerial(certificate.serialNumber),
    fingerprint: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
    expiresAtMs: certificate.notAfter.getTime(),
  });
}

/** The signature proves that whoever asks holds the key; any curve but P-256 is refused. */
async function checkRequest(text: string): Promise<Result<webcrypto.CryptoKey, 'bad-request'>> {
  if (text.length > MAX_REQUEST_CHARACTERS)
    return err('bad-request', 'csr: a P-256 request takes under 1,000 characters');
  try {
    const request = new x509.Pkcs10CertificateRequest(text);
    const publicKey = await request.publicKey.export(ALGORITHM, ['verify'], crypto);
    if (await request.verify(crypto)) return ok(publicKey);
    return err('bad-request', 'csr: it is not signed by the key it names');
  } catch {
    return err('bad-request', 'csr: send a PKCS #10 request for a P-256 key, as PEM');
  }
}

/** As Node and OpenSSL spell it, less their leading zeros and capitals. */
export const normalSerial = (text: string): string => text.toLowerCase().replace(/^(?:00)+(?=.)/, '');

/** 16 random bytes, positive and never starting with a zero byte. */
function serial({ randomBytes }: AuthorityOptions): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

const generate = () =>
  crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<{
    publicKey: webcrypto.CryptoKey;
    privateKey: webcrypto.CryptoKey;
  }>;

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/(.{64})(?=.)/g, '$1\n')}\n-----END PRIVATE KEY-----\n`;
}

const pemBytes = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all, readable by its owner only from the first byte. */
async function writePrivate(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
