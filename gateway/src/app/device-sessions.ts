// SPDX-License-Identifier: Apache-2.0
// Which controllers are there, and what each said in hello. A session begins with hello and ends with its connection or with
// its own goodbye; the farewell of an earlier one changes nothing (DESIGN 6).
import type { DeviceId } from '@latchkey/protocols/ids';
import type { hello } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';

export type Hello = z.infer<typeof hello>;

export interface DenyMark {
  readonly epoch: number;
  readonly seq: number;
}

export interface DeviceSession {
  readonly device: DeviceId;
  /** Of the session, as said in hello. */
  readonly id: string;
  readonly boot: string;
  readonly hello: Hello;
  /** Ids of the PRF keys it has or was sent. */
  readonly prfKeys: Set<number>;
  /** When each scope was last retracted in this session: what is granted again is dated later. */
  readonly retracted: Map<number, number>;
  /** Place in the deny chain that it last reported. */
  deny: DenyMark;
}

export interface DeviceSessions {
  begin(device: DeviceId, message: Hello): DeviceSession;
  /** `true` when this ended the device's current session. */
  bye(device: DeviceId, session: string): boolean;
  end(device: DeviceId): void;
  get(device: DeviceId): DeviceSession | undefined;
  online(): readonly DeviceSession[];
  /** The device reported a place in the deny chain. */
  reportDeny(device: DeviceId, deny: DenyMark): void;
  /** How many of the sessions of now report this place within the time, and how long the last took. */
  awaitDeny(deny: DenyMark, waitMs: number): Promise<DenyConfirmation>;
  close(): void;
}

export interface DenyConfirmation {
  readonly online: number;
  readonly confirmed: number;
  readonly confirmedMs: number | null;
}

interface Waiter {
  readonly deny: DenyMark;
  readonly missing: Set<DeviceId>;
  finish(): void;
}

const reaches = (has: DenyMark, wanted: DenyMark): boolean =>
  has.epoch > wanted.epoch || (has.epoch === wanted.epoch && has.seq >= wanted.seq);

export function createDeviceSessions(monotonicMs: () => number): DeviceSessions {
  const sessions = new Map<DeviceId, DeviceSession>();
  const waiters = new Set<Waiter>();

  function settle(device: DeviceId): void {
    for (const waiter of waiters) {
      if (waiter.missing.delete(device) && waiter.missing.size === 0) waiter.finish();
    }
  }

  function reportDeny(device: DeviceId, deny: DenyMark): void {
    const session = sessions.get(device);
    if (!session) return;
    session.deny = deny;
    for (const waiter of waiters) {
      if (!reaches(deny, waiter.deny) || !waiter.missing.delete(device)) continue;
      if (waiter.missing.size === 0) waiter.finish();
    }
  }

  function awaitDeny(deny: DenyMark, waitMs: number): Promise<DenyConfirmation> {
    const startMs = monotonicMs();
    const all = [...sessions.values()];
    const missing = new Set(all.filter((session) => !reaches(session.deny, deny)).map(({ device }) => device));
    const result = (): DenyConfirmation => ({
      online: all.length,
      confirmed: all.filter(({ device }) => reaches(sessions.get(device)?.deny ?? NOWHERE, deny)).length,
      confirmedMs: missing.size === 0 ? Math.round(monotonicMs() - startMs) : null,
    });
    if (missing.size === 0) return Promise.resolve(result());
    return new Promise((resolve) => {
      const waiter: Waiter = {
        deny,
        missing,
        finish() {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(result());
        },
      };
      const timer = setTimeout(() => waiter.finish(), waitMs);
      waiters.add(waiter);
    });
  }

  return {
    begin(device, message) {
      const session: DeviceSession = {
        device,
        id: message.session,
        boot: message.boot,
        hello: message,
        prfKeys: new Set(message.prfKeys),
        retracted: new Map(),
        deny: { epoch: message.deny.epoch, seq: message.deny.seq },
      };
      sessions.set(device, session);
      reportDeny(device, session.deny);
      return session;
    },
    bye(device, session) {
      if (sessions.get(device)?.id !== session) return false;
      sessions.delete(device);
      settle(device);
      return true;
    },
    end(device) {
      sessions.delete(device);
      // Who left cannot confirm any more; nobody waits for it.
      settle(device);
    },
    get: (device) => sessions.get(device),
    online: () => [...sessions.values()],
    reportDeny,
    awaitDeny,
    close() {
      for (const waiter of waiters) waiter.finish();
      sessions.clear();
    },
  };
}

const NOWHERE: DenyMark = { epoch: -1, seq: 0 };
