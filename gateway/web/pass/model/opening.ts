// SPDX-License-Identifier: Apache-2.0
// One opening from the keychain, from the confirmation to its end. The confirmation's number is made once: whatever the network
// does, sending again is the same opening. What is not known is said to be unknown.
import type { Opening } from '@latchkey/protocols/api/keychain';
import type { ApiClient, ApiFailure } from '../../ui/api-client.ts';

type OpeningState = Opening['state'] | 'sending';

export interface OpeningView {
  readonly state: OpeningState;
  readonly reason: string | null;
  readonly elapsedMs: number | null;
  /** The gateway refused to take it at all. */
  readonly failure?: ApiFailure;
}

export interface OpeningParts {
  readonly api: Pick<ApiClient, 'get' | 'send'>;
  readonly portal: string;
  /** 16 to 64 of A-Z, a-z, 0-9, "-" and "_". */
  readonly confirm: string;
  readonly wait: (ms: number) => Promise<void>;
  readonly nowMs: () => number;
  readonly onChange: (view: OpeningView) => void;
}

const POLL_MS = 250;
/** A ticket lives 10 s, its result may come a little later. */
const PATIENCE_MS = 18_000;
const SEND_AGAIN_MS = 1_000;

const view = ({ state, reason, elapsedMs }: Opening): OpeningView => ({ state, reason, elapsedMs });
const bare = (state: OpeningState, failure?: ApiFailure): OpeningView => ({
  state,
  reason: null,
  elapsedMs: null,
  ...(failure === undefined ? {} : { failure }),
});

export const isOver = ({ state }: OpeningView): boolean =>
  state !== 'sending' && state !== 'waiting' && state !== 'opening';

/** As the browser makes it: nobody else can have the same. */
export function newConfirmation(fill: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const bytes = new Uint8Array(22);
  fill(bytes);
  return Array.from(bytes, (byte) => letters[byte & 63]).join('');
}

export async function openDoor(parts: OpeningParts): Promise<OpeningView> {
  const { api, portal, confirm, wait, nowMs, onChange } = parts;
  const endMs = nowMs() + PATIENCE_MS;
  const tell = (now: OpeningView): OpeningView => {
    onChange(now);
    return now;
  };
  tell(bare('sending'));
  const path = `/v1/me/doors/${encodeURIComponent(portal)}/open`;
  let answer = await api.send<Opening>('POST', path, { confirm });
  while (!answer.ok) {
    // The request or its answer was lost: the same confirmation again is the same opening.
    if (answer.code !== 'offline') return tell(bare('refused', answer.code));
    if (nowMs() >= endMs) return tell(bare('unknown', 'offline'));
    await wait(SEND_AGAIN_MS);
    answer = await api.send<Opening>('POST', path, { confirm });
  }
  let now = tell(view(answer.value));
  while (!isOver(now)) {
    if (nowMs() >= endMs) return tell(bare('unknown'));
    await wait(POLL_MS);
    const next = await api.get<Opening>(`/v1/me/doors/openings/${encodeURIComponent(answer.value.id)}`);
    if (next.ok) now = tell(view(next.value));
  }
  return now;
}
