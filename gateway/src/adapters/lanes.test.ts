// SPDX-License-Identifier: Apache-2.0
// Costly work runs a few at a time, urgent work first, and the queue has an end.
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLanes, LanesFull } from './lanes.ts';

const USUAL = { urgent: false, patient: false };

function gate(): { open: () => void; work: () => Promise<void> } {
  let open = () => {};
  const wait = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, work: () => wait };
}

it('never runs more than its lanes, whatever fails', async () => {
  const lanes = createLanes({ lanes: 2, waiting: 100 });
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await turn();
    running -= 1;
    if (Math.random() < 0.3) throw new Error('failed');
  };
  await Promise.allSettled(Array.from({ length: 50 }, () => lanes.run(work, USUAL)));
  expect(most).toBe(2);
  expect(running).toBe(0);
});

it('takes urgent work first and patient work last', async () => {
  const lanes = createLanes({ lanes: 1, waiting: 10 });
  const { open, work } = gate();
  const order: string[] = [];
  const all = [
    lanes.run(work, USUAL),
    lanes.run(async () => order.push('patient'), { urgent: false, patient: true }),
    lanes.run(async () => order.push('usual'), USUAL),
    lanes.run(async () => order.push('urgent'), { urgent: true, patient: false }),
  ];
  open();
  await Promise.all(all);
  expect(order).toEqual(['urgent', 'usual', 'patient']);
});

it('refuses what comes to a full queue; a flood leaves the urgent queue open, and patient work always fits', async () => {
  const lanes = createLanes({ lanes: 1, waiting: 1 });
  const { open, work } = gate();
  const held = [lanes.run(work, USUAL), lanes.run(work, USUAL)];
  await expect(lanes.run(work, USUAL)).rejects.toThrow(LanesFull);
  const others = [lanes.run(work, { urgent: true, patient: false })];
  for (let n = 0; n < 5; n++) others.push(lanes.run(work, { urgent: false, patient: true }));
  open();
  await Promise.all([...held, ...others]);
});
