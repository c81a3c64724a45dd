// SPDX-License-Identifier: Apache-2.0
// The browser behind a request, as signing in sees it.
import type { FastifyRequest } from 'fastify';
import { agentFamily } from './agent-family.ts';
import { deviceToken, sessionToken } from './session-cookie.ts';
import type { Caller } from './sign-in-services.ts';

export const callerOf = (request: FastifyRequest): Caller => ({
  address: request.ip,
  agent: agentFamily(request.headers['user-agent']),
  device: deviceToken(request),
  session: sessionToken(request),
});
