// SPDX-License-Identifier: Apache-2.0
// What a lane's lamps and beeper do for what is told there.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LaneSignal } from '../ports/lane-signals.ts';
import { type FeedbackEvent, type FeedbackState, INITIAL_FEEDBACK, stepFeedback } from './feedback.ts';
import { feedbackWiring, type LaneFeedback } from './wiring-lane.ts';

const BOTH = feedbackWiring.parse({
  both: { granted: { output: 'green' }, refused: { output: 'red' }, beeper: { output: 'beep' } },
}).both as LaneFeedback;
const GRANTED: LaneSignal = { kind: 'granted' };
const REFUSED: LaneSignal = { kind: 'refused', reason: 'UnknownCredential' };

/** A lane whose time is given: what each output did, and when. */
function lane(config: LaneFeedback = BOTH) {
  let state: FeedbackState = INITIAL_FEEDBACK;
  let nowMs = 0;
  const timers = new Map<string, number>();
  const moves: string[] = [];
  const levels = new Map<string, boolean>();
  const feed = (event: FeedbackEvent) => {
    const stepped = stepFeedback(config, state, event);
    state = stepped.state;
    for (const effect of stepped.effects) {
      if (effect.kind === 'timer') timers.set(effect.output, nowMs + effect.afterMs);
      else if (effect.kind === 'cancel') timers.delete(effect.output);
      else {
        levels.set(effect.output, effect.on);
        moves.push(`${nowMs} ${effect.output} ${effect.on ? 'on' : 'off'}`);
      }
    }
  };
  const wait = (ms: number) => {
    const until = nowMs + ms;
    for (;;) {
      const [next] = [...timers].sort(([, a], [, b]) => a - b);
      if (next === undefined || next[1] > until) break;
      const [output, atMs] = next;
      nowMs = atMs;
      timers.delete(output);
      feed({ kind: 'timer', output });
    }
    nowMs = until;
  };
  return {
    tell: (signal: LaneSignal) => feed({ kind: 'signal', signal }),
    wait,
    moves,
    on: () => [...levels].flatMap(([output, on]) => (on ? [output] : [])),
    of: (output: string) => moves.filter((move) => move.includes(output)),
    idle: () => timers.size === 0 && Object.keys(state).length === 0,
  };
}

describe('lamps and beeper', () => {
  it('show a grant by the green lamp for 3 s and one beep of 150 ms', () => {
    const { tell, wait, moves, idle } = lane();
    tell(GRANTED);
    wait(10_000);
    expect(moves).toEqual(['0 green on', '0 beep on', '150 beep off', '3000 green off']);
    expect(idle()).toBe(true);
  });

  it.each([REFUSED, { kind: 'unreadable' } as const])('show $kind by the red lamp and three beeps', (signal) => {
    const { tell, wait, of } = lane();
    tell(signal);
    wait(10_000);
    expect(of('beep')).toEqual([
      '0 beep on',
      '150 beep off',
      '300 beep on',
      '450 beep off',
      '600 beep on',
      '750 beep off',
    ]);
    expect(of('red')).toEqual(['0 red on', '3000 red off']);
  });

  it('let the latest word count: green ends where red begins', () => {
    const { tell, wait, of } = lane();
    tell(GRANTED);
    wait(1_000);
    tell(REFUSED);
    wait(10_000);
    expect(of('green')).toEqual(['0 green on', '1000 green off']);
    expect(of('red')).toEqual(['1000 red on', '4000 red off']);
  });

  it('keep a lamp on without a gap when the same is told again', () => {
    const { tell, wait, of } = lane();
    tell(GRANTED);
    wait(2_000);
    tell(GRANTED);
    wait(10_000);
    expect(of('green')).toEqual(['0 green on', '5000 green off']);
  });

  it('stay dark while the gateway is asked and while a door is held', () => {
    const { tell, moves } = lane();
    tell({ kind: 'checking' });
    tell({ kind: 'held-open', stage: 'alarm' });
    expect(moves).toEqual([]);
  });

  it('of which only some are wired play their part alone', () => {
    const { tell, wait, moves } = lane(feedbackWiring.parse({ in: { refused: { output: 'red' } } }).in);
    tell(GRANTED);
    tell(REFUSED);
    wait(10_000);
    expect(moves).toEqual(['0 red on', '3000 red off']);
  });

  it('are dark in the end, and never of two minds, whatever is told when', () => {
    const step = fc.oneof(
      fc.constantFrom<LaneSignal>(GRANTED, REFUSED, { kind: 'checking' }),
      fc.integer({ min: 1, max: 4_000 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { tell, wait, on, idle } = lane();
        for (const step of steps) {
          if (typeof step === 'number') wait(step);
          else tell(step);
          expect(on()).not.toEqual(expect.arrayContaining(['green', 'red']));
        }
        wait(60_000);
        expect([on(), idle()]).toEqual([[], true]);
      }),
    );
  });
});
