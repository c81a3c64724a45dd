// SPDX-License-Identifier: Apache-2.0
// The conversation with the gateway: hello first, then everybody who has something to say; every message to whom it is for
// (DESIGN 6). Without it the controller decides on.
import { decodeFrame, hasMagic, MAGICS } from '@latchkey/protocols/authorization/signed-frame';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { hello } from '@latchkey/protocols/mqtt/messages';
import type { DownKind } from '@latchkey/protocols/mqtt/topics';
import type { z } from 'zod';
import type { Link, LinkHandlers } from '../ports/link.ts';
import type { Random } from '../ports/random.ts';
import type { Asker } from './asker.ts';
import type { Commander } from './commander.ts';
import type { CorridorSide } from './corridor-side.ts';
import type { DenyKeeper } from './deny-keeper.ts';
import type { HealthReporter } from './health.ts';
import type { ListKeeper } from './list-keeper.ts';
import type { Log } from './log.ts';
import type { Renewal } from './renewal.ts';
import type { Timekeeper } from './timekeeper.ts';
import type { Uploader } from './uploader.ts';

export type Hello = Omit<z.infer<typeof hello>, 'session'>;

export interface SessionParts {
  readonly random: Random;
  readonly log: Log;
  readonly hello: () => Promise<Hello>;
  readonly lists: ListKeeper;
  readonly denies: DenyKeeper;
  readonly commander: Commander;
  readonly asker: Asker;
  readonly uploader: Uploader;
  readonly timekeeper: Timekeeper;
  readonly health: HealthReporter;
  readonly corridor: Pick<CorridorSide, 'onUp' | 'onDown'>;
  readonly renewal: Renewal;
}

export interface Session {
  readonly handlers: LinkHandlers;
  /** Payload of the will; a new session for every connection. */
  farewell(): Uint8Array;
  isUp(): boolean;
  /** Of the connection of now. */
  id(): string;
  /** Says goodbye where there is a connection. */
  close(link: Pick<Link, 'publish'>): Promise<void>;
}

const SESSION_BYTES = 8;

export function createSession(parts: SessionParts, link: Pick<Link, 'publish'>): Session {
  const { log } = parts;
  let session = '';
  let up = false;
  const everybody = () => [
    parts.lists,
    parts.denies,
    parts.uploader,
    parts.asker,
    parts.timekeeper,
    parts.health,
    parts.corridor,
    parts.renewal,
  ];

  function farewell(): Uint8Array {
    session = toHex(parts.random.bytes(SESSION_BYTES));
    return encodeEnvelope({ session });
  }

  async function greet(): Promise<void> {
    const mine = session;
    await link.publish('hello', encodeEnvelope({ ...(await parts.hello()), session: mine }));
    if (mine !== session || up) return;
    up = true;
    log.info({ session }, 'gateway reached');
    for (const each of everybody()) each.onUp();
    parts.commander.onUp();
  }

  function broadcast(bytes: Uint8Array): Promise<void> | undefined {
    const frame = decodeFrame(bytes);
    if (!frame.ok) return undefined;
    if (hasMagic(frame.value.payload, MAGICS.deny)) return parts.denies.onDeny(bytes);
    if (hasMagic(frame.value.payload, MAGICS.beat)) return parts.denies.onBeat(bytes);
    return undefined;
  }

  function take(kind: DownKind | 'bc', bytes: Uint8Array): Promise<void> | undefined {
    switch (kind) {
      case 'bc':
        return broadcast(bytes);
      case 'list':
        return parts.lists.onMessage(bytes);
      case 'cmd':
        return parts.commander.onCommand(bytes);
      case 'answer':
        return parts.asker.onAnswer(bytes);
      case 'time':
        return parts.timekeeper.onTime(bytes);
      case 'certificate':
        return parts.renewal.onCertificate(bytes);
      case 'ack':
        parts.uploader.onAck(bytes);
        return undefined;
    }
  }

  return {
    farewell,
    isUp: () => up,
    id: () => session,
    handlers: {
      onUp() {
        greet().catch((error: unknown) =>
          log.warn({ reason: (error as { code?: string }).code ?? 'unknown' }, 'hello not sent'),
        );
      },
      onDown() {
        if (up) log.info({ session }, 'gateway lost');
        up = false;
        for (const each of everybody()) each.onDown();
      },
      onMessage(kind, payload) {
        // The link's buffer is its own; what is checked later must be what came.
        take(kind, payload.slice())?.catch((error: unknown) =>
          log.error({ kind, error: String(error) }, 'message failed'),
        );
      },
    },
    async close(last) {
      if (!up) return;
      up = false;
      await last.publish('bye', encodeEnvelope({ session })).catch(() => undefined);
      for (const each of everybody()) each.onDown();
    },
  };
}
