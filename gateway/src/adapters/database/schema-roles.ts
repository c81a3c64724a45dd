// SPDX-License-Identifier: Apache-2.0
// Roles people hold besides being students, one row a role and building.
import type { Role } from '@latchkey/protocols/api/sign-in';

export interface RoleGrantTable {
  person_id: number;
  role: Role;
  /** Name of a building as people and portals carry it; empty: the whole campus. */
  building: string;
}
