// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../fixtures/commands/judged.json' with { type: 'json' };
import { type Command, command } from './command.ts';
import { type CommandContext, judgeCommand } from './judge-command.ts';

const NOW = 1_790_000_000_000;
const unlock: Command = command.parse({
  id: 'aa00000000000001',
  device: 'gate-1',
  portal: 'north-in',
  operation: 'unlock-momentary',
  issuedMs: NOW - 1_000,
  expiresMs: NOW + 4_000,
  actor: 'desk',
  boot: 'b000000000000001',
  order: 7,
});
const block: Command = { ...unlock, operation: 'set-mode', mode: 'Blocked', expiresMs: NOW + 86_400_000, order: 8 };
const context: CommandContext = {
  device: 'gate-1',
  nowMs: NOW,
  boot: 'b000000000000001',
  lastOrder: 7,
  recentIds: new Set(),
};
const judge = (given: Command, changes: Partial<CommandContext> = {}) =>
  judgeCommand(given, { ...context, ...changes });
const refused = (code: string) => ({ ok: false, code });

describe('momentary command', () => {
  it('is carried out once, here, now', () => {
    expect(judge(unlock)).toEqual({ ok: true, value: unlock });
  });
  it('replayed is refused', () => {
    expect(judge(unlock, { recentIds: new Set([unlock.id]) })).toMatchObject(refused('replay'));
  });
  it('for another device is refused', () => {
    expect(judge(unlock, { device: 'gate-2' })).toMatchObject(refused('wrong-device'));
  });
  it('held back past its expiry is refused: no door opens when the network comes back', () => {
    expect(judge(unlock, { nowMs: unlock.expiresMs }).ok).toBe(true);
    expect(judge(unlock, { nowMs: unlock.expiresMs + 1 })).toMatchObject(refused('expired'));
  });
  it('living longer than 10 s is refused, whoever signed it', () => {
    expect(judge({ ...unlock, expiresMs: unlock.issuedMs + 10_000 }).ok).toBe(true);
    expect(judge({ ...unlock, expiresMs: unlock.issuedMs + 10_001 })).toMatchObject(refused('expiry-too-long'));
    expect(judge({ ...unlock, expiresMs: unlock.issuedMs - 1 })).toMatchObject(refused('expiry-too-long'));
  });
  it('of an earlier boot, or of none, is refused', () => {
    expect(judge(unlock, { boot: 'b000000000000002' })).toMatchObject(refused('wrong-boot'));
    const { boot: _, ...bootless } = unlock;
    expect(judge(bootless)).toMatchObject(refused('boot-missing'));
  });
  it('from the future of a clock set back is refused', () => {
    expect(judge(unlock, { nowMs: unlock.issuedMs - 10_001 })).toMatchObject(refused('issued-ahead'));
  });
  it('is not held back by the order of mode changes', () => {
    expect(judge({ ...unlock, order: 1 }, { lastOrder: 99 }).ok).toBe(true);
  });
});

describe('mode change', () => {
  it('is carried out after a reconnect, also after a restart', () => {
    expect(judge(block, { nowMs: NOW + 3_600_000, boot: 'b000000000000009' }).ok).toBe(true);
  });
  it('older than one carried out is refused: it never undoes a newer one', () => {
    expect(judge(block, { lastOrder: 8 })).toMatchObject(refused('superseded'));
    expect(judge(block, { lastOrder: 9 })).toMatchObject(refused('superseded'));
  });
  it('past its expiry is refused', () => {
    expect(judge(block, { nowMs: block.expiresMs + 1 })).toMatchObject(refused('expired'));
  });
  it('names a mode exactly when it sets one', () => {
    const { mode: _, ...modeless } = block;
    expect(judge(modeless)).toMatchObject(refused('mode-missing'));
    expect(judge({ ...block, operation: 'lockdown' })).toMatchObject(refused('mode-unexpected'));
    expect(judge({ ...modeless, operation: 'lockdown' }).ok).toBe(true);
  });
});

describe('judged commands of the vectors', () => {
  it.each(vectors.commands)('$why: $expected', (vector) => {
    const outcome = judgeCommand(command.parse(vector.command), {
      ...vector.context,
      recentIds: new Set(vector.context.recentIds),
    });
    expect(outcome.ok ? 'ok' : outcome.code).toBe(vector.expected);
  });
});

describe('any command', () => {
  it('accepted momentary ones are within 10 s of their issue on a clock at most 10 s behind', () => {
    const time = fc.integer({ min: NOW - 60_000, max: NOW + 60_000 });
    fc.assert(
      fc.property(time, time, time, (issuedMs, expiresMs, nowMs) => {
        if (judge({ ...unlock, issuedMs, expiresMs }, { nowMs }).ok) {
          expect(nowMs - issuedMs).toBeLessThanOrEqual(10_000);
          expect(issuedMs - nowMs).toBeLessThanOrEqual(10_000);
        }
      }),
    );
  });
});
