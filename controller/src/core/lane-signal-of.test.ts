// SPDX-License-Identifier: Apache-2.0
// Which events of a portal people in its lane are told of.
import { portalId } from '@latchkey/protocols/ids';
import { describe, expect, it } from 'vitest';
import type { EventBody } from './event-body.ts';
import { laneSignalOf } from './lane-signal-of.ts';

const portal = portalId.parse('lane');
const passage = {
  portal,
  direction: 'out',
  credential: { ref: '0123456789abcdef', class: 'uid-only' },
  admission: 'x-1',
} as const;
const told = (event: EventBody) => laneSignalOf(event, (reader) => (reader === 'inner' ? 'out' : undefined));

describe('people in a lane', () => {
  it('are told why they are refused, in their direction', () => {
    const reason = 'CredentialExpired';
    expect(told({ type: 'access-denied', ...passage, via: 'list', reason })).toEqual({
      directions: ['out'],
      signal: { kind: 'refused', reason },
    });
    const code = { type: 'code-refused', portal, direction: 'in', reader: 'outer', form: 'alipay' } as const;
    expect(told({ ...code, reason: 'PaymentCodeNotAccepted' })).toEqual({
      directions: ['in'],
      signal: { kind: 'refused', reason: 'PaymentCodeNotAccepted' },
    });
  });

  it('are told that nothing was read, at the side of the reader', () => {
    expect(told({ type: 'unreadable-card', portal, reader: 'inner' })?.directions).toEqual(['out']);
    expect(told({ type: 'unreadable-card', portal, reader: 'elsewhere' })).toBeUndefined();
  });

  it.each([
    [{ type: 'door-alarm', portal, alarm: 'DoorOpenTooLong', warning: true }, 'warning'],
    [{ type: 'door-alarm', portal, alarm: 'DoorOpenTooLong' }, 'alarm'],
    [{ type: 'door-alarm', portal, alarm: 'Normal' }, 'over'],
    [{ type: 'door-position', portal, state: 'Closed' }, 'over'],
  ] as const)('are told on both sides of a door held open: %j', (event, stage) => {
    expect(told(event)).toEqual({ directions: ['in', 'out'], signal: { kind: 'held-open', stage } });
  });

  it('are not told of grants by the record, nor of what is no business of theirs', () => {
    expect(told({ type: 'access-granted', ...passage, via: 'list' })).toBeUndefined();
    expect(told({ type: 'access-taken', ...passage })).toBeUndefined();
    expect(told({ type: 'door-alarm', portal, alarm: 'Tamper' })).toBeUndefined();
    expect(told({ type: 'door-position', portal, state: 'Open' })).toBeUndefined();
  });
});
