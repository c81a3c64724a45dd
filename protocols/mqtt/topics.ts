// SPDX-License-Identifier: Apache-2.0
// Topic names of DESIGN 6: lk/v1/{site}/{device}/up|dn/…, and the campus broadcast lk/v1/{site}/bc.
import { type DeviceId, deviceId, type SiteId, siteId } from '../ids.ts';

export const UP = ['hello', 'bye', 'need', 'list', 'res', 'ev', 'ask', 'time', 'health', 'locks', 'renew'] as const;
export const DOWN = ['list', 'cmd', 'ack', 'answer', 'time', 'certificate'] as const;
export type UpKind = (typeof UP)[number];
export type DownKind = (typeof DOWN)[number];

export const upTopic = (site: SiteId, device: DeviceId, kind: UpKind) => `lk/v1/${site}/${device}/up/${kind}`;
export const downTopic = (site: SiteId, device: DeviceId, kind: DownKind) => `lk/v1/${site}/${device}/dn/${kind}`;
/** What a device subscribes to besides the broadcast. */
export const downFilter = (site: SiteId, device: DeviceId) => `lk/v1/${site}/${device}/dn/#`;
export const broadcastTopic = (site: SiteId) => `lk/v1/${site}/bc`;

export interface ParsedTopic {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly way: 'up' | 'dn';
  readonly kind: UpKind | DownKind;
}

/** `undefined` for anything that is not exactly a device topic of this version. */
export function parseTopic(topic: string): ParsedTopic | undefined {
  const [lk, version, site, device, way, kind, ...rest] = topic.split('/');
  if (lk !== 'lk' || version !== 'v1' || rest.length > 0 || kind === undefined) return undefined;
  if (way !== 'up' && way !== 'dn') return undefined;
  if (!(way === 'up' ? UP : DOWN).includes(kind as never)) return undefined;
  const parsedSite = siteId.safeParse(site);
  const parsedDevice = deviceId.safeParse(device);
  if (!parsedSite.success || !parsedDevice.success) return undefined;
  return { site: parsedSite.data, device: parsedDevice.data, way, kind: kind as UpKind | DownKind };
}
