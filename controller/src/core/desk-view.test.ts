// SPDX-License-Identifier: Apache-2.0
// What a receipt holds: everything that was done, of whoever stands there.
import { describe, expect, it } from 'vitest';
import { withAnswer } from './desk-lines.ts';
import { type ActAnswer, type DeskLine, type DeskSession, startDesk } from './desk-state.ts';
import { blankLine } from './desk-turn.ts';
import { receiptOf } from './desk-view.ts';

const CONTEXT = {
  nowMs: 0,
  library: 'up',
  keptLoans: () => 0,
  isWaiting: () => false,
  idle: { warnMs: 1, endMs: 2 },
} as const;

const HEAD = { library: null, desk: 'Desk', at: 0, timeZone: 'Asia/Shanghai' };
const line = (act: DeskLine['act'], item: string, answer: ActAnswer): DeskLine =>
  withAnswer(blankLine({ state: startDesk('staffed', 0), context: CONTEXT, effects: [] }, act, item, null), answer);
const receipt = (change: Partial<DeskSession>) => receiptOf({ ...startDesk('staffed', 0), ...change }, HEAD);

describe('a receipt', () => {
  it('has every book that came back, also one that somebody waits for or that belongs elsewhere', () => {
    const lines = [
      line('return', 'held', { outcome: 'ok', alert: 'hold', holdFor: '6009' }),
      line('return', 'elsewhere', { outcome: 'ok', alert: 'elsewhere' }),
      line('return', 'odd', { outcome: 'ok', alert: 'other' }),
      line('loan', 'again', { outcome: 'ok', renewed: true }),
    ];
    expect(receipt({ lines }).items.map(({ item }) => item)).toEqual(['held', 'elsewhere', 'odd', 'again']);
    expect(receipt({ lines }).items[0]?.holdFor).toBeNull();
  });

  it('has nothing that was not done', () => {
    const lines = [
      line('loan', 'no', { outcome: 'refused' }),
      line('loan', 'costs', { outcome: 'fee', fee: { amount: '1.00', currency: null } }),
    ];
    expect(receipt({ lines }).items).toEqual([]);
  });

  it('of the session just over is for the counter, not for whoever comes next in self-service', () => {
    const lines = [line('loan', 'tea', { outcome: 'ok' })];
    const last = { ending: '6001', lines, printed: ['Thank you'] };
    expect(receipt({ last })).toMatchObject({ ending: '6001', items: [{ item: 'tea' }], lines: ['Thank you'] });
    expect(receipt({ last, mode: 'self-service' })).toMatchObject({ ending: null, items: [], lines: [] });
  });
});
