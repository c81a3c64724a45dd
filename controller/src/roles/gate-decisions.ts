// SPDX-License-Identifier: Apache-2.0
// What the lists in force say at a gate: of a credential, and of somebody whom no list knows.
import type { Prf } from '@latchkey/protocols/authorization/credential-id';
import { type Decision, decide, explainRecord } from '@latchkey/protocols/authorization/decide';
import type { DenyOverlay } from '@latchkey/protocols/authorization/deny-overlay';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import type { Instant } from '@latchkey/protocols/authorization/signed-time';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { Direction, PortalId } from '@latchkey/protocols/ids';
import type { Presentation } from '../core/admission-state.ts';

export interface DecisionParts {
  readonly listFor: (portal: PortalId) => AuthorizationList | undefined;
  readonly overlay: () => DenyOverlay;
  readonly prf: (id: number) => Prf | undefined;
  readonly campusPrf: () => Prf | undefined;
  /** Tells credentials apart in the record until the campus key has come; of this boot only. */
  readonly standInPrf: Prf;
  readonly instant: () => Instant;
}

export interface Decisions {
  decide(portal: PortalId, presentation: Presentation): Decision;
  /** Of a code of another app, before it is known whose it is. */
  stranger(portal: PortalId, direction: Direction): Decision;
  /** Denied since the list was made, by the reference that is recorded. */
  isDenied(ref: string): boolean;
  /** What is recorded of a credential: the key of its 16-byte id under the campus PRF. */
  refOf(id: Uint8Array): string;
}

export function createDecisions(parts: DecisionParts): Decisions {
  const { listFor, overlay, prf, campusPrf, instant } = parts;
  return {
    decide(portal, { direction, credential }) {
      const list = listFor(portal);
      const scopePrf = list && prf(list.head.prfKeyId);
      const given = { list, credential, portal, direction, scopePrf };
      return decide({ ...given, overlay: overlay(), instant: instant(), campusPrf: campusPrf() });
    },
    stranger(portal, direction) {
      const list = listFor(portal);
      if (!list) return NO_LIST;
      const { scopeId: scope, version, hardExpiry } = list.head;
      const book = { scope, version, hardExpiry, policy: list.policy };
      const passage = { portal, direction, class: 'phone-code' as const, instant: instant() };
      return explainRecord(book, undefined, false, passage).decision;
    },
    isDenied: (ref) => overlay().entries.has(ref),
    refOf: (id) => toHex((campusPrf() ?? parts.standInPrf).key(id)),
  };
}

const NO_LIST: Decision = {
  outcome: 'denied',
  reason: 'ListMissing',
  scope: 0,
  version: 0,
  extended: false,
  antiPassback: { mode: 'off', exempt: false },
  holder: undefined,
  askGateway: false,
};
