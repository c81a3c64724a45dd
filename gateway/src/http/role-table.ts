// SPDX-License-Identifier: Apache-2.0
// Who may call which route (DESIGN 8): the one table. An administrator may call every one; whatever is missing here is for
// administrators alone, and a test says so. Everybody is a student, who reaches nobody but themselves.
import type { Role } from '@latchkey/protocols/api/sign-in';

export type RouteAccess =
  /** Any signed-in person, about themselves. */
  | 'self'
  | {
      readonly roles: readonly Role[];
      /**
       * campus: the role must hold everywhere. buildings: what is outside its buildings does not exist for the caller. open:
       * the answer says nothing of one building, such as the names of groups.
       */
      readonly reach: 'campus' | 'buildings' | 'open';
    };

const campus = (...roles: Role[]): RouteAccess => ({ roles, reach: 'campus' });
const buildings = (...roles: Role[]): RouteAccess => ({ roles, reach: 'buildings' });
const open = (...roles: Role[]): RouteAccess => ({ roles, reach: 'open' });
const ADMINISTRATORS = campus();

export const ROLE_TABLE: Readonly<Record<string, RouteAccess>> = {
  // People: the card office keeps them; dorm managers and guards look up who lives in their buildings.
  'GET /v1/people': buildings('card-office', 'dorm-manager', 'security'),
  'GET /v1/people/:id': buildings('card-office', 'dorm-manager', 'security'),
  'PUT /v1/people/:id': campus('card-office'),
  'DELETE /v1/people/:id': campus('card-office'),
  'GET /v1/groups': open('card-office', 'dorm-manager', 'facilities', 'security'),
  'GET /v1/groups/:id': open('card-office', 'dorm-manager', 'facilities', 'security'),
  'PUT /v1/groups/:id': campus('card-office'),
  'DELETE /v1/groups/:id': campus('card-office'),
  'POST /v1/imports/:kind': campus('card-office'),
  // As with a lost card: whoever hears of it first stops it.
  'GET /v1/people/:id/phones': buildings('card-office', 'dorm-manager', 'security'),
  'DELETE /v1/people/:id/phones/:phone': buildings('card-office', 'dorm-manager', 'security'),

  // How people sign in and what they may: whoever changes these can become anybody.
  'GET /v1/people/:id/account': ADMINISTRATORS,
  'POST /v1/people/:id/account/reset': ADMINISTRATORS,
  'PUT /v1/people/:id/account/disabled': ADMINISTRATORS,
  'GET /v1/people/:id/roles': ADMINISTRATORS,
  'PUT /v1/people/:id/roles': ADMINISTRATORS,

  // Cards: a lost one is stopped by whoever hears of it first, given back by the card office alone.
  'GET /v1/cards': buildings('card-office', 'dorm-manager'),
  'POST /v1/cards': buildings('card-office'),
  'GET /v1/cards/:id': buildings('card-office', 'dorm-manager'),
  'POST /v1/cards/lookup': buildings('card-office', 'dorm-manager', 'security'),
  'POST /v1/cards/:id/lose': buildings('card-office', 'dorm-manager', 'security'),
  'POST /v1/cards/:id/freeze': buildings('card-office'),
  'POST /v1/cards/:id/unfreeze': buildings('card-office'),
  'POST /v1/cards/:id/found': buildings('card-office'),
  'POST /v1/cards/:id/withdraw': buildings('card-office'),
  'POST /v1/cards/:id/replace': buildings('card-office'),
  'POST /v1/revocations': buildings('card-office', 'dorm-manager', 'security'),

  // Doors and their controllers: facilities deploy them, and see their alarms, but nobody's movements.
  'GET /v1/scopes': open('facilities', 'security', 'dorm-manager'),
  'GET /v1/scopes/:id': open('facilities', 'security', 'dorm-manager'),
  'PUT /v1/scopes/:id': campus('facilities'),
  'DELETE /v1/scopes/:id': campus('facilities'),
  'GET /v1/portals': buildings('facilities', 'security', 'dorm-manager', 'auditor'),
  'GET /v1/portals/:id': buildings('facilities', 'security', 'dorm-manager', 'auditor'),
  'PUT /v1/portals/:id': campus('facilities'),
  'DELETE /v1/portals/:id': campus('facilities'),
  'GET /v1/devices': buildings('facilities', 'security'),
  'GET /v1/devices/:id': buildings('facilities', 'security'),
  'POST /v1/devices': campus('facilities'),
  'POST /v1/devices/:id/revoke': campus('facilities', 'security'),
  'GET /v1/metrics': campus('facilities'),

  // Rights: hours are facilities' business, who may pass is not.
  'GET /v1/schedules': open('facilities', 'card-office', 'dorm-manager', 'security'),
  'GET /v1/schedules/:id': open('facilities', 'card-office', 'dorm-manager', 'security'),
  'PUT /v1/schedules/:id': campus('facilities', 'security'),
  'DELETE /v1/schedules/:id': campus('facilities', 'security'),
  'GET /v1/holidays': open('facilities', 'card-office', 'dorm-manager', 'security'),
  'GET /v1/holidays/:id': open('facilities', 'card-office', 'dorm-manager', 'security'),
  'PUT /v1/holidays/:id': campus('facilities', 'security'),
  'DELETE /v1/holidays/:id': campus('facilities', 'security'),
  'GET /v1/levels': open('facilities', 'card-office', 'dorm-manager', 'security'),
  'GET /v1/levels/:id': open('facilities', 'card-office', 'dorm-manager', 'security'),
  'PUT /v1/levels/:id': campus('card-office', 'security'),
  'DELETE /v1/levels/:id': campus('card-office', 'security'),

  // Commands: who stands at the door opens it; a lockdown is for those who are trained for it.
  'POST /v1/portals/:id/unlock': buildings('dorm-manager', 'facilities', 'security'),
  'PUT /v1/portals/:id/mode': buildings('dorm-manager', 'facilities', 'security'),
  'DELETE /v1/portals/:id/mode': buildings('dorm-manager', 'facilities', 'security'),
  'GET /v1/commands/:id': buildings('dorm-manager', 'facilities', 'security'),
  'POST /v1/lockdown': buildings('security'),
  'POST /v1/lockdown/release': buildings('security'),
  'POST /v1/explain': buildings('card-office', 'dorm-manager', 'security'),

  // Smart locks: facilities put them in; who stands in for a lost key opens within their buildings. Rights to rooms for a while
  // are given where keys were.
  'GET /v1/locks': buildings('facilities', 'security', 'dorm-manager'),
  'GET /v1/locks/:id': buildings('facilities', 'security', 'dorm-manager'),
  'GET /v1/rollouts': buildings('facilities', 'dorm-manager'),
  'POST /v1/locks': campus('facilities'),
  'POST /v1/locks/:id/replace': campus('facilities'),
  'PUT /v1/locks/:id/corridors': campus('facilities'),
  'DELETE /v1/locks/:id': campus('facilities'),
  'POST /v1/locks/:id/reset': campus('facilities'),
  'POST /v1/locks/:id/restart': campus('facilities'),
  'POST /v1/locks/:id/identify': buildings('facilities', 'dorm-manager', 'security'),
  'POST /v1/locks/:id/open': buildings('dorm-manager', 'security'),
  'GET /v1/room-grants': campus('dorm-manager', 'security', 'auditor'),
  'POST /v1/room-grants': campus('dorm-manager', 'security'),
  'DELETE /v1/room-grants/:id': campus('dorm-manager', 'security'),
  'GET /v1/duty-rosters': buildings('dorm-manager', 'security', 'auditor'),
  'GET /v1/duty-rosters/:id': buildings('dorm-manager', 'security', 'auditor'),
  'PUT /v1/duty-rosters/:id': campus('dorm-manager', 'security'),
  'DELETE /v1/duty-rosters/:id': campus('dorm-manager', 'security'),

  // Library: the rules are the library's; whether somebody is blocked is for the staff of its desks.
  'GET /v1/loan-rules': open('librarian', 'card-office'),
  'GET /v1/loan-rules/:id': open('librarian', 'card-office'),
  'PUT /v1/loan-rules/:id': open('librarian'),
  'DELETE /v1/loan-rules/:id': open('librarian'),
  'GET /v1/borrowers': open('librarian'),
  'GET /v1/borrowers/:id': open('librarian'),
  'PUT /v1/borrowers/:id': open('librarian'),
  'DELETE /v1/borrowers/:id': open('librarian'),

  // Movements: every look is audited. Facilities are shown alarms only, see eventReachFor.
  'GET /v1/events': buildings('dorm-manager', 'facilities', 'security', 'auditor'),
  'GET /v1/events/export': buildings('security', 'auditor'),
  'GET /v1/events/stream': buildings('dorm-manager', 'facilities', 'security', 'auditor'),
  'GET /v1/audit': campus('auditor'),
  'GET /v1/audit/verify': campus('auditor'),

  // Oneself.
  'GET /v1/me': 'self',
  'POST /v1/me/password': 'self',
  'GET /v1/me/passkeys': 'self',
  'POST /v1/me/passkeys': 'self',
  'POST /v1/me/passkeys/options': 'self',
  'DELETE /v1/me/passkeys/:id': 'self',
  'GET /v1/me/sessions': 'self',
  'DELETE /v1/me/sessions/:id': 'self',
  'POST /v1/sign-out': 'self',
  'POST /v1/sign-out/everywhere': 'self',
  'GET /v1/me/pass': 'self',
  'GET /v1/me/phones': 'self',
  'POST /v1/me/phones': 'self',
  'POST /v1/me/phones/challenge': 'self',
  'DELETE /v1/me/phones/:id': 'self',
  'GET /v1/me/phones/:id/certificates': 'self',
  'GET /v1/me/cards': 'self',
  'POST /v1/me/cards/:id/lose': 'self',
  'POST /v1/me/cards/:id/found': 'self',
  'GET /v1/me/passages': 'self',
  'GET /v1/me/doors': 'self',
  'POST /v1/me/doors/:portal/open': 'self',
  'GET /v1/me/doors/openings/:id': 'self',
  'GET /v1/me/doors/openings/:id/events': 'self',
};

/** Deny by default: a route that nobody thought about is for administrators. */
export const accessOf = (method: string, url: string): RouteAccess => ROLE_TABLE[`${method} ${url}`] ?? ADMINISTRATORS;
