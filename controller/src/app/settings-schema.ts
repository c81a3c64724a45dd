// SPDX-License-Identifier: Apache-2.0
// What a controller remembers besides lists and events: who it is, how it is wired, what it has seen of versions and time, and
// the modes that operators set. Fields are added, never given another meaning.
import { deviceId, portalId, siteId } from '@latchkey/protocols/ids';
import { z } from 'zod';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `use ${bytes * 2} hex digits`);
const count = z.int('use a whole number').min(0, 'use 0 or more');

const enrolment = z.object({
  site: siteId,
  device: deviceId,
  campusId: hex(8),
  mqttUrl: z.string().regex(/^mqtts:\/\/[^/]+$/, 'use mqtts://host:port'),
});

/** Highest list of a scope that was in force: nothing below it is ever used again. */
const listMark = z.object({
  epoch: count,
  version: count,
  digest: hex(32),
  /** Taken away by the gateway: no list is expected, and still none below the mark is ever used. */
  retracted: z.boolean().optional(),
});

/** A root document accepted: its signed frame in base64url, and the digest that pins it at every start. */
const rootMark = z.object({ frame: z.string(), digest: hex(32) });
export type RootMark = z.infer<typeof rootMark>;

const keptModes = z.enum(['Locked', 'Unlocked', 'Blocked', 'DoubleLocked', 'LockedOpen', 'LockedDown']);

/** A mode that somebody set and that holds until superseded or released, with the order of the command that set it. */
const keptMode = z.object({ mode: keptModes.nullable(), order: count, by: z.string().max(80) });

export const settingsSchema = z.object({
  format: z.literal(1, 'this version reads format 1'),
  /** Checked by itself, so that its errors name its own fields. */
  wiring: z.unknown(),
  enrolment: enrolment.nullable(),
  trust: z.object({
    root: rootMark.nullable(),
    /** The one before, while a list signed under it is still in force. */
    previousRoot: rootMark.nullable(),
    lists: z.record(z.string().regex(/^[1-9][0-9]*$/, 'use the number of a scope'), listMark),
    deny: z.object({ epoch: count, seq: count }),
    beat: z.object({ epoch: count, seq: count }),
    timeMarkMs: count,
    campusKey: count.nullable(),
  }),
  /** Order of the last mode change carried out: an older one that arrives late undoes nothing. */
  commandOrder: count,
  portals: z.record(portalId, z.object({ operator: keptMode.optional(), lockdown: keptMode.optional() })),
  /** Openings of smart locks under way, by the id of their command. */
  openings: z.record(z.string(), z.object({ actor: z.string().max(80), portal: portalId })).optional(),
});
export type Settings = z.infer<typeof settingsSchema>;
export type Enrolment = z.infer<typeof enrolment>;

export const NEW_SETTINGS: Settings = {
  format: 1,
  wiring: null,
  enrolment: null,
  trust: {
    root: null,
    previousRoot: null,
    lists: {},
    deny: { epoch: 0, seq: 0 },
    beat: { epoch: 0, seq: 0 },
    timeMarkMs: 0,
    campusKey: null,
  },
  commandOrder: 0,
  portals: {},
};
