// SPDX-License-Identifier: Apache-2.0
// A connection to a library's SIP2 server, TCP or TLS. TLS is always verified: by the authorities that the machine knows, by one in
// a file, or against the fingerprint of one certificate.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type PeerCertificate } from 'node:tls';
import type { LibraryTls } from '../core/wiring-library.ts';
import type { Clock } from '../ports/clock.ts';

export interface SipAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean | LibraryTls;
}

export interface DialParts {
  readonly clock: Pick<Clock, 'after'>;
  readonly withinMs: number;
  /** Destroys what is being dialled. */
  readonly signal?: AbortSignal;
}

/** Rejects with words for people; see sip2-trouble.ts. */
export async function dialSip(address: SipAddress, parts: DialParts): Promise<Socket> {
  const { host, port, tls } = address;
  if (tls === false) return opened(connectTcp({ host, port }), 'connect', parts);
  const wanted = tls === true ? {} : tls;
  const options = await tlsOptions(host, port, wanted);
  if (wanted.fingerprint === undefined || wanted.ca !== undefined) return dialTls(options, wanted, parts);
  return dialPinned(options, wanted, parts);
}

const OTHER = 'its certificate is not the one whose fingerprint was given';

/** What the server showed, where it was refused. */
export class UntrustedError extends Error {
  readonly shown: X509Certificate;
  readonly code: string | undefined;
  constructor(shown: X509Certificate, cause: Error) {
    super(cause.message, { cause });
    this.shown = shown;
    this.code = (cause as NodeJS.ErrnoException).code;
  }
}

export const sha256Of = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();

async function tlsOptions(host: string, port: number, tls: LibraryTls): Promise<ConnectionOptions> {
  const name = tls.serverName ?? host;
  const [ca, cert, key] = await Promise.all([pemOf(tls.ca), pemOf(tls.certificate), pemOf(tls.key)]);
  return {
    host,
    port,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

const pemOf = (path: string | undefined): Promise<string | undefined> =>
  path === undefined ? Promise.resolve(undefined) : readFile(path, 'utf8');

/** First as to a stranger, whose certificate is refused and looked at; then with that one certificate to trust. */
async function dialPinned(options: ConnectionOptions, tls: LibraryTls, parts: DialParts): Promise<Socket> {
  try {
    return await dialTls(options, tls, parts);
  } catch (error) {
    if (!(error instanceof UntrustedError)) throw error;
    if (sha256Of(error.shown) !== tls.fingerprint) throw new Error(OTHER, { cause: error });
    const ca = error.shown.toString();
    return dialTls({ ...options, ca, allowPartialTrustChain: true }, tls, parts);
  }
}

function dialTls(options: ConnectionOptions, { fingerprint }: LibraryTls, parts: DialParts): Promise<Socket> {
  // The one certificate that is meant needs no name.
  const checks =
    fingerprint === undefined
      ? {}
      : { checkServerIdentity: (_: string, cert: PeerCertificate) => pinned(cert, fingerprint) };
  const socket = connectTls({ ...options, ...checks });
  let shown: X509Certificate | undefined;
  // Before anything is refused, and gone. Not by getPeerX509Certificate: Node 20 then checks the name of an empty certificate.
  socket.prependListener('secure', () => {
    const { raw } = socket.getPeerCertificate();
    if (raw) shown = new X509Certificate(raw);
  });
  return opened(socket, 'secureConnect', parts).catch((error: Error) => {
    throw shown ? new UntrustedError(shown, error) : error;
  });
}

const pinned = (shown: PeerCertificate, fingerprint: string): Error | undefined =>
  shown.fingerprint256.replaceAll(':', '').toLowerCase() === fingerprint ? undefined : new Error(OTHER);

function opened(socket: Socket, event: 'connect' | 'secureConnect', parts: DialParts): Promise<Socket> {
  const { clock, withinMs, signal } = parts;
  return new Promise((resolve, reject) => {
    const abort = () => void socket.destroy(new Error('given up'));
    const cancel = clock.after(withinMs, () => socket.destroy(new Error('it does not answer in time')));
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', abort);
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    socket.once('error', (error) => {
      done();
      reject(error);
    });
    socket.once('close', () => {
      done();
      reject(new Error('it closed the connection'));
    });
    socket.once(event, () => {
      done();
      socket.setNoDelay(true);
      // Whoever has it from here hears of its end by 'close'.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
