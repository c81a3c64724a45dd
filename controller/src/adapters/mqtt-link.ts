// SPDX-License-Identifier: Apache-2.0
// The link to the gateway: MQTT 3.1.1 over mutual TLS, clean sessions, nothing kept in the client (DESIGN 6). Whatever must
// not be lost is kept by the journal and the list store, so a publish either reaches the broker now or fails.
import { isIP } from 'node:net';
import type { DeviceId, SiteId } from '@latchkey/protocols/ids';
import {
  broadcastTopic,
  type DownKind,
  downFilter,
  parseTopic,
  type UpKind,
  upTopic,
} from '@latchkey/protocols/mqtt/topics';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Link, LinkHandlers } from '../ports/link.ts';
import { type BackoffLimits, LINK_BACKOFF, reconnectDelayMs } from './backoff.ts';

export interface LinkIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface MqttLinkOptions {
  /** `mqtts://host:port` */
  readonly url: string;
  readonly site: SiteId;
  readonly device: DeviceId;
  /** PEM: the pinned authority, this device's certificate and key. Asked for at every connection where it may change. */
  readonly tls: LinkIdentity | (() => Promise<LinkIdentity>);
  /** Name the gateway's certificate must carry; the address's host unless told. */
  readonly servername?: string;
  /** Payload of the will, made anew for every connection: a session's farewell must not end the next one. */
  readonly farewell: () => Uint8Array;
  /** Uniform in [0, 1). */
  readonly unit: () => number;
  readonly backoff?: BackoffLimits;
  readonly keepaliveS?: number;
  /** Constant messages and plain fields, never options or keys. */
  readonly log?: (message: string, fields: { readonly [field: string]: string | number }) => void;
}

const DEFAULT_KEEPALIVE_S = 12;
const CONNECT_TIMEOUT_MS = 8_000;

export class LinkDownError extends Error {
  readonly code = 'LINK_DOWN';
}

/** The client hands unknown options on to TLS. */
interface TlsClientOptions extends IClientOptions {
  readonly minVersion: 'TLSv1.3';
}

function clientOptions(options: MqttLinkOptions, tls: LinkIdentity, will: Uint8Array): TlsClientOptions {
  const { hostname } = new URL(options.url);
  const servername = options.servername ?? (isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : undefined);
  return {
    protocolVersion: 4,
    clientId: options.device,
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    keepalive: options.keepaliveS ?? DEFAULT_KEEPALIVE_S,
    timerVariant: 'native',
    connectTimeout: CONNECT_TIMEOUT_MS,
    will: { topic: upTopic(options.site, options.device, 'bye'), payload: Buffer.from(will), qos: 1, retain: false },
    ...tls,
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  };
}

/** What of an error may be logged: its code and words, never the objects it carries. */
function plain(error: unknown): { error: string } {
  const { code, message } = error as { code?: string | number; message?: string };
  return { error: String(code ?? message ?? 'unknown').slice(0, 200) };
}

/** Does nothing until started. Loads the MQTT package only then: a door decides before it talks. */
export function createMqttLink(options: MqttLinkOptions): Link {
  const log = options.log ?? (() => undefined);
  const backoff = options.backoff ?? LINK_BACKOFF;
  const pending = new Set<(error: Error) => void>();
  let handlers: LinkHandlers | undefined;
  let client: MqttClient | undefined;
  let timer: NodeJS.Timeout | undefined;
  let up = false;
  let closed = false;
  let failures = 0;

  function receive(topic: string, payload: Uint8Array): void {
    if (topic === broadcastTopic(options.site)) return handlers?.onMessage('bc', payload);
    const parsed = parseTopic(topic);
    if (parsed?.way === 'dn' && parsed.device === options.device) handlers?.onMessage(parsed.kind as DownKind, payload);
  }

  function ended(gone: MqttClient): void {
    if (gone !== client) return;
    client = undefined;
    const wasUp = up;
    up = false;
    for (const reject of pending) reject(new LinkDownError('the connection ended'));
    pending.clear();
    if (wasUp) handlers?.onDown();
    failures = wasUp ? 0 : failures + 1;
    if (!closed) retry();
  }

  function retry(): void {
    const delay = reconnectDelayMs(backoff, failures, options.unit());
    timer = setTimeout(() => void connect().catch(notConnected), delay);
  }

  /** A file that cannot be read now may be there later. */
  function notConnected(error: unknown): void {
    log('link error', plain(error));
    failures += 1;
    if (!closed) retry();
  }

  async function connect(): Promise<void> {
    // Of a CommonJS package a bundle gives the default alone.
    const { default: mqtt } = await import('mqtt');
    const tls = typeof options.tls === 'function' ? await options.tls() : options.tls;
    if (closed) return;
    const attempt = mqtt.connect(options.url, clientOptions(options, tls, options.farewell()));
    client = attempt;
    attempt.on('error', (error) => log('link error', plain(error)));
    attempt.on('message', receive);
    attempt.on('close', () => {
      // Forced: nothing waits in the client for a connection that is never made again.
      attempt.end(true);
      ended(attempt);
    });
    attempt.once('connect', () => subscribe(attempt));
  }

  function subscribe(attempt: MqttClient): void {
    const filters = [downFilter(options.site, options.device), broadcastTopic(options.site)];
    attempt.subscribe(filters, { qos: 1 }, (error, granted) => {
      if (attempt !== client || closed) return;
      if (error || granted?.some(({ qos }) => (qos as number) > 1)) {
        log('subscription refused', plain(error ?? new Error('not granted')));
        attempt.end(true);
        return;
      }
      up = true;
      failures = 0;
      handlers?.onUp();
    });
  }

  return {
    async start(given) {
      handlers = given;
      await connect();
    },
    publish(kind: UpKind, payload: Uint8Array) {
      const target = client;
      if (!target || !up) return Promise.reject(new LinkDownError('not connected'));
      return new Promise<void>((resolve, reject) => {
        pending.add(reject);
        target.publish(upTopic(options.site, options.device, kind), Buffer.from(payload), { qos: 1 }, (error) => {
          pending.delete(reject);
          if (error) reject(error);
          else resolve();
        });
      });
    },
    reconnect() {
      if (up) client?.end(true);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      const last = client;
      if (last) await new Promise<void>((resolve) => last.end(!up, () => resolve()));
      if (last) ended(last);
    },
  };
}
