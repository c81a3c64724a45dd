// SPDX-License-Identifier: Apache-2.0
// What a lock keeps over a power cut, by name and form.
import { z } from 'zod';
import type { SettingsStore } from './settings-store.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const count = z.int().min(0);
const listMark = z.object({ epoch: count, version: count, digest: hex(32), total: count });
const key = z.object({ id: count, key: hex(16) });

const FORMS = {
  /** The lock's own static secret (X25519). */
  secret: hex(32),
  pairing: z.object({ campusId: hex(8), scope: count, advertisementKey: hex(16) }),
  corridors: z.object({ order: count, keys: z.array(hex(32)) }),
  /** Base64 of the root document's frame in force, and the digest of its payload. */
  root: z.object({ frame: z.base64(), digest: hex(32) }),
  'scope-key': key,
  'campus-key': key,
  /** Base64 of the deny overlay. */
  overlay: z.base64(),
  shadow: listMark,
  'shadow-offset': count,
  active: listMark.extend({ slot: z.union([z.literal(0), z.literal(1)]) }),
  /** First number of the log that a controller does not have yet. */
  freed: count,
  /** Records below this one were forgotten by a factory reset. */
  wiped: count,
  time: z.object({ ms: count, epoch: count, beatSeq: count }),
  /** Tickets acted on, until they have expired: what was said of each. */
  tickets: z.array(
    z.object({
      id: hex(8),
      digest: hex(8),
      expiresS: count,
      action: count,
      outcome: z.enum(['accepted', 'done', 'failed']),
      code: count,
    }),
  ),
  boots: count,
  /** Handshakes under the label's code that nobody finished. */
  'pairing-attempts': count,
} as const;
export type MemoryName = keyof typeof FORMS;
export type MemoryValue<N extends MemoryName> = z.infer<(typeof FORMS)[N]>;

const NAMES = Object.keys(FORMS) as MemoryName[];

export interface LockMemory {
  read<N extends MemoryName>(name: N): MemoryValue<N> | undefined;
  /** Durable on return. Throws RangeError where it does not fit. */
  write<N extends MemoryName>(name: N, value: MemoryValue<N>): void;
  remove(name: MemoryName): void;
  clear(): void;
}

export function openLockMemory(store: SettingsStore): LockMemory {
  const cache = new Map<MemoryName, unknown>();
  for (const name of NAMES) {
    const bytes = store.get(NAMES.indexOf(name));
    if (bytes) cache.set(name, FORMS[name].parse(JSON.parse(new TextDecoder().decode(bytes))));
  }
  return {
    read: <N extends MemoryName>(name: N) => cache.get(name) as MemoryValue<N> | undefined,
    write(name, value) {
      store.put(NAMES.indexOf(name), new TextEncoder().encode(JSON.stringify(value)));
      cache.set(name, value);
    },
    remove(name) {
      store.remove(NAMES.indexOf(name));
      cache.delete(name);
    },
    clear() {
      store.clear();
      cache.clear();
    },
  };
}
