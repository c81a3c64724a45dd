// SPDX-License-Identifier: Apache-2.0
// Anti-passback in its four modes (reference: door).
import { type Direction, portalId } from '@latchkey/protocols/ids';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAntiPassback, type PassageRule } from './anti-passback.ts';

const MINUTE = 60_000;
const by = (ref: string, direction: Direction = 'in', portal = 'gate-1') => ({
  ref,
  direction,
  portal: portalId.parse(portal),
});
const hard: PassageRule = { mode: 'hard', area: 'dorm', exempt: false };

describe('anti-passback', () => {
  it('hard: refuses to enter the area one is in, and allows it again after leaving', () => {
    const ledger = createAntiPassback();
    expect(ledger.judge(by('a'), hard, 0)).toBe('ok');
    ledger.commit(by('a'), { area: 'dorm' }, 0);
    expect(ledger.judge(by('a'), hard, 1)).toBe('violation');
    expect(ledger.judge(by('b'), hard, 1)).toBe('ok');
    ledger.commit(by('a', 'out'), { area: 'campus' }, 2);
    expect(ledger.judge(by('a'), hard, 3)).toBe('ok');
  });

  it('judging alone changes nothing: only a passage that was taken counts', () => {
    const ledger = createAntiPassback();
    ledger.judge(by('a'), hard, 0);
    expect(ledger.judge(by('a'), hard, 0)).toBe('ok');
  });

  it('counts over all portals of the controller into the same area', () => {
    const ledger = createAntiPassback();
    ledger.commit(by('a', 'in', 'gate-1'), { area: 'dorm' }, 0);
    expect(ledger.judge(by('a', 'in', 'gate-2'), hard, 1)).toBe('violation');
  });

  it('soft: lets pass and says so', () => {
    const ledger = createAntiPassback();
    ledger.commit(by('a'), { area: 'dorm' }, 0);
    expect(ledger.judge(by('a'), { ...hard, mode: 'soft' }, 1)).toBe('soft-violation');
  });

  it('timed: refuses a second passage within its minutes only', () => {
    const timed: PassageRule = { mode: 'timed', minutes: 5, exempt: false };
    const ledger = createAntiPassback();
    ledger.commit(by('a'), {}, 0);
    expect(ledger.judge(by('a'), timed, 5 * MINUTE - 1)).toBe('violation');
    expect(ledger.judge(by('a', 'out'), timed, 1)).toBe('ok');
    expect(ledger.judge(by('a'), timed, 5 * MINUTE)).toBe('ok');
  });

  it('hard: an area is left only by whoever is recorded in it, and entered only from where its door leads', () => {
    const ledger = createAntiPassback();
    const inward = { ...hard, area: 'dorm', leaves: 'campus' };
    const outward = { ...hard, area: 'campus', leaves: 'dorm' };
    ledger.commit(by('a'), inward, 0);
    expect(ledger.judge(by('a', 'out'), outward, 1)).toBe('ok');
    ledger.commit(by('a', 'out'), outward, 1);
    expect(ledger.judge(by('a', 'out'), outward, 2)).toBe('violation');
    expect(ledger.judge(by('a', 'out'), { ...outward, mode: 'soft' }, 2)).toBe('soft-violation');
    expect(ledger.judge(by('a'), inward, 2)).toBe('ok');
    ledger.commit(by('a', 'in', 'library'), { area: 'library', leaves: 'campus' }, 3);
    expect(ledger.judge(by('a'), inward, 4)).toBe('violation');
    expect(ledger.judge(by('a', 'out'), outward, 4)).toBe('violation');
    expect(ledger.judge(by('a', 'out', 'library'), { ...hard, area: 'campus', leaves: 'library' }, 4)).toBe('ok');
  });

  it('first use: whose place is not known may leave as well as enter', () => {
    const ledger = createAntiPassback();
    expect(ledger.judge(by('a', 'out'), { ...hard, area: 'campus', leaves: 'dorm' }, 0)).toBe('ok');
    ledger.commit(by('a', 'in', 'cellar'), {}, 0);
    expect(ledger.judge(by('a', 'out'), { ...hard, area: 'campus', leaves: 'dorm' }, 1)).toBe('ok');
  });

  it('leaving to where no area has a name counts: nobody leaves twice', () => {
    const ledger = createAntiPassback();
    const outward: PassageRule = { mode: 'hard', leaves: 'dorm', exempt: false };
    ledger.commit(by('a'), { area: 'dorm' }, 0);
    expect(ledger.judge(by('a', 'out'), outward, 1)).toBe('ok');
    ledger.commit(by('a', 'out'), outward, 1);
    expect(ledger.judge(by('a', 'out'), outward, 2)).toBe('violation');
    expect(ledger.judge(by('a'), hard, 2)).toBe('ok');
    const again = createAntiPassback(JSON.parse(JSON.stringify(ledger.save())));
    expect(again.judge(by('a', 'out'), outward, 3)).toBe('violation');
  });

  it('a door without areas moves nobody, and keeps nobody from being forgiven', () => {
    const ledger = createAntiPassback();
    ledger.commit(by('a'), { area: 'dorm' }, 0);
    ledger.commit(by('a', 'in', 'cellar'), {}, 23 * 60 * MINUTE);
    expect(ledger.judge(by('a'), hard, 23 * 60 * MINUTE)).toBe('violation');
    expect(ledger.judge(by('a'), hard, 24 * 60 * MINUTE)).toBe('ok');
  });

  it('timed: the area just left may be entered again, the one just entered may not, until its minutes are over', () => {
    const ledger = createAntiPassback();
    const inward: PassageRule = { mode: 'timed', minutes: 5, area: 'dorm', leaves: 'campus', exempt: false };
    const outward: PassageRule = { ...inward, area: 'campus', leaves: 'dorm' };
    ledger.commit(by('a'), inward, 0);
    expect(ledger.judge(by('a'), inward, 5 * MINUTE - 1)).toBe('violation');
    expect(ledger.judge(by('a'), inward, 5 * MINUTE)).toBe('ok');
    expect(ledger.judge(by('a', 'out'), outward, 1)).toBe('ok');
    ledger.commit(by('a', 'out'), outward, 1);
    expect(ledger.judge(by('a', 'out'), outward, 2)).toBe('violation');
    expect(ledger.judge(by('a'), inward, 2)).toBe('ok');
  });

  it('off and exempt holders are never refused', () => {
    const ledger = createAntiPassback();
    ledger.commit(by('a'), { area: 'dorm' }, 0);
    expect(ledger.judge(by('a'), { ...hard, mode: 'off' }, 1)).toBe('ok');
    expect(ledger.judge(by('a'), { ...hard, exempt: true }, 1)).toBe('ok');
  });

  it('is forgiven after a day, and by an operator at once', () => {
    const ledger = createAntiPassback();
    ledger.commit(by('a'), { area: 'dorm' }, 0);
    expect(ledger.judge(by('a'), hard, 24 * 60 * MINUTE)).toBe('ok');
    ledger.forgive('a');
    expect(ledger.judge(by('a'), hard, 1)).toBe('ok');
  });

  it('a clock that goes back forgives nobody', () => {
    const ledger = createAntiPassback();
    ledger.commit(by('a'), { area: 'dorm' }, 100 * MINUTE);
    expect(ledger.judge(by('a'), hard, 0)).toBe('violation');
  });

  it('is the same after a restart, and starts empty from what it cannot read', () => {
    const ledger = createAntiPassback();
    ledger.commit(by('a'), { area: 'dorm' }, 0);
    const again = createAntiPassback(JSON.parse(JSON.stringify(ledger.save())));
    expect(again.judge(by('a'), hard, 1)).toBe('violation');
    expect(createAntiPassback({ broken: true }).judge(by('a'), hard, 1)).toBe('ok');
  });

  it('never holds more than it may, and forgets the longest unseen first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 })),
        fc.integer({ min: 1, max: 10 }),
        (people, maxCredentials) => {
          const ledger = createAntiPassback(undefined, { maxCredentials });
          for (const [at, person] of people.entries()) ledger.commit(by(`${person}`), { area: 'dorm' }, at);
          const recent = [...new Set([...people].reverse())].slice(0, maxCredentials).map(String);
          expect(ledger.save().map(({ ref }) => ref)).toEqual(recent.reverse());
        },
      ),
    );
  });
});
