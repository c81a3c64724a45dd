// SPDX-License-Identifier: Apache-2.0
// What people in a lane read, and for how long; every reason has words in both languages.
import { REASONS } from '@latchkey/protocols/mqtt/reasons';
import { describe, expect, it } from 'vitest';
import type { LaneSignal } from '../ports/lane-signals.ts';
import { currentView, INITIAL_LANE_VIEW, type LaneViewEvent, stepLaneView } from './lane-view.ts';
import { REASON_WORDS, STATE_WORDS } from './lane-words.ts';

function lane() {
  let state = INITIAL_LANE_VIEW;
  const shown: string[] = [];
  const timers: number[] = [];
  const feed = (event: LaneViewEvent) => {
    const stepped = stepLaneView(state, event);
    state = stepped.state;
    for (const effect of stepped.effects) {
      if (effect.kind === 'show') shown.push(effect.view.reason ?? effect.view.state);
      else timers.push(effect.afterMs);
    }
  };
  return {
    tell: (signal: LaneSignal) => feed({ kind: 'signal', signal }),
    timeout: () => feed({ kind: 'timer' }),
    shown,
    timers,
    view: () => currentView(state),
  };
}

describe("a lane's display", () => {
  it('asks for card or code until something happens', () => {
    expect(lane().view()).toMatchObject({ state: 'waiting', zh: { title: '请刷卡或扫码' } });
  });

  it('goes from checking to the answer and back', () => {
    const { tell, timeout, shown, timers } = lane();
    tell({ kind: 'checking' });
    tell({ kind: 'granted' });
    timeout();
    expect(shown).toEqual(['checking', 'granted', 'waiting']);
    expect(timers).toEqual([2_000, 3_000]);
  });

  it('leaves a refusal longer, with its reason and what to do', () => {
    const { tell, timers, view } = lane();
    tell({ kind: 'refused', reason: 'PaymentCodeNotAccepted' });
    expect(timers).toEqual([6_000]);
    expect(view()).toMatchObject({ zh: { title: '付款码不能开门' }, en: { title: 'No payment codes' } });
  });

  it('tells the next person the same again', () => {
    const { tell, shown } = lane();
    tell({ kind: 'unreadable' });
    tell({ kind: 'unreadable' });
    expect(shown).toEqual(['unreadable', 'unreadable']);
  });

  it('warns of a door held open between the answers, until it is shut', () => {
    const { tell, timeout, shown, view } = lane();
    tell({ kind: 'granted' });
    tell({ kind: 'held-open', stage: 'warning' });
    expect(shown).toEqual(['granted']);
    timeout();
    tell({ kind: 'held-open', stage: 'alarm' });
    tell({ kind: 'held-open', stage: 'alarm' });
    tell({ kind: 'held-open', stage: 'over' });
    expect(shown).toEqual(['granted', 'held-warning', 'held-alarm', 'waiting']);
    expect(view().state).toBe('waiting');
  });

  it.each(REASONS)('has Chinese and English words for %s, short enough to read in passing', (reason) => {
    const { zh, en } = REASON_WORDS[reason];
    expect(zh.title).toMatch(/^\p{Script=Han}{3,9}$/u);
    expect(zh.advice).toMatch(/\p{Script=Han}/u);
    expect(zh.advice.length).toBeLessThanOrEqual(30);
    expect(en.title).toMatch(/^[\p{ASCII}…’]{3,26}$/u);
    expect(en.advice).toMatch(/^[\p{ASCII}’]{10,80}$/u);
  });

  it('has words for every reason and none besides', () => {
    expect(Object.keys(REASON_WORDS).sort()).toEqual([...REASONS].sort());
    for (const { zh, en } of Object.values(STATE_WORDS)) expect([zh.title, en.title]).not.toContain('');
  });
});
