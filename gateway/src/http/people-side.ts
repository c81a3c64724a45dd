// SPDX-License-Identifier: Apache-2.0
// What the server needs where people sign in, and what stands in for it where nobody does.

import type { Origins } from './origins.ts';
import type { SessionState } from './principal.ts';
import type { SignInServices } from './sign-in-services.ts';

export interface PeopleSide {
  readonly findSession: (token: string) => Promise<SessionState | undefined>;
  readonly origins: () => Origins;
  readonly services: SignInServices;
}

/** For tests and the OpenAPI document: routes are there, nobody comes in. */
export const NOBODY: PeopleSide = {
  findSession: async () => undefined,
  origins: () => ({ primary: 'https://localhost', all: [] }),
  services: new Proxy({}, { get: () => ({}) }) as SignInServices,
};
