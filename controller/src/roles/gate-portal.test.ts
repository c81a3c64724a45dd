// SPDX-License-Identifier: Apache-2.0
// The order in which a code opens a portal: used up and told to the zone, recorded, and only then the relay and the lamps.
import { decide } from '@latchkey/protocols/authorization/decide';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import type { CodeCheck } from '@latchkey/protocols/codes/check-code';
import { expect, it } from 'vitest';
import { DOOR_WIRING } from '../app/bench.test-support.ts';
import { createAntiPassback } from '../core/anti-passback.ts';
import { parseWiring } from '../core/wiring.ts';
import { createGatePortal } from './gate-portal.ts';

const nobody = decide({
  list: undefined,
  overlay: EMPTY_OVERLAY,
  credential: { id: new Uint8Array(16), class: 'phone-code' },
  portal: 'north',
  direction: 'in',
  instant: { ms: 0, quality: 'synced' },
  scopePrf: undefined,
  campusPrf: undefined,
});
const { reason: _, ...somebody } = nobody;

it('a code is told to the zone before it is recorded, and recorded before the relay moves', async () => {
  const wiring = parseWiring(DOOR_WIRING);
  const [portal] = wiring.ok ? wiring.value.portals : [];
  if (!portal) throw new Error('no portal');
  const diary: string[] = [];
  let durable: () => void = () => undefined;
  const check: CodeCheck = {
    kind: 'identified',
    profile: 'A',
    credential: { id: new Uint8Array(16), class: 'phone-code' },
    decision: { ...somebody, outcome: 'granted' },
    acceptance: { seen: { key: '01'.repeat(8), timeS: 1 } },
  };
  const gate = createGatePortal({
    wiring: portal,
    panel: { setOutput: async (output, on) => void (on && diary.push(output)) },
    clock: { after: () => () => undefined, monotonic: () => 0 },
    boot: 'b0',
    record(event) {
      diary.push(event.type);
      return event.type === 'access-granted'
        ? new Promise<void>((resolve) => {
            durable = resolve;
          })
        : Promise.resolve();
    },
    decisions: { decide: () => nobody, stranger: () => nobody, isDenied: () => false, refOf: () => '0a'.repeat(8) },
    codes: {
      check: () => check,
      isStillNew: () => true,
      use: (_portal, reader, { text }) => void diary.push(`used at ${reader}: ${text.length} digits`),
    },
    antiPassback: createAntiPassback(),
    isOnline: () => false,
    now: () => 0,
    ask: async () => undefined,
    onPassed: () => undefined,
    lanes: { tell: (_portal, _direction, { kind }) => void diary.push(kind) },
  });
  await gate.door.send({ kind: 'start' }).settled;
  diary.length = 0;
  gate.take({ kind: 'scanned', reader: 'in', direction: 'in', text: '7'.repeat(251), atMs: 0 });
  await Promise.resolve();
  expect(diary).toEqual(['used at in: 251 digits', 'access-granted']);
  durable();
  await new Promise((resolve) => setImmediate(resolve));
  expect(diary.slice(2).filter((entry) => entry === 'lock' || entry === 'granted')).toEqual(['lock', 'granted']);
  gate.close();
});
