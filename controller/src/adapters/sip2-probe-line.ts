// SPDX-License-Identifier: Apache-2.0
// A connection of the connection tester: bytes out, one line back, as it came.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type DialParts, dialSip, type SipAddress, sha256Of } from './sip2-socket.ts';

export type ProbeAnswer =
  | { readonly kind: 'line'; readonly bytes: Uint8Array; readonly ending: string; readonly ms: number }
  | { readonly kind: 'silence' }
  | { readonly kind: 'closed' };

export interface ProbeLine {
  /** `isOurs`: others are waited past. */
  ask(bytes: Uint8Array, withinMs: number, isOurs: (line: Uint8Array) => boolean): Promise<ProbeAnswer>;
  readonly isOpen: boolean;
  readonly connectMs: number;
  readonly tls: { readonly version: string; readonly fingerprint: string } | undefined;
  close(): void;
}

const MOST_BYTES = 1_000_000;
const LINE = /^([\r\n]*)([^\r\n]+)(\r\n|\r|\n)/;
const ENDINGS: Readonly<Record<string, string>> = { '\r': 'CR', '\n': 'LF', '\r\n': 'CR LF' };

export async function openProbeLine(address: SipAddress, parts: DialParts): Promise<ProbeLine> {
  const since = performance.now();
  const socket = await dialSip(address, parts);
  const connectMs = performance.now() - since;
  let pending = '';
  let isOpen = true;
  let wake: (() => void) | undefined;
  socket.on('data', (chunk: Buffer) => {
    pending = (pending + chunk.toString('latin1')).slice(-MOST_BYTES);
    wake?.();
  });
  socket.once('close', () => {
    isOpen = false;
    wake?.();
  });

  function nextLine(): { readonly bytes: Uint8Array; readonly ending: string } | undefined {
    const [whole, leading = '', line, end = ''] = LINE.exec(pending) ?? [];
    if (whole === undefined || line === undefined) return undefined;
    pending = pending.slice(whole.length);
    const ending = `${ENDINGS[end] ?? end}${leading.includes('\n') && end === '\r' ? ', LF before the next' : ''}`;
    return { bytes: new Uint8Array(Buffer.from(line, 'latin1')), ending };
  }

  return {
    connectMs,
    tls: tlsFacts(socket),
    get isOpen() {
      return isOpen;
    },
    async ask(bytes, withinMs, isOurs) {
      const sentAt = performance.now();
      if (isOpen) socket.write(bytes);
      for (;;) {
        const line = nextLine();
        const ms = performance.now() - sentAt;
        if (line && isOurs(line.bytes)) return { kind: 'line', ...line, ms };
        if (line) continue;
        if (!isOpen) return { kind: 'closed' };
        if (ms >= withinMs) return { kind: 'silence' };
        await new Promise<void>((resolve) => {
          const cancel = parts.clock.after(withinMs - ms, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
      }
    },
    close: () => void socket.destroy(),
  };
}

/** What TLS came to; `undefined` over plain TCP. */
function tlsFacts(socket: Socket): { readonly version: string; readonly fingerprint: string } | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const shown = socket.getPeerX509Certificate();
  return { version: socket.getProtocol() ?? 'unknown', fingerprint: shown ? sha256Of(shown) : '' };
}
