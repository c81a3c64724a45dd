// SPDX-License-Identifier: Apache-2.0
// Accepts connections of controllers: mutual TLS against the gateway's own authority, so many handshakes at once, and the
// certificate's common name as the device's name.
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { type DeviceId, deviceId } from '@latchkey/protocols/ids';
import { normalSerial, type ServerIdentity } from './ca.ts';
import type { ConnectionLimits } from './connection-limits.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly identity: ServerIdentity;
  /** PEM of the authority of the controllers' certificates. */
  readonly authority: string;
  readonly limits: ConnectionLimits;
  readonly log: (message: string, fields: Readonly<Record<string, string | number>>) => void;
  readonly accept: (peer: Peer) => void;
}

/** A connection whose certificate has been verified; it has not said anything yet. */
export interface Peer {
  readonly socket: TLSSocket;
  readonly device: DeviceId;
  /** Of the certificate, lower-case hex. */
  readonly serial: string;
  /** The connection no longer counts as a stranger's. */
  readonly settle: () => void;
}

interface Open {
  readonly socket: Socket;
  readonly settle: () => void;
}

export interface Listener {
  readonly port: number;
  /** For handshakes from now on. */
  renew(identity: ServerIdentity): void;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
const BACKLOG = 1_024;

export async function listenForControllers(options: ListenerOptions): Promise<Listener> {
  const open = new Map<string, Open>();
  const contextOf = (identity: ServerIdentity) =>
    ({ ...identity, ca: options.authority, minVersion: 'TLSv1.2' }) as const;
  const tls = createTlsServer({
    ...contextOf(options.identity),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
  tls.on('tlsClientError', (error) => options.log('handshake failed', { reason: codeOf(error) }));
  tls.on('secureConnection', (socket) => identify(options, socket, open.get(remoteOf(socket))?.settle));
  const tcp = createServer({ noDelay: true, keepAlive: true }, (socket) => admit(options, tls, open, socket));
  await listen(tcp, options);
  const address = tcp.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    renew: (identity) => tls.setSecureContext(contextOf(identity)),
    close: () =>
      new Promise((resolve) => {
        tcp.close(() => resolve());
        for (const { socket } of open.values()) socket.destroy();
      }),
  };
}

function listen(tcp: Server, { host, port }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen({ host, port, backlog: BACKLOG }, () => {
      tcp.off('error', reject);
      resolve();
    });
  });
}

function admit(options: ListenerOptions, tls: TlsServer, open: Map<string, Open>, socket: Socket): void {
  const remote = remoteOf(socket);
  const settle = options.limits.begin(socket.remoteAddress ?? '');
  if (settle === undefined) {
    options.log('connection turned away', { reason: 'too many at once' });
    socket.destroy();
    return;
  }
  open.set(remote, { socket, settle });
  socket.once('close', () => {
    open.delete(remote);
    settle();
  });
  tls.emit('connection', socket);
}

/** The TLS socket hides the one below it; they share their remote end. */
const remoteOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

function identify({ accept, log }: ListenerOptions, socket: TLSSocket, settle?: () => void): void {
  const certificate = socket.getPeerCertificate();
  const device = deviceId.safeParse(certificate.subject?.CN);
  if (!socket.authorized || !device.success) {
    log('connection refused', { reason: 'the certificate names no device' });
    socket.destroy();
    return;
  }
  accept({
    socket,
    device: device.data,
    serial: normalSerial(certificate.serialNumber),
    settle: settle ?? (() => undefined),
  });
}

/** OpenSSL's and Node's codes say enough; their messages may quote the peer. */
const codeOf = (error: NodeJS.ErrnoException): string => (error.code ?? error.name).slice(0, 80);
