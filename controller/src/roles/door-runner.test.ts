// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { doorConfig, passage } from '../core/door.test-support.ts';
import type { EventBody } from '../core/event-body.ts';
import { createDoorRunner } from './door-runner.ts';

/** A door whose relay and record write into one diary, so that their order shows. */
async function runner() {
  const diary: string[] = [];
  const durable: (() => void)[] = [];
  const door = createDoorRunner({
    config: doorConfig(),
    panel: {
      async setOutput(output, on) {
        diary.push(`${output} ${on ? 'on' : 'off'}`);
      },
    },
    clock: { after: () => () => undefined },
    record: (event: EventBody) => {
      diary.push(event.type);
      return new Promise<void>((resolve) => durable.push(resolve));
    },
    onPassage: (outcome) => diary.push(outcome),
  });
  await door.send({ kind: 'start' }).settled;
  diary.length = 0;
  return { door, diary, settleRecords: () => durable.splice(0).forEach((resolve) => resolve()) };
}

const grant = { kind: 'grant', passage: passage('a-1'), extended: false } as const;

describe('door runner', () => {
  it('moves the relay of a recorded grant before it tells what follows from it', async () => {
    const { door, diary } = await runner();
    door.send(grant);
    expect(diary[0]).toBe('relay on');
    expect(diary).toContain('door-mode');
  });

  it('holds a relay that nobody has recorded yet back until what it is recorded as is durable', async () => {
    const { door, diary, settleRecords } = await runner();
    const { settled } = door.send({ kind: 'claim', writer: 'operator', mode: 'Unlocked', by: 'desk' });
    await Promise.resolve();
    expect(diary).toContain('door-mode');
    expect(diary).not.toContain('relay on');
    settleRecords();
    await settled;
    expect(diary).toContain('relay on');
    door.close();
  });
});
