// SPDX-License-Identifier: Apache-2.0
// What the routes of a signed-in person need. `person` is the number of whoever makes the request: ids of anybody else's
// things name nothing here.
import type { Changed, Page } from '@latchkey/protocols/api/common';
import type * as me from '@latchkey/protocols/api/me';
import type { Actor, ApiResult } from './services.ts';

export interface OwnService {
  pass(person: string): Promise<ApiResult<me.MyPass>>;
  readonly phones: OwnPhones;
  readonly cards: OwnCards;
  passages(
    person: string,
    query: { limit: number; cursor?: string | undefined },
  ): Promise<ApiResult<Page<me.MyPassage>>>;
}

export interface OwnPhones {
  list(person: string): Promise<ApiResult<{ items: me.MyPhone[]; allowed: number }>>;
  /** Good once, for a while, in this session. */
  challenge(person: string, session: string): Promise<ApiResult<{ challenge: string }>>;
  enrol(person: string, session: string, body: me.PhoneEnrol): Promise<ApiResult<me.PhoneEnrolled>>;
  /** `actor`: the person, or who stands in for them. */
  withdraw(person: string, id: string, actor: Actor): Promise<ApiResult<Changed>>;
  certificates(person: string, id: string): Promise<ApiResult<me.PhoneCertificate[]>>;
  /** For whoever proves the phone's key. */
  status(ask: me.PhoneStatusAsk): Promise<ApiResult<me.PhoneStatus>>;
}

export interface OwnCards {
  list(person: string): Promise<ApiResult<me.MyCard[]>>;
  lose(person: string, id: string, waitMs: number): Promise<ApiResult<me.MyCardChange>>;
  found(person: string, id: string, waitMs: number): Promise<ApiResult<me.MyCardChange>>;
}
