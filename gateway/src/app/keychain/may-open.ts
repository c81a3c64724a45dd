// SPDX-License-Identifier: Apache-2.0
// Whether a person may open a door from the keychain now: the registry of this moment, by the same rules as at the door, with
// the class of a remote command. Whoever the card office holds, or who has left, may not.
import { holderId } from '@latchkey/protocols/authorization/credential-id';
import { toHex } from '@latchkey/protocols/bytes/hex';
import type { PortalId } from '@latchkey/protocols/ids';
import type { Reason } from '@latchkey/protocols/mqtt/reasons';
import { decideNow, type JudgeOptions } from '../judge-question.ts';
import { heldPeople } from '../registry/held-people.ts';

export type MayOpenOptions = Pick<JudgeOptions, 'database' | 'epoch' | 'timeZone' | 'nowMs'>;

export interface RightAsked {
  readonly person: number;
  readonly number: string;
  readonly portal: string;
  readonly scope: number;
}

export type Right =
  | { readonly outcome: 'granted' }
  /** No right here at all: this door is none of theirs. */
  | { readonly outcome: 'none' }
  | { readonly outcome: 'denied'; readonly why: 'held' | 'not-allowed-now' | 'needs-card'; readonly reason: Reason };

export const isHeld = async ({ database: { db } }: MayOpenOptions, person: number): Promise<boolean> =>
  (await heldPeople(db).where('person_id', '=', person).executeTakeFirst()) !== undefined;

/** `held`: as found for this person, so that many doors ask once. */
export async function mayOpen(options: MayOpenOptions, asked: RightAsked, held: boolean): Promise<Right> {
  if (held) return { outcome: 'denied', why: 'held', reason: 'CredentialDenied' };
  const standIn = toHex(holderId(asked.number));
  const presented = { id: standIn, class: 'remote-command' as const };
  const { scope, person } = asked;
  const question = { portal: asked.portal as PortalId, direction: 'in' as const };
  const verdict = await decideNow(options, question, { scope, person, presented, standIn });
  if (verdict?.outcome === 'granted') return { outcome: 'granted' };
  const reason = verdict?.reason ?? 'Unauthorized';
  if (reason === 'Unauthorized' || reason === 'UnknownCredential') return { outcome: 'none' };
  return { outcome: 'denied', why: NEEDS_CARD.has(reason) ? 'needs-card' : 'not-allowed-now', reason };
}

/** The portal wants a class that a command over the network is not. */
const NEEDS_CARD: ReadonlySet<Reason> = new Set<Reason>(['AssuranceTooLow']);
