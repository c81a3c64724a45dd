// SPDX-License-Identifier: Apache-2.0
// Tells the desk's controller what was scanned or pressed: one after the other, so that the order of scans is the order of loans.
import type { DeskAction, DeskAnswer, DeskReceipt } from '@latchkey/protocols/api/desk';
import { DESK_HEADER } from '@latchkey/protocols/api/desk-terms';

/** Why nothing came of it; `no-answer`: the controller is away, or did not answer in time. */
export type NotTaken = NonNullable<DeskAnswer['code']> | 'no-answer';

export interface DeskActions {
  /** Undefined once taken. Never rejects. */
  act(action: DeskAction): Promise<NotTaken | undefined>;
  receipt(): Promise<DeskReceipt | undefined>;
}

export interface DeskActionParts {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  /** Signal that aborts after so many milliseconds. */
  readonly timeout: (ms: number) => AbortSignal;
}

const TIMEOUT_MS = 5_000;

export function createDeskActions({ fetch, timeout }: DeskActionParts): DeskActions {
  let last: Promise<unknown> = Promise.resolve();

  async function post(action: DeskAction): Promise<NotTaken | undefined> {
    try {
      const response = await fetch('api/act', {
        method: 'POST',
        headers: { 'content-type': 'application/json', [DESK_HEADER]: '1' },
        body: JSON.stringify(action),
        signal: timeout(TIMEOUT_MS),
      });
      const answer = (await response.json()) as DeskAnswer;
      return answer.ok ? undefined : (answer.code ?? 'bad-request');
    } catch {
      return 'no-answer';
    }
  }

  return {
    act(action) {
      const answered = last.then(() => post(action));
      last = answered;
      return answered;
    },
    async receipt() {
      try {
        const response = await fetch('api/receipt', { signal: timeout(TIMEOUT_MS) });
        return response.ok ? ((await response.json()) as DeskReceipt) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
