// SPDX-License-Identifier: Apache-2.0
// Who stands at the desk: a card or a pass code, judged by the signed list like at any gate, and the patron number that the list
// keeps behind it. A list past its end still says who somebody is: the library decides then, and nothing is lent without it.
import { type Borrowers, openBorrowers } from '@latchkey/protocols/authorization/borrowers';
import { cardId } from '@latchkey/protocols/authorization/credential-id';
import type { Decision } from '@latchkey/protocols/authorization/decide';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import type { CredentialClass, PortalId } from '@latchkey/protocols/ids';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import type { DeskEvent } from '../core/desk-state.ts';
import type { GateCodes } from './gate-codes.ts';
import { createDecisions, type DecisionParts } from './gate-decisions.ts';

export interface DeskPeople {
  card(uid: Uint8Array, presented: CredentialClass): DeskEvent;
  code(reader: string, text: string, atMs: number): DeskEvent | undefined;
  /** Credentials in force of people with a patron number. */
  borrowers(): number;
}

export interface DeskPeopleParts extends DecisionParts {
  readonly portal: PortalId;
  readonly codes: Pick<GateCodes, 'check' | 'use'>;
}

interface Presented {
  readonly id: Uint8Array;
  readonly class: CredentialClass;
}

const UNKNOWN: readonly Reason[] = ['UnknownCredential', 'ListMissing'];

export function createDeskPeople(parts: DeskPeopleParts): DeskPeople {
  const { portal, listFor, prf, codes } = parts;
  const decisions = createDecisions(parts);
  let opened: { readonly list: AuthorizationList; readonly borrowers: Borrowers } | undefined;

  function borrowersOf(list: AuthorizationList): Borrowers {
    if (opened?.list !== list) opened = { list, borrowers: openBorrowers(list.policy.document.borrowers) };
    return opened.borrowers;
  }

  function person({ id }: Presented, decision: Decision): DeskEvent {
    const { reason } = decision;
    const isPast = reason === 'ListExpired';
    if (reason !== undefined && !isPast) {
      const notice = UNKNOWN.includes(reason) ? 'card-unknown' : 'card-denied';
      return { kind: 'not-identified', notice, detail: reason };
    }
    const list = listFor(portal);
    const key = list && prf(list.head.prfKeyId);
    const number = list && key && borrowersOf(list).find(id, key);
    if (!list || number === undefined) return { kind: 'not-identified', notice: 'card-unknown' };
    const terms = list.policy.document.profiles[decision.profile ?? -1]?.loans ?? null;
    return {
      kind: 'identified',
      person: {
        number,
        ref: decisions.refOf(id),
        terms,
        blocks: [...(isPast ? (['list-expired'] as const) : []), ...(terms ? [] : (['not-a-borrower'] as const))],
      },
    };
  }

  return {
    card(uid, presented) {
      const credential = { id: cardId(uid), class: presented };
      const ref = decisions.refOf(credential.id);
      const decision = decisions.decide(portal, { reader: '', direction: 'in', credential: { ...credential, ref } });
      return person(credential, decision);
    },
    code(reader, text, atMs) {
      const checked = codes.check(portal, { reader, direction: 'in', text, atMs });
      if (checked.kind === 'repeat') return undefined;
      if (checked.kind === 'refused') return { kind: 'not-identified', notice: 'code-refused', detail: checked.reason };
      const { acceptance, credential } = checked;
      codes.use(portal, reader, { acceptance, text });
      return person(credential, checked.decision);
    },
    borrowers() {
      const list = listFor(portal);
      return list ? borrowersOf(list).count : 0;
    },
  };
}
