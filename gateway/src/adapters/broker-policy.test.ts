// SPDX-License-Identifier: Apache-2.0
// The whole table of who may say and hear what.
import { deviceId, siteId } from '@latchkey/protocols/ids';
import { UP } from '@latchkey/protocols/mqtt/topics';
import { describe, expect, it } from 'vitest';
import { type ConnectRequest, judgeConnect, judgePublish, maySubscribe, PAYLOAD_CAPS } from './broker-policy.ts';

const SITE = siteId.parse('campus');
const DEVICE = deviceId.parse('gate-1');
const EMPTY = new Uint8Array();
const code = (result: { ok: true } | { ok: false; code: string }) => (result.ok ? 'ok' : result.code);
const publish = (topic: string, more: object = {}) =>
  code(judgePublish(SITE, DEVICE, { topic, qos: 1, retain: false, payload: EMPTY, ...more }));

describe('publishing', () => {
  it.each(UP)('allows the own up/%s', (kind) => {
    expect(judgePublish(SITE, DEVICE, { topic: `lk/v1/campus/gate-1/up/${kind}`, qos: 1, payload: EMPTY })).toEqual({
      ok: true,
      value: kind,
    });
  });
  it.each([
    'lk/v1/campus/gate-2/up/ev',
    'lk/v1/other/gate-1/up/ev',
    'lk/v1/campus/gate-1/dn/cmd',
    'lk/v1/campus/gate-1/up/unknown',
    'lk/v1/campus/gate-1/up/ev/more',
    'lk/v1/campus/gate-1/up',
    'lk/v1/campus/bc',
    'lk/v2/campus/gate-1/up/ev',
    '$SYS/broker/heartbeat',
    '/lk/v1/campus/gate-1/up/ev',
    'LK/v1/campus/gate-1/up/ev',
    'anything',
    '',
  ])('refuses %j', (topic) => {
    expect(publish(topic)).toBe('foreign-topic');
  });
  it('refuses what is to be retained, QoS 2, and payloads above their cap', () => {
    expect(publish('lk/v1/campus/gate-1/up/ev', { retain: true })).toBe('retained');
    expect(publish('lk/v1/campus/gate-1/up/ev', { qos: 2 })).toBe('qos-2');
    for (const kind of UP) {
      const topic = `lk/v1/campus/gate-1/up/${kind}`;
      expect(publish(topic, { payload: new Uint8Array(PAYLOAD_CAPS[kind]) })).toBe('ok');
      expect(publish(topic, { payload: new Uint8Array(PAYLOAD_CAPS[kind] + 1) })).toBe('too-large');
    }
  });
});

describe('subscribing', () => {
  it('allows exactly the own dn/# and the broadcast', () => {
    for (const filter of ['lk/v1/campus/gate-1/dn/#', 'lk/v1/campus/bc']) {
      expect([0, 1, 2].map((qos) => maySubscribe(SITE, DEVICE, filter, qos))).toEqual([true, true, false]);
    }
  });
  it.each([
    '#',
    '+/#',
    '$SYS/#',
    'lk/#',
    'lk/v1/campus/#',
    'lk/v1/campus/+/dn/#',
    'lk/v1/campus/gate-2/dn/#',
    'lk/v1/campus/gate-1/#',
    'lk/v1/campus/gate-1/up/#',
    'lk/v1/campus/gate-1/dn/list',
    'lk/v1/other/bc',
    '$share/all/lk/v1/campus/bc',
  ])('refuses %j', (filter) => {
    expect(maySubscribe(SITE, DEVICE, filter, 1)).toBe(false);
  });
});

describe('connecting', () => {
  const good: ConnectRequest = { clientId: 'gate-1', protocolVersion: 4, clean: true, keepalive: 12 };
  const will = { topic: 'lk/v1/campus/gate-1/up/bye', payload: EMPTY, retain: false };
  it.each<[string, object]>([
    ['ok', {}],
    ['ok', { will }],
    ['wrong-protocol', { protocolVersion: 5 }],
    ['wrong-protocol', { protocolVersion: 3 }],
    ['wrong-protocol', { bridgeMode: true }],
    ['wrong-client-id', { clientId: 'gate-2' }],
    ['wrong-client-id', { clientId: '' }],
    ['session-not-clean', { clean: false }],
    ['bad-keepalive', { keepalive: 0 }],
    ['bad-keepalive', { keepalive: 600 }],
    ['bad-will', { will: { ...will, retain: true } }],
    ['bad-will', { will: { ...will, topic: 'lk/v1/campus/gate-2/up/bye' } }],
    ['bad-will', { will: { ...will, topic: 'lk/v1/campus/gate-1/up/ev' } }],
    ['bad-will', { will: { ...will, payload: new Uint8Array(2_000) } }],
  ])('%s for %j', (expected, change) => {
    expect(code(judgeConnect(SITE, DEVICE, { ...good, ...change }))).toBe(expected);
  });
});
