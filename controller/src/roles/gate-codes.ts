// SPDX-License-Identifier: Apache-2.0
// Pass codes at the portals of a gate: what a check needs to know, what an accepted code uses up, and the challenges that lane
// displays show (lists-and-codes, gate rules). Codes stay in this call and are kept nowhere.
import type { Prf } from '@latchkey/protocols/authorization/credential-id';
import type { DenyOverlay } from '@latchkey/protocols/authorization/deny-overlay';
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { equalBytes } from '@latchkey/protocols/bytes/equal';
import {
  CHALLENGE_LIFE_MS,
  challengeState,
  gateIdOf,
  type ShownChallenge,
  showChallenge,
  useChallenge,
} from '@latchkey/protocols/codes/challenges';
import { type CodeAcceptance, type CodeCheck, checkCode } from '@latchkey/protocols/codes/check-code';
import { type Challenge, challengeText } from '@latchkey/protocols/codes/pass-code';
import { createSeenCodes } from '@latchkey/protocols/codes/seen-codes';
import type { PortalId } from '@latchkey/protocols/ids';
import type { HeldCode, Scan } from '../core/admission-state.ts';
import { type CodeClock, codeDriftMs, codesFromMs } from '../core/code-clock.ts';
import type { TrustedInstant } from '../core/trusted-time.ts';
import type { Clock } from '../ports/clock.ts';
import type { LaneChallenge } from '../ports/lane-signals.ts';
import type { Random } from '../ports/random.ts';
import type { ZoneCodes } from './zone-codes.ts';

export interface GateCodes {
  /** The whole check, offline. Changes nothing. */
  check(portal: PortalId, scan: Scan): CodeCheck;
  isStillNew(portal: PortalId, acceptance: CodeAcceptance): boolean;
  /** Somebody is let in with it: used up here, and told to the zone, before it returns. */
  use(portal: PortalId, reader: string, held: HeldCode): void;
  /** For the portal's display; the one before for as long as it is young and unused. Nothing where no codes are taken. */
  challenge(portal: PortalId): LaneChallenge | undefined;
}

export interface GateCodesParts {
  readonly campusId: string;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Pick<Random, 'bytes'>;
  readonly codeClock: CodeClock;
  readonly instant: () => TrustedInstant;
  readonly keyring: () => Keyring;
  readonly listFor: (portal: PortalId) => AuthorizationList | undefined;
  readonly overlay: () => DenyOverlay;
  readonly prf: (id: number) => Prf | undefined;
  readonly campusPrf: () => Prf | undefined;
  readonly zones: ZoneCodes;
  /** Portals with a reader that may be a scanner. */
  readonly portals: ReadonlySet<PortalId>;
}

const NONCE_BYTES = 8;
const NEVER: readonly ShownChallenge[] = [];

export function createGateCodes(parts: GateCodesParts): GateCodes {
  const { clock, zones } = parts;
  const startedMs = clock.monotonic();
  const shown = new Map<PortalId, readonly ShownChallenge[]>();
  /** For lists that take no codes: empty for ever. */
  const nothingSeen = createSeenCodes();
  const zoneOf = (portal: PortalId) => parts.listFor(portal)?.policy.document.zone;
  const shownAt = (portal: PortalId) => shown.get(portal) ?? NEVER;

  function show(portal: PortalId, atMs: number): ShownChallenge {
    const challenge = { gateId: gateIdOf(portal), nonce: parts.random.bytes(NONCE_BYTES) };
    const all = showChallenge(shownAt(portal), challenge, atMs);
    shown.set(portal, all);
    return { challenge, shownMs: atMs, used: false };
  }

  function isOpen(portal: PortalId, challenge: Challenge): boolean {
    const found = shownAt(portal).find((each) => equalBytes(each.challenge.nonce, challenge.nonce));
    return found !== undefined && challengeState(found, clock.monotonic()) === 'open';
  }

  return {
    check(portal, { reader, direction, text, atMs }) {
      const { overlay, prf, campusPrf, keyring, campusId } = parts;
      const list = parts.listFor(portal);
      const zone = zoneOf(portal);
      const instant = parts.instant();
      const driftMs = codeDriftMs(instant, parts.codeClock);
      return checkCode(text, {
        list,
        zone,
        portal,
        direction,
        reader,
        instant,
        atMs,
        driftMs,
        campusId,
        overlay: overlay(),
        scopePrf: list && prf(list.head.prfKeyId),
        campusPrf: campusPrf(),
        bootMs: codesFromMs(instant.ms, clock.monotonic() - startedMs, driftMs),
        seen: zone === undefined ? nothingSeen : zones.of(zone),
        keyring: keyring(),
        challenges: shownAt(portal),
      });
    },
    isStillNew(portal, { seen, challenge }) {
      const zone = zoneOf(portal);
      if (zone === undefined || (challenge && !isOpen(portal, challenge))) return false;
      return seen === undefined || seen.timeS > (zones.of(zone).lastSeen(seen.key) ?? -1);
    },
    use(portal, reader, { acceptance, text }) {
      const { seen, challenge } = acceptance;
      const zone = zoneOf(portal);
      if (challenge) shown.set(portal, useChallenge(shownAt(portal), challenge));
      if (zone === undefined) return;
      if (seen) zones.accept(zone, seen);
      zones.of(zone).noteGrant(reader, text, clock.monotonic());
    },
    challenge(portal) {
      if (!parts.portals.has(portal) || zoneOf(portal) === undefined) return undefined;
      const nowMs = clock.monotonic();
      const [newest] = shownAt(portal);
      const isYoung = newest !== undefined && !newest.used && nowMs - newest.shownMs < CHALLENGE_LIFE_MS / 2;
      const { challenge, shownMs } = isYoung ? newest : show(portal, nowMs);
      return { text: challengeText(challenge), expiresMs: CHALLENGE_LIFE_MS - (nowMs - shownMs) };
    },
  };
}
