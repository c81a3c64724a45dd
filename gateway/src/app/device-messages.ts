// SPDX-License-Identifier: Apache-2.0
// Every message of a controller to the part that handles it: checked against its schema first, one after the other for each
// controller. What does not fit is dropped and counted, never half believed.
import type { DeviceId } from '@latchkey/protocols/ids';
import { decodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import { type Renewal, UP_MESSAGES } from '@latchkey/protocols/mqtt/messages';
import type { UpKind } from '@latchkey/protocols/mqtt/topics';
import type { z } from 'zod';
import type { Answers } from './answers.ts';
import type { Commands } from './commands.ts';
import type { DeviceHealth } from './device-health.ts';
import type { DeviceSessions } from './device-sessions.ts';
import type { Distribution } from './distribution.ts';
import type { Ingest } from './ingest.ts';
import type { LockNetwork } from './locks/lock-network.ts';
import type { Log } from './log.ts';
import type { PortalReports } from './portal-reports.ts';
import type { TimeRequest } from './time.ts';

export interface DeviceMessages {
  /** Resolves when the message may be acknowledged. */
  take(device: DeviceId, kind: UpKind, payload: Uint8Array): Promise<void>;
  connected(device: DeviceId): void;
  disconnected(device: DeviceId): void;
}

export interface DeviceMessageParts {
  readonly sessions: DeviceSessions;
  readonly ingest: Ingest;
  readonly reports: PortalReports;
  readonly health: DeviceHealth;
  readonly distribution: Distribution;
  readonly commands: Commands;
  readonly locks: Pick<LockNetwork, 'hello' | 'ended' | 'report'>;
  readonly answers: Answers;
  readonly renew: (device: DeviceId, asked: Renewal) => Promise<void>;
  readonly time: (device: DeviceId, request: TimeRequest, t1: number) => Promise<void>;
  readonly nowMs: () => number;
  readonly log: Log;
}

type Spoken = Exclude<UpKind, 'ev'>;
type Message<Kind extends Spoken> = z.infer<(typeof UP_MESSAGES)[Kind]>;
type Handlers = { readonly [Kind in Spoken]: (device: DeviceId, message: Message<Kind>) => Promise<void> };

/** What must not wait behind a transfer or a hello: it is worth nothing later. */
const URGENT: ReadonlySet<UpKind> = new Set(['ask', 'time', 'res']);

export function createDeviceMessages(parts: DeviceMessageParts): DeviceMessages {
  const { sessions, log } = parts;
  const turns = new Map<DeviceId, Promise<void>>();
  const handlers = handlersOf(parts);

  function inTurn(device: DeviceId, work: () => Promise<void>): Promise<void> {
    const done = (turns.get(device) ?? Promise.resolve()).then(work);
    turns.set(
      device,
      done.catch(() => undefined),
    );
    return done;
  }

  function handle(device: DeviceId, kind: Spoken, payload: Uint8Array): Promise<void> {
    const envelope = decodeEnvelope(payload);
    const parsed = envelope.ok ? UP_MESSAGES[kind].safeParse(envelope.value.json) : undefined;
    if (!parsed?.success) {
      log.warn({ device, kind, field: parsed?.error.issues[0]?.path.join('.') ?? '' }, 'message not understood');
      return Promise.resolve();
    }
    // Checked against the schema of this very kind, which is what the handler takes.
    const take = handlers[kind] as (device: DeviceId, message: unknown) => Promise<void>;
    const work = () => take(device, parsed.data);
    return URGENT.has(kind) ? work() : inTurn(device, work);
  }

  return {
    // Events keep their own order, beside everything else.
    take: (device, kind, payload) =>
      kind === 'ev' ? parts.ingest.take(device, payload) : handle(device, kind, payload),
    connected: () => undefined,
    disconnected(device) {
      sessions.end(device);
      parts.distribution.ended(device);
      parts.locks.ended(device);
      turns.delete(device);
      parts.health.lastSeen(device).catch(() => log.warn({ device }, 'last sight not recorded'));
    },
  };
}

function handlersOf(parts: DeviceMessageParts): Handlers {
  const { sessions, reports, distribution, commands } = parts;
  return {
    async hello(device, said) {
      const session = sessions.begin(device, said);
      await parts.health.hello(device, said);
      await reports.whole(device, said.portals, said.time.nowMs);
      await parts.ingest.resume(device, said.journal);
      await commands.hello(session);
      await distribution.hello(session);
      await parts.locks.hello(session);
    },
    async bye(device, { session }) {
      if (sessions.bye(device, session)) distribution.ended(device);
    },
    need: (device, said) => distribution.need(device, said),
    list: (device, said) => distribution.report(device, said),
    res: (device, said) => commands.result(device, said),
    ask: (device, said) => parts.answers.take(device, said),
    time: (device, said) => parts.time(device, said, parts.nowMs()),
    renew: (device, said) => parts.renew(device, said),
    locks: (device, said) => parts.locks.report(device, said),
    async health(device, said) {
      if (said.deny) sessions.reportDeny(device, said.deny);
      await parts.health.health(device, said);
      await reports.whole(device, said.portals, said.time.nowMs);
    },
  };
}
