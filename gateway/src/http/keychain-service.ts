// SPDX-License-Identifier: Apache-2.0
// What the routes of the keychain and of smart locks need. `person` is the number of whoever opens.
import type { Changed } from '@latchkey/protocols/api/common';
import type * as keychain from '@latchkey/protocols/api/keychain';
import type * as locks from '@latchkey/protocols/api/locks';
import type { CommandState } from '@latchkey/protocols/api/operations';
import type { Reach } from './principal.ts';
import type { Actor, ApiResult } from './services.ts';

export interface KeychainService {
  doors(person: string): Promise<ApiResult<keychain.MyDoor[]>>;
  open(person: string, tap: { portal: string; confirm: string; via: string }): Promise<ApiResult<keychain.Opening>>;
  opening(person: string, id: string): Promise<ApiResult<keychain.Opening>>;
  /** As it changes, until it is final or the signal. */
  follow(person: string, id: string, signal: AbortSignal): AsyncIterable<keychain.Opening>;
}

export interface LockService {
  list(): Promise<readonly locks.Lock[]>;
  get(portal: string): Promise<locks.Lock | undefined>;
  /** Of locks in reach. */
  rollouts(reach: Reach): Promise<locks.Rollouts>;
  add(body: locks.LockBody, actor: Actor): Promise<ApiResult<Changed>>;
  replace(portal: string, body: locks.ReplaceBody, actor: Actor): Promise<ApiResult<Changed>>;
  corridors(portal: string, devices: readonly string[], actor: Actor): Promise<ApiResult<Changed>>;
  retire(portal: string, actor: Actor): Promise<ApiResult<Changed>>;
  /** Answers with the command; the lock is reset once it is done. */
  reset(portal: string, actor: Actor): Promise<ApiResult<CommandState>>;
  order(portal: string, order: locks.LockOrder, actor: Actor): Promise<ApiResult<CommandState>>;
  grants(): Promise<readonly locks.Grant[]>;
  grant(body: locks.GrantBody, actor: Actor): Promise<ApiResult<locks.Grant>>;
  withdraw(id: string, actor: Actor): Promise<ApiResult<Changed>>;
}
