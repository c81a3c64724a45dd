// SPDX-License-Identifier: Apache-2.0
// Form of what tells the person in a lane how it went: lamps, a beeper, a display.
import { z } from 'zod';
import { name, times } from './wiring-values.ts';

const pulses = (count: number, onMs: number, offMs: number) =>
  z
    .strictObject({
      count: z.int().min(1).max(10, 'use at most 10').default(count),
      onMs: times(20, 10_000).default(onMs),
      offMs: times(20, 10_000).default(offMs),
    })
    .prefault({});

const lamp = z.strictObject({ output: name, pulses: pulses(1, 3_000, 100) });
const beeper = z.strictObject({ output: name, granted: pulses(1, 150, 150), refused: pulses(3, 150, 150) });

const laneFeedback = z.strictObject({
  granted: lamp.optional(),
  refused: lamp.optional(),
  beeper: beeper.optional(),
});
export type LaneFeedback = z.infer<typeof laneFeedback>;

/** `both` is for what people of either direction see and hear. */
export const feedbackWiring = z.strictObject({
  in: laneFeedback.optional(),
  out: laneFeedback.optional(),
  both: laneFeedback.optional(),
});
export type FeedbackWiring = z.infer<typeof feedbackWiring>;

export const displayWiring = z.strictObject({
  port: z.int().min(1, 'use 1 to 65535').max(65_535, 'use 1 to 65535'),
  /** Whoever reaches it sees what the lane shows, and nothing else. */
  host: z.union([z.ipv4(), z.ipv6()], 'give an IP address of this machine, such as 127.0.0.1').default('127.0.0.1'),
});
export type DisplayWiring = z.infer<typeof displayWiring>;
