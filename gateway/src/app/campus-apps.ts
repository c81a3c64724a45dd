// SPDX-License-Identifier: Apache-2.0
// Campus apps from their configuration (gateway/README.md, Campus apps).
import { z } from 'zod';
import { type CampusApps, createCampusApps } from '../http/campus-apps.ts';
import { readSecret } from './read-secret.ts';

const campusApp = z.strictObject({
  id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'use 1 to 40 of a-z, 0-9 and "-"'),
  secretFile: z.string().min(1, 'name the file with the shared secret'),
  requestsPerMinute: z.int('use a whole number').min(1, 'use 1 to 60000').max(60_000, 'use 1 to 60000').default(1_200),
});

export const campusAppConfigs = z
  .array(campusApp)
  .max(20, 'use at most 20 campus apps')
  .superRefine((apps, context) => {
    const twice = apps.findIndex(({ id }, at) => apps.findIndex((each) => each.id === id) !== at);
    // `pass` is what openings from the pass say.
    const own = apps.findIndex(({ id }) => id === 'pass');
    const at = Math.max(twice, own);
    if (at >= 0)
      context.addIssue({ code: 'custom', path: [at, 'id'], message: 'this id is taken; give it one of its own' });
  })
  .default([]);

export async function openCampusApps(
  configs: z.infer<typeof campusAppConfigs>,
  nowMs: () => number,
): Promise<CampusApps> {
  const apps = [];
  for (const { id, secretFile, requestsPerMinute } of configs)
    apps.push({ id, requestsPerMinute, secret: await readSecret(`campus app ${id}`, secretFile) });
  return createCampusApps({ apps, nowMs });
}
