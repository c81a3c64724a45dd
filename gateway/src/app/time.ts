// SPDX-License-Identifier: Apache-2.0
// Signed time for controllers (DESIGN 6): t0 of the question, t1 when it came, t2 when the answer left, bound to the question's
// nonce.
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { timeAnswer } from '@latchkey/protocols/commands/command';
import { sealJson } from '@latchkey/protocols/commands/seal';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { timeRequest } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';

export interface TimeOptions {
  readonly key: SigningKey;
  readonly nowMs: () => number;
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
}

export type TimeRequest = z.infer<typeof timeRequest>;

/** `t1`: the gateway's clock when the request came. */
export async function answerTime(
  { key, nowMs, send }: TimeOptions,
  device: DeviceId,
  { t0, nonce }: TimeRequest,
  t1: number,
): Promise<void> {
  // Signing takes a tenth of a millisecond: t2 is inside the signature and cannot be taken later.
  await send(device, await sealJson('LKT1', timeAnswer, { nonce, device, t0, t1, t2: Math.max(t1, nowMs()) }, key));
}
