// SPDX-License-Identifier: Apache-2.0
// The gate with what stands around it: pass codes and the zone's other controllers, lamps and displays of its lanes. Everything
// it needs to decide is handed in; nothing here waits for the network.
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { ZoneNeighbours } from '../adapters/zone-neighbours.ts';
import { codeDriftMs } from '../core/code-clock.ts';
import type { Wiring } from '../core/wiring.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import type { ZoneLink } from '../ports/zone-link.ts';
import { createGate, type Gate } from '../roles/gate.ts';
import { createGateCodes, type GateCodes } from '../roles/gate-codes.ts';
import type { DecisionParts } from '../roles/gate-decisions.ts';
import { createZoneCodes } from '../roles/zone-codes.ts';
import type { Asker } from './asker.ts';
import type { DenyKeeper } from './deny-keeper.ts';
import type { Hardware } from './hardware.ts';
import { createLanes } from './lanes.ts';
import type { ListKeeper } from './list-keeper.ts';
import type { Log } from './log.ts';
import type { PassbackFile } from './passback-file.ts';
import type { PrfKeys } from './prf-keys.ts';
import type { Recording } from './recording.ts';
import type { Foundation } from './start-controller.ts';
import type { TrustedClock } from './trusted-clock.ts';

export interface GateSideParts extends Pick<Foundation, 'settings' | 'enrolment' | 'wiring' | 'trust'> {
  readonly boot: string;
  readonly hardware: Hardware;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly time: TrustedClock;
  readonly recording: Recording;
  readonly lists: ListKeeper;
  readonly denies: DenyKeeper;
  readonly prfKeys: PrfKeys;
  readonly passback: PassbackFile;
  readonly asker: Asker;
  readonly isOnline: () => boolean;
}

export interface GateSide {
  readonly gate: Gate;
  /** Also for portals that are none of the gate's. */
  readonly codes: GateCodes;
  readonly decisionParts: DecisionParts;
  /** Resolves when cards and codes are decided. */
  start(restoreModes: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

const PRF_KEY_BYTES = 16;

export function createGateSide(parts: GateSideParts): GateSide {
  const { settings, wiring, boot, hardware, clock, random, log, time, lists, denies, prfKeys, passback } = parts;
  const { alarms, recordOfDoor } = parts.recording;
  const codeClock = { ...wiring.clock, markMs: settings.current().trust.timeMarkMs };
  const list = {
    listFor: lists.listFor,
    overlay: denies.overlay,
    prf: prfKeys.get,
    campusPrf() {
      const { campusKey } = settings.current().trust;
      return campusKey === null ? undefined : prfKeys.get(campusKey);
    },
    instant: time.instant,
  };
  const zones = createZoneCodes({
    link: neighboursOf(parts),
    clock,
    boot,
    zones: () => zonesOf(lists, prfKeys),
    nowMs: () => time.instant().ms,
    driftMs: () => codeDriftMs(time.instant(), codeClock),
  });
  const codes = createGateCodes({
    ...list,
    campusId: parts.enrolment.campusId,
    clock,
    random,
    codeClock,
    keyring: () => parts.trust.keyring(),
    zones,
    portals: portalsWithScanner(wiring),
  });
  const setAlarm = alarms.set;
  const lanes = createLanes({
    wiring,
    panel: hardware.panel,
    clock,
    random,
    log,
    setAlarm,
    challenge: codes.challenge,
  });
  const decisionParts = { ...list, standInPrf: createPrf(random.bytes(PRF_KEY_BYTES)) };
  const gate = createGate({
    ...decisionParts,
    wiring,
    readers: hardware.readers,
    panel: hardware.panel,
    clock,
    boot,
    record: recordOfDoor,
    codes,
    antiPassback: passback.antiPassback,
    isOnline: parts.isOnline,
    ask: parts.asker.ask,
    onPassed: passback.touch,
    lanes,
    setAlarm,
  });
  return {
    gate,
    codes,
    decisionParts,
    async start(restoreModes) {
      // Neighbours first: what they accepted meanwhile must not open here.
      await zones.start();
      try {
        await gate.start(restoreModes);
      } catch (error) {
        await Promise.all([gate.close(), zones.close()]);
        throw error;
      }
      lanes.start();
    },
    async close() {
      await lanes.close();
      await gate.close();
      await zones.close();
    },
  };
}

function neighboursOf({ wiring, clock, random, log }: GateSideParts): ZoneLink | undefined {
  const { neighbours } = wiring;
  if (!neighbours) return undefined;
  const say = (message: string, fields: object) => log.info(fields, message);
  return new ZoneNeighbours({ ...neighbours, clock, random, log: say });
}

const zonesOf = (lists: ListKeeper, prfKeys: PrfKeys) =>
  lists.lists().flatMap(({ head, policy }) => {
    const { zone } = policy.document;
    const key = prfKeys.zoneKey(head.prfKeyId);
    return zone === undefined || key === undefined ? [] : [{ zone, key }];
  });

/** Simulated readers may be either. */
function portalsWithScanner({ readers, portals }: Wiring) {
  const scanners = new Set(readers.flatMap(({ name, kind }) => (kind === 'pcsc' ? [] : [name])));
  return new Set(portals.flatMap(({ id, readers: own }) => (own.some(({ name }) => scanners.has(name)) ? [id] : [])));
}
