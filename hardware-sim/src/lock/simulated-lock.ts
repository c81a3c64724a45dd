// SPDX-License-Identifier: Apache-2.0
// A lock as it hangs on a door: flash and mechanics that outlive its firmware, and power that comes and goes. What radios connect
// to, and what people do to it.
import { concatBytes } from '@latchkey/protocols/bytes/equal';
import type { CredentialClass } from '@latchkey/protocols/ids';
import { COMPANY_ID } from '@latchkey/protocols/lock/advertisement';
import { PowerLost, SimulatedFlash } from './flash.ts';
import { createLockBody, type LockBody, type LockTimers } from './lock-body.ts';
import { bootLock, LOCK_FLASH_PAGES, type LockFirmware } from './lock-firmware.ts';
import type { LockPeer } from './lock-link.ts';

export interface SimulatedLockParts {
  /** 16 hex digits. */
  readonly lockId: string;
  /** 16 bytes. */
  readonly labelCode: Uint8Array;
  /** Lower case, with colons. */
  readonly address: string;
  readonly timers: LockTimers;
  readonly random: { bytes(count: number): Uint8Array };
  /** Parts per million that its quartz runs fast. */
  readonly drift?: number;
}

export interface SimulatedLock {
  readonly lockId: string;
  readonly address: string;
  readonly labelCode: Uint8Array;
  /** Written to its log since it was made. */
  records(): number;
  readonly body: LockBody;
  readonly flash: SimulatedFlash;
  /** Public static key, as paired. */
  key(): Uint8Array;
  /** Company and data; `undefined` without power. */
  manufacturerData(): Uint8Array | undefined;
  connect(peer: LockPeer, room: number): { onFrame(frame: Uint8Array): void; onClosed(): void } | undefined;
  present(uid: Uint8Array, credential: CredentialClass): ReturnType<LockFirmware['present']>;
  factoryReset(): Promise<void>;
  isBusy(): boolean;
  /** The link breaks, as when somebody walks away with the radio. */
  dropLink(): void;
  hasPower(): boolean;
  /** The battery is taken out: at once, whatever runs. */
  cutPower(): void;
  /** Resolves once it has booted, or failed to because power went again. */
  powerUp(): Promise<void>;
}

const COMPANY = Uint8Array.of(COMPANY_ID & 0xff, COMPANY_ID >> 8);

export async function createSimulatedLock(parts: SimulatedLockParts): Promise<SimulatedLock> {
  const { lockId, address, labelCode, random, timers, drift = 0 } = parts;
  const rate = 1 + drift / 1e6;
  const quartz: LockTimers = { monotonic: () => timers.monotonic() * rate, after: timers.after };
  const flash = new SimulatedFlash(LOCK_FLASH_PAGES);
  const body = createLockBody(quartz);
  let firmware: LockFirmware | undefined;
  const drops = new Set<() => void>();
  let booting = false;

  function dropLinks(): void {
    for (const drop of drops) drop();
    drops.clear();
  }

  function cutPower(): void {
    firmware?.close();
    firmware = undefined;
    dropLinks();
  }

  function restart(): void {
    cutPower();
    void powerUp();
  }

  async function powerUp(): Promise<void> {
    if (firmware || booting) return;
    booting = true;
    try {
      const events = { onPowerLost: cutPower, onRestart: restart };
      firmware = await bootLock({ flash, body, timers: quartz, random, lockId, labelCode, ...events });
    } catch (error) {
      if (!(error instanceof PowerLost)) throw error;
    } finally {
      booting = false;
    }
  }

  const running = (): LockFirmware => {
    if (!firmware) throw new Error('the lock has no power');
    return firmware;
  };

  await powerUp();
  return {
    lockId,
    address,
    labelCode,
    records: () => running().records(),
    body,
    flash,
    key: () => running().key,
    manufacturerData: () => firmware && concatBytes([COMPANY, firmware.advertisement()]),
    connect(peer, room) {
      const link = firmware?.connect(peer, room);
      if (!link) return undefined;
      const drop = () => peer.drop();
      drops.add(drop);
      return {
        onFrame: link.onFrame,
        onClosed() {
          drops.delete(drop);
          link.onClosed();
        },
      };
    },
    present: async (uid, credential) => firmware?.present(uid, credential),
    factoryReset: async () => firmware?.factoryReset(),
    dropLink: dropLinks,
    isBusy: () => booting || firmware?.isBusy() === true,
    hasPower: () => firmware !== undefined,
    cutPower,
    powerUp,
  };
}
