// SPDX-License-Identifier: Apache-2.0
// Commands to doors, the explainer and enrolment. A command's answer says what the door confirmed, never what was hoped for.
import { z } from 'zod';
import { credentialClass, direction } from '../ids.ts';
import { REASONS } from '../mqtt/reasons.ts';
import { instant, personNumber, slug } from './common.ts';
import { cardForm, cardNumber } from './people.ts';

export const SETTABLE_MODES = ['Locked', 'Unlocked', 'Blocked', 'DoubleLocked', 'LockedOpen'] as const;
export const modeBody = z.object({
  mode: z.enum(SETTABLE_MODES, `use one of ${SETTABLE_MODES.join(', ')}, or release`),
});
/** Everything of the campus, or the portals named. */
export const lockdownBody = z.object({ portals: z.array(slug).max(500).optional() });

/**
 * sent: no answer within the wait; received: the controller has it, the door has not confirmed; done: the door confirmed;
 * refused and expired: it did not happen; queued: a mode change waits for the controller to come back.
 */
export const COMMAND_STATES = ['queued', 'sent', 'received', 'done', 'refused', 'expired'] as const;
export const commandState = z
  .object({
    id: z.string(),
    device: slug,
    portal: slug.nullable(),
    operation: z.string(),
    state: z.enum(COMMAND_STATES),
    code: z.string().nullable().describe("the door's reason, when refused"),
    elapsedMs: z.int().nullable().describe('from the call to the result; null while there is none'),
  })
  .meta({ id: 'Command' });
export const commandList = z.object({ items: z.array(commandState) });

export const explainBody = z
  .object({
    person: personNumber.optional(),
    number: cardNumber.optional(),
    form: cardForm.optional(),
    portal: slug,
    direction: direction.default('in'),
    at: instant.optional().describe('now, unless given'),
  })
  .refine((body) => (body.number === undefined) !== (body.person === undefined), {
    error: 'give either person or number',
    path: ['person'],
  });
export const explanation = z
  .object({
    portal: slug,
    direction,
    at: instant,
    list: z.object({ scope: z.int(), version: z.int(), issuedAt: instant }).nullable(),
    cards: z.array(
      z.object({
        card: z.string().nullable().describe('card id; null for a phone, and for a number the registry does not know'),
        phone: z.string().optional().describe('phone id, where it is the codes of a phone'),
        ending: z.string().describe('of the card number; empty for a phone'),
        class: credentialClass,
        outcome: z.enum(['granted', 'denied']),
        reason: z.enum(REASONS).nullable(),
        steps: z
          .array(z.string())
          .describe('rules passed, in order; the last one refused, where the outcome is denied'),
      }),
    ),
    notes: z.array(z.string()).describe('what else matters, such as a controller that does not have this list yet'),
  })
  .meta({ id: 'Explanation' });

/** Controller → gateway over HTTPS, authorised by the one-time code alone. */
export const enrolBody = z.object({
  code: z.string().max(80),
  csr: z.string().max(4_000).describe('PEM; the TLS key stays in the controller'),
  encryptionKey: z.record(z.string(), z.unknown()).describe('public JWK for the PRF keys'),
  software: z.string().max(40).optional(),
});
export const enrolAnswer = z
  .object({
    site: slug,
    device: slug,
    campusId: z.string(),
    certificate: z.string().describe('PEM, for the key of the request'),
    ca: z.string().describe('PEM of the authority that signed it and the gateway'),
    mqttUrl: z.string(),
    root: z.string().describe('root document, a signed frame in base64url'),
  })
  .meta({ id: 'Enrolment' });

export type ModeBody = z.infer<typeof modeBody>;
export type LockdownBody = z.infer<typeof lockdownBody>;
export type CommandState = z.infer<typeof commandState>;
export type ExplainBody = z.infer<typeof explainBody>;
export type Explanation = z.infer<typeof explanation>;
export type EnrolBody = z.infer<typeof enrolBody>;
export type EnrolAnswer = z.infer<typeof enrolAnswer>;
