// SPDX-License-Identifier: Apache-2.0
// What happened: door events and the audit chain of changes, each paged newest first or streamed as it comes.
import { z } from 'zod';
import { journalEvent } from '../mqtt/events.ts';
import { instant, pageOf, pageQuery, personNumber, slug } from './common.ts';

export const eventType = z.string().regex(/^[a-z-]{1,40}$/, 'use an event type, such as access-denied');
export const eventFilter = {
  from: instant.optional(),
  until: instant.optional(),
  portal: slug.optional(),
  device: slug.optional(),
  person: personNumber.optional(),
  type: eventType.optional(),
};
export const eventQuery = z.object({ ...pageQuery, ...eventFilter });
export const eventExportQuery = z.object(eventFilter);
export const eventStreamQuery = z.object({
  portal: slug.optional(),
  device: slug.optional(),
  type: eventType.optional(),
});

export const event = z
  .object({
    id: z.string().describe('rises in the order of arrival; usable as Last-Event-ID'),
    device: slug,
    epoch: z.string(),
    seq: z.int(),
    receivedAt: instant,
    person: personNumber.nullable().describe('who holds the credential, where the registry knows it'),
    event: journalEvent,
  })
  .meta({ id: 'Event' });
export const eventPage = pageOf(event);

export const auditEntry = z
  .object({
    seq: z.int(),
    at: instant,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' });
export const auditQuery = z.object({ ...pageQuery });
export const auditPage = pageOf(auditEntry);
export const auditCheck = z.object({
  intact: z.boolean(),
  entries: z.int(),
  brokenAt: z.int().nullable().describe('sequence of the first entry that does not fit the one before'),
  head: z.string().describe('hash of the newest entry: keep a copy elsewhere to notice a chain cut short'),
});

export type EventQuery = z.infer<typeof eventQuery>;
export type EventFilter = z.infer<typeof eventExportQuery>;
export type EventStreamQuery = z.infer<typeof eventStreamQuery>;
export type ApiEvent = z.infer<typeof event>;
export type AuditEntry = z.infer<typeof auditEntry>;
export type AuditCheck = z.infer<typeof auditCheck>;
