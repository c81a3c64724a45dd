// SPDX-License-Identifier: Apache-2.0
// A controller asks about a credential that its list does not know, or about a code of another app (DESIGN 6). Signed, in
// time, or not at all.
import type { SigningKey } from '@latchkey/protocols/authorization/keys';
import { answer } from '@latchkey/protocols/commands/command';
import { ANSWER_WITHIN_MS } from '@latchkey/protocols/commands/judge-answer';
import { sealJson } from '@latchkey/protocols/commands/seal';
import type { DeviceId } from '@latchkey/protocols/ids';
import type { ask } from '@latchkey/protocols/mqtt/messages';
import type { z } from 'zod';
import type { DeviceSessions } from './device-sessions.ts';
import type { Judge } from './judge-question.ts';
import { type Log, reasonOf } from './log.ts';

export type Ask = z.infer<typeof ask>;

export interface Answers {
  /**
   * Resolves when the answer is sent or is not to be given; about a code at once, as the broker reads nothing more of the
   * controller until then, and another system may take its time.
   */
  take(device: DeviceId, question: Ask): Promise<void>;
}

export interface AnswerOptions {
  readonly judge: Judge;
  readonly key: SigningKey;
  readonly sessions: Pick<DeviceSessions, 'get'>;
  /** Sends a `dn/answer` payload. */
  readonly send: (device: DeviceId, payload: Uint8Array) => Promise<boolean>;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** The way back takes a while too: what is later than this is not sent any more. */
const GIVE_UP_MS = ANSWER_WITHIN_MS - 100;
/** Leaves time for the decision after a resolver has used all of its own. */
const JUDGE_WITHIN_MS = GIVE_UP_MS - 100;
/** After this the controller refuses the answer, however it was held up. */
const VALID_MS = 2_000;
/** Questions of one kind of one controller in work: a reader that spews cards must not keep the database busy, nor codes the cards. */
const MAX_OPEN = 16;

export function createAnswers(options: AnswerOptions): Answers {
  const open = new Map<string, number>();

  async function answerOne(device: DeviceId, question: Ask, askedMs: number): Promise<void> {
    const verdict = await options.judge(device, question, JUDGE_WITHIN_MS - (options.monotonicMs() - askedMs));
    if (!verdict || options.monotonicMs() - askedMs > GIVE_UP_MS) return;
    const { id, boot, portal } = question;
    const given = { ask: id, device, boot, portal, ...verdict, expiresMs: options.nowMs() + VALID_MS };
    await options.send(device, await sealJson('LKA1', answer, given, options.key));
    options.log.debug({ device, portal, outcome: verdict.outcome }, 'question answered');
  }

  async function work(line: string, device: DeviceId, question: Ask): Promise<void> {
    open.set(line, (open.get(line) ?? 0) + 1);
    try {
      await answerOne(device, question, options.monotonicMs());
    } finally {
      const left = (open.get(line) ?? 1) - 1;
      if (left > 0) open.set(line, left);
      else open.delete(line);
    }
  }

  return {
    async take(device, question) {
      const { kind } = question.credential;
      const line = `${kind} ${device}`;
      // Another boot asked, or nobody said hello: the answer would be refused.
      if ((open.get(line) ?? 0) >= MAX_OPEN || options.sessions.get(device)?.boot !== question.boot) return;
      const done = work(line, device, question);
      if (kind === 'id') await done;
      else done.catch((error: unknown) => options.log.error({ device, reason: reasonOf(error) }, 'code not answered'));
    },
  };
}
