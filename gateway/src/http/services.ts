// SPDX-License-Identifier: Apache-2.0
// What the routes need of the gateway, in the API's own terms. Every change names its actor, for the audit chain.
import type { Changed, Page } from '@latchkey/protocols/api/common';
import type { DutyRoster, DutyRosterBody } from '@latchkey/protocols/api/duty-rosters';
import type { ApiErrorCode } from '@latchkey/protocols/api/errors';
import type * as history from '@latchkey/protocols/api/history';
import type * as imports from '@latchkey/protocols/api/imports';
import type * as library from '@latchkey/protocols/api/library';
import type * as operations from '@latchkey/protocols/api/operations';
import type * as people from '@latchkey/protocols/api/people';
import type * as places from '@latchkey/protocols/api/places';
import type * as rights from '@latchkey/protocols/api/rights';
import type { RoleGrant } from '@latchkey/protocols/api/sign-in';
import type { Result } from '@latchkey/protocols/result';
import type { KeychainService, LockService } from './keychain-service.ts';
import type { OwnService } from './own-service.ts';
import type { EventReach, Reach } from './principal.ts';

export type ApiResult<T> = Result<T, ApiErrorCode>;
export type Actor = string;

/** A small set of things, read whole. `put` makes or replaces. */
export interface Collection<Item, Body, Id = string> {
  list(): Promise<readonly Item[]>;
  get(id: Id): Promise<Item | undefined>;
  put(id: Id, body: Body, actor: Actor): Promise<ApiResult<Changed>>;
  remove(id: Id, actor: Actor): Promise<ApiResult<Changed>>;
}

export interface PeopleService extends Omit<Collection<people.Person, people.PersonBody>, 'list'> {
  page(query: people.PersonQuery, reach?: Reach): Promise<ApiResult<Page<people.Person>>>;
}

export interface CardService {
  page(query: people.CardQuery, reach?: Reach): Promise<ApiResult<Page<people.Card>>>;
  get(id: string): Promise<people.Card | undefined>;
  issue(body: people.CardIssue, actor: Actor): Promise<ApiResult<people.Card>>;
  /** The old card is withdrawn, the new one takes its place in one transaction. */
  replace(id: string, body: people.CardReplace, actor: Actor): Promise<ApiResult<people.CardChange>>;
  /** Resolves once the deny (or its lifting) is sent; `waitMs` > 0 also waits for the controllers' confirmation. */
  act(id: string, action: people.CardAction, actor: Actor, waitMs: number): Promise<ApiResult<people.CardChange>>;
}

export interface CardFinder {
  lookup(body: people.CardLookup): Promise<ApiResult<people.Card>>;
  revoke(body: people.Revocation, actor: Actor, waitMs: number): Promise<ApiResult<people.CardChange>>;
}

export interface DeviceService {
  list(): Promise<readonly places.Device[]>;
  get(id: string): Promise<places.Device | undefined>;
  /** Also makes a new code for a device that waits for enrolment or is to be enrolled again. */
  add(body: places.DeviceBody, actor: Actor): Promise<ApiResult<places.DeviceCode>>;
  revoke(id: string, actor: Actor): Promise<ApiResult<Changed>>;
  /** Authorised by the one-time code in the body. */
  enrol(body: operations.EnrolBody): Promise<ApiResult<operations.EnrolAnswer>>;
}

export interface CommandService {
  unlock(portal: string, actor: Actor): Promise<ApiResult<operations.CommandState>>;
  setMode(portal: string, mode: operations.ModeBody['mode'], actor: Actor): Promise<ApiResult<operations.CommandState>>;
  releaseMode(portal: string, actor: Actor): Promise<ApiResult<operations.CommandState>>;
  lockdown(
    on: boolean,
    portals: readonly string[] | undefined,
    actor: Actor,
  ): Promise<ApiResult<operations.CommandState[]>>;
  get(id: string): Promise<operations.CommandState | undefined>;
}

export interface EventService {
  page(query: history.EventQuery, actor: Actor, reach?: EventReach): Promise<ApiResult<Page<history.ApiEvent>>>;
  /** Oldest first, page by page, without holding them all. */
  export(filter: history.EventFilter, actor: Actor, reach?: EventReach): AsyncIterable<history.ApiEvent>;
  /** Events after `afterId` (absent: from now on), as they are committed, until the signal. */
  follow(
    filter: history.EventStreamQuery,
    afterId: string | undefined,
    signal: AbortSignal,
    actor: Actor,
    reach?: EventReach,
  ): AsyncIterable<history.ApiEvent>;
}

export interface AuditService {
  page(query: { limit: number; cursor?: string | undefined }): Promise<ApiResult<Page<history.AuditEntry>>>;
  verify(): Promise<history.AuditCheck>;
}

export type ImportOutcome =
  | { readonly ok: true; readonly difference: imports.ImportDifference }
  | { readonly ok: false; readonly problems: readonly imports.ImportProblem[] };

export interface ImportRequest {
  readonly kind: imports.ImportKind;
  readonly csv: Uint8Array;
  readonly dryRun: boolean;
  readonly form: string | undefined;
}

/** Buildings that a thing lies in: none for what is the whole campus's; undefined where there is no such thing. */
export interface BuildingFinder {
  ofPerson(number: string): Promise<readonly string[] | undefined>;
  ofPortal(id: string): Promise<readonly string[] | undefined>;
  ofCard(id: string): Promise<readonly string[] | undefined>;
  ofCardNumber(number: string, form: string | undefined): Promise<readonly string[] | undefined>;
  ofCommand(id: string): Promise<readonly string[] | undefined>;
  portalsWithin(buildings: readonly string[]): Promise<readonly string[]>;
}

export interface RoleService {
  /** undefined: there is no such person. */
  get(number: string): Promise<readonly RoleGrant[] | undefined>;
  put(number: string, grants: readonly RoleGrant[], actor: Actor): Promise<ApiResult<Changed>>;
}

export interface ApiServices {
  readonly buildings: BuildingFinder;
  readonly roles: RoleService;
  readonly people: PeopleService;
  readonly groups: Collection<people.Group, people.GroupBody>;
  readonly cards: CardService;
  readonly cardFinder: CardFinder;
  readonly scopes: Collection<places.Scope, places.ScopeBody, number>;
  readonly portals: Collection<places.Portal, places.PortalBody>;
  readonly schedules: Collection<rights.Schedule, rights.ScheduleBody>;
  readonly holidays: Collection<rights.Holiday, rights.HolidayBody>;
  readonly levels: Collection<rights.Level, rights.LevelBody>;
  /** Those with a shift that is not over. */
  readonly dutyRosters: Collection<DutyRoster, DutyRosterBody>;
  readonly loanRules: Collection<library.LoanRule, library.LoanRuleBody>;
  /** `list`: those of whom something is kept. */
  readonly borrowers: Collection<library.Borrower, library.BorrowerBody>;
  readonly devices: DeviceService;
  readonly commands: CommandService;
  readonly events: EventService;
  readonly audit: AuditService;
  /** Of whoever makes the request. */
  readonly own: OwnService;
  readonly keychain: KeychainService;
  readonly locks: LockService;
  explain(body: operations.ExplainBody): Promise<ApiResult<operations.Explanation>>;
  import(request: ImportRequest, actor: Actor): Promise<ApiResult<ImportOutcome>>;
  ready(): boolean;
  /** Prometheus text of the process and of the gateway's parts. */
  metrics(): Promise<{ contentType: string; text: string }>;
}
