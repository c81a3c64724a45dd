// SPDX-License-Identifier: Apache-2.0
// A gate follows the schedules of the list in force, and says which ones its wiring names in vain (reference: door).
import { createPrf } from '@latchkey/protocols/authorization/credential-id';
import { EMPTY_OVERLAY } from '@latchkey/protocols/authorization/deny-overlay';
import type { AuthorizationList } from '@latchkey/protocols/authorization/list-load';
import { compilePolicy, encodePolicy } from '@latchkey/protocols/authorization/policy';
import { portalId } from '@latchkey/protocols/ids';
import { expect, it } from 'vitest';
import { DOOR_WIRING, testHardware } from '../app/bench.test-support.ts';
import { ALWAYS, policyFor } from '../app/campus.test-support.ts';
import { createAntiPassback } from '../core/anti-passback.ts';
import { parseWiring } from '../core/wiring.ts';
import { createGate } from './gate.ts';

it('a schedule that the policy lacks is an alarm by portal and schedule, until a list brings it', async () => {
  const wiring = parseWiring({
    ...DOOR_WIRING,
    portals: [{ ...DOOR_WIRING.portals[0], schedules: { unlocked: 'market-day' } }],
  });
  if (!wiring.ok) throw new Error(wiring.detail);
  const standing = new Set<string>();
  let policy = policyFor();
  const { readers, panel } = testHardware([]);
  const gate = createGate({
    wiring: wiring.value,
    readers,
    panel,
    clock: { now: () => 0, monotonic: () => 0, after: () => () => undefined },
    boot: 'b0',
    record: async () => undefined,
    listFor() {
      const compiled = compilePolicy(encodePolicy(policy));
      if (!compiled.ok) throw new Error(compiled.detail);
      return { policy: compiled.value } as AuthorizationList;
    },
    overlay: () => EMPTY_OVERLAY,
    prf: () => undefined,
    campusPrf: () => undefined,
    standInPrf: createPrf(new Uint8Array(16)),
    instant: () => ({ ms: Date.UTC(2026, 10, 23), quality: 'free' }),
    codes: { check: () => ({ kind: 'repeat' }), isStillNew: () => false, use: () => undefined },
    antiPassback: createAntiPassback(),
    isOnline: () => false,
    ask: async () => undefined,
    lanes: { tell: () => undefined },
    onPassed: () => undefined,
    setAlarm(alarm, active, subject) {
      if (active) standing.add(`${alarm} ${subject}`);
      else standing.delete(`${alarm} ${subject}`);
    },
  });
  await gate.start(async () => undefined);
  expect([...standing]).toEqual(['schedule-missing north: market-day']);
  policy = { ...policy, schedules: [ALWAYS, { ...ALWAYS, id: 'market-day' }] };
  gate.refresh();
  expect([...standing]).toEqual([]);
  expect(gate.report(portalId.parse('north')).mode).toBe('Unlocked');
  await gate.close();
});
