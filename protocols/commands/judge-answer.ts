// SPDX-License-Identifier: Apache-2.0
// Does a signed answer belong to the question this controller asked? Bound to question, device, boot and portal, so that an
// answer recorded at one door or before a restart opens nothing.
import { err, ok, type Result } from '../result.ts';
import type { Answer } from './command.ts';

/** A controller waits this long for an answer, then refuses by itself (DESIGN 6). */
export const ANSWER_WITHIN_MS = 800;

export interface Question {
  /** Id of the question, used once. */
  readonly ask: string;
  readonly device: string;
  readonly boot: string;
  readonly portal: string;
}

export type AnswerRefusal = 'wrong-ask' | 'wrong-device' | 'wrong-boot' | 'wrong-portal' | 'expired';

export function judgeAnswer(answer: Answer, question: Question, nowMs: number): Result<Answer, AnswerRefusal> {
  if (answer.ask !== question.ask) return err('wrong-ask', 'the answer is to another question');
  if (answer.device !== question.device) return err('wrong-device', 'the answer is for another controller');
  if (answer.boot !== question.boot) return err('wrong-boot', 'the controller restarted since it asked');
  if (answer.portal !== question.portal) return err('wrong-portal', 'the answer is for another portal');
  if (nowMs > answer.expiresMs) return err('expired', 'the answer came too late');
  return ok(answer);
}
