// SPDX-License-Identifier: Apache-2.0
// First contact with a gateway: finds the authority that the code names in the peer's chain, and only then, over a connection
// verified against exactly that authority, sends the code (DESIGN 8).
import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { err, ok, type Result } from '@latchkey/protocols/result';
import { z } from 'zod';
import { authorityFingerprint } from './enrolment-code.ts';

export type EnrolmentFailure = 'unreachable' | 'wrong-authority' | 'refused' | 'bad-answer';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_CHAIN = 8;

const refusal = z.object({ message: z.string().max(500).optional(), code: z.string().max(80).optional() });

interface Address {
  readonly host: string;
  readonly port: number;
  readonly servername: string | undefined;
}

function addressOf(url: URL): Address {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(url.port || 443), servername: isIP(host) === 0 ? host : undefined };
}

/** PEM of the certificate in the peer's chain that has this fingerprint. Nothing is sent over this connection. */
export function findAuthority(url: URL, fingerprint: string): Promise<Result<string, EnrolmentFailure>> {
  const { host, port, servername } = addressOf(url);
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ...(servername ? { servername } : {}) });
    const finish = (result: Result<string, EnrolmentFailure>) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(TIMEOUT_MS, () => finish(err('unreachable', `${url.host} does not answer`)));
    socket.once('error', (error) => finish(err('unreachable', `${url.host}: ${error.message}`)));
    socket.once('secureConnect', () => {
      let link: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
      for (let depth = 0; link?.raw && depth < MAX_CHAIN; depth += 1) {
        if (authorityFingerprint(link.raw) === fingerprint) return finish(ok(new X509Certificate(link.raw).toString()));
        link = link.issuerCertificate === link ? undefined : link.issuerCertificate;
      }
      finish(err('wrong-authority', `${url.host} is not the gateway that made this code: check the address`));
    });
  });
}

/** POSTs JSON over TLS verified against `ca` alone. A status other than 2xx is `refused`, with the gateway's words. */
export function postJson(url: URL, ca: string, body: object): Promise<Result<unknown, EnrolmentFailure>> {
  const { servername } = addressOf(url);
  const text = JSON.stringify(body);
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve(err('unreachable', `${url.host}: ${error.message}`));
    const sent = request(url, {
      method: 'POST',
      ca,
      agent: false,
      timeout: TIMEOUT_MS,
      ...(servername ? { servername } : {}),
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.once('error', fail);
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) sent.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('end', () => resolve(readAnswer(response.statusCode ?? 0, Buffer.concat(chunks).toString())));
    });
    sent.end(text);
  });
}

function readAnswer(status: number, text: string): Result<unknown, EnrolmentFailure> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err('bad-answer', `the gateway answered ${status} without JSON: check the address`);
  }
  if (status >= 200 && status < 300) return ok(json);
  const told = refusal.safeParse(json);
  return err('refused', `the gateway refused: ${told.data?.message ?? told.data?.code ?? `status ${status}`}`);
}
