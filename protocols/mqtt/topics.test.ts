// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceId, siteId } from '../ids.ts';
import { broadcastTopic, DOWN, downFilter, downTopic, parseTopic, UP, upTopic } from './topics.ts';

const site = siteId.parse('main');
const device = deviceId.parse('gate-1');
const anySlug = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/);

describe('topics', () => {
  it('are those of the design', () => {
    expect(upTopic(site, device, 'ev')).toBe('lk/v1/main/gate-1/up/ev');
    expect(downTopic(site, device, 'list')).toBe('lk/v1/main/gate-1/dn/list');
    expect(downFilter(site, device)).toBe('lk/v1/main/gate-1/dn/#');
    expect(broadcastTopic(site)).toBe('lk/v1/main/bc');
  });
  it('round-trip for every site, device and kind', () => {
    fc.assert(
      fc.property(anySlug, anySlug, fc.constantFrom(...UP), fc.constantFrom(...DOWN), (s, d, up, down) => {
        const [anySite, anyDevice] = [siteId.parse(s), deviceId.parse(d)];
        const parsed = { site: s, device: d };
        expect(parseTopic(upTopic(anySite, anyDevice, up))).toEqual({ ...parsed, way: 'up', kind: up });
        expect(parseTopic(downTopic(anySite, anyDevice, down))).toEqual({ ...parsed, way: 'dn', kind: down });
      }),
    );
  });
  it('no device can be in the place of the broadcast: bc has no fifth level', () => {
    expect(parseTopic(broadcastTopic(site))).toBeUndefined();
  });
  it.each([
    ['a wildcard as device', 'lk/v1/main/+/up/ev'],
    ['a wildcard as kind', 'lk/v1/main/gate-1/up/#'],
    ['a wildcard as site', 'lk/v1/#'],
    ['a wildcard inside a level', 'lk/v1/main/gate+1/up/ev'],
    ['a further level', 'lk/v1/main/gate-1/up/ev/x'],
    ['an empty level', 'lk/v1/main//up/ev'],
    ['a leading slash', '/lk/v1/main/gate-1/up/ev'],
    ['a trailing slash', 'lk/v1/main/gate-1/up/ev/'],
    ['another version', 'lk/v2/main/gate-1/up/ev'],
    ['another root', '$SYS/v1/main/gate-1/up/ev'],
    ['capitals', 'lk/v1/Main/gate-1/up/ev'],
    ['letters that look alike', 'lk/v1/main/g\u0430te-1/up/ev'],
    ['full-width letters', 'lk/v1/main/\uff47ate-1/up/ev'],
    ['a NUL', 'lk/v1/main/gate-1\u0000/up/ev'],
    ['a line end after the name', 'lk/v1/main/gate-1\n/up/ev'],
    ['a hyphen at the edge', 'lk/v1/main/-gate/up/ev'],
    ['41 characters', `lk/v1/main/${'a'.repeat(41)}/up/ev`],
    ['a kind of the other way', 'lk/v1/main/gate-1/dn/ev'],
    ['a kind of no way', 'lk/v1/main/gate-1/up/constructor'],
    ['another way', 'lk/v1/main/gate-1/in/ev'],
  ])('refuses %s', (_, topic) => {
    expect(parseTopic(topic)).toBeUndefined();
  });
  it('never throws, and what it takes is what it would make', () => {
    const hostile = fc.array(fc.oneof(fc.constantFrom('lk', 'v1', 'up', 'dn', 'ev', '+', '#', ''), fc.string()), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(hostile, (levels) => {
        const topic = levels.join('/');
        const parsed = parseTopic(topic);
        if (parsed) expect(`lk/v1/${parsed.site}/${parsed.device}/${parsed.way}/${parsed.kind}`).toBe(topic);
      }),
    );
  });
});
