// SPDX-License-Identifier: Apache-2.0
// The roles a person holds. Everybody who may sign in is a student of the campus at least: that role reaches oneself only.
import type { RoleGrant } from '@latchkey/protocols/api/sign-in';
import type { Kysely } from 'kysely';
import type { Database } from '../../adapters/database/schema.ts';

export type GrantsOf = (db: Kysely<Database>, person: number) => Promise<readonly RoleGrant[]>;

const STUDENT: readonly RoleGrant[] = [{ role: 'student', buildings: 'all' }];

export const grantsOf: GrantsOf = async () => STUDENT;

/** Whoever can change or see more than themselves is signed out sooner. */
export const isStaff = (grants: readonly RoleGrant[]): boolean => grants.some(({ role }) => role !== 'student');
