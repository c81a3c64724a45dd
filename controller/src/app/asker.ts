// SPDX-License-Identifier: Apache-2.0
// The online question: a credential that no list here knows, or a code of another app. Answered within 800 ms by a signed frame
// bound to this question, device, boot and portal, or not at all (DESIGN 6).
import type { Keyring } from '@latchkey/protocols/authorization/keys';
import { toHex } from '@latchkey/protocols/bytes/hex';
import { type Answer, answer } from '@latchkey/protocols/commands/command';
import { ANSWER_WITHIN_MS, judgeAnswer } from '@latchkey/protocols/commands/judge-answer';
import { openJson } from '@latchkey/protocols/commands/seal';
import type { DeviceId, Direction, PortalId } from '@latchkey/protocols/ids';
import { encodeEnvelope } from '@latchkey/protocols/mqtt/envelope';
import type { AskedCredential } from '../core/admission-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Link } from '../ports/link.ts';

/** Questions open at once; a reader that spews cards must not flood the gateway. */
const MAX_OPEN = 16;

export interface Question {
  readonly portal: PortalId;
  readonly direction: Direction;
  readonly credential: AskedCredential;
}

export interface Asker {
  /** `undefined`: no answer in time, no connection, or too many questions. Never rejects. */
  ask(question: Question): Promise<Answer | undefined>;
  /** A `dn/answer` payload. */
  onAnswer(payload: Uint8Array): Promise<void>;
  onUp(): void;
  onDown(): void;
  close(): void;
}

export interface AskerParts {
  readonly link: Pick<Link, 'publish'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly device: DeviceId;
  readonly boot: string;
  readonly newId: () => string;
  readonly keyring: () => Keyring;
  /** Signed time. */
  readonly now: () => number;
}

interface Open {
  readonly portal: PortalId;
  readonly finish: (given: Answer | undefined) => void;
}

export function createAsker(parts: AskerParts): Asker {
  const open = new Map<string, Open>();
  let up = false;

  function drop(): void {
    for (const { finish } of open.values()) finish(undefined);
  }

  /** Keeps nothing of what was asked about. */
  function wait(id: string, portal: PortalId): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const finish = (given: Answer | undefined) => {
        cancel();
        open.delete(id);
        resolve(given);
      };
      const cancel = parts.clock.after(ANSWER_WITHIN_MS, () => finish(undefined));
      open.set(id, { portal, finish });
    });
  }

  function send(id: string, { portal, direction, credential: asked }: Question): void {
    const credential = asked.kind === 'id' ? { ...asked, id: toHex(asked.id) } : asked;
    const message = { id, boot: parts.boot, portal, direction, credential };
    parts.link.publish('ask', encodeEnvelope(message)).catch(() => open.get(id)?.finish(undefined));
  }

  return {
    ask(question) {
      if (!up || open.size >= MAX_OPEN) return Promise.resolve(undefined);
      const id = parts.newId();
      const answered = wait(id, question.portal);
      send(id, question);
      return answered;
    },
    async onAnswer(payload) {
      const opened = await openJson(payload, 'LKA1', answer, parts.keyring(), 'command');
      if (!opened.ok) return;
      const question = open.get(opened.value.ask);
      if (!question) return;
      const { device, boot } = parts;
      const asked = { ask: opened.value.ask, device, boot, portal: question.portal };
      const judged = judgeAnswer(opened.value, asked, parts.now());
      if (judged.ok) question.finish(judged.value);
    },
    onUp() {
      up = true;
    },
    onDown() {
      up = false;
      drop();
    },
    close: drop,
  };
}
