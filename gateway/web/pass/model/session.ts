// SPDX-License-Identifier: Apache-2.0
// Who is signed in, as far as the page knows. The session itself is a cookie that scripts cannot read.
import type { Me } from '@latchkey/protocols/api/sign-in';
import { type Signal, signal } from '@preact/signals';
import type { ApiAnswer, ApiClient } from '../../ui/api-client.ts';

type Session =
  /** Not asked yet. */
  | { readonly kind: 'unknown' }
  /** Asked, and nothing answered. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'out' }
  | { readonly kind: 'in'; readonly me: Me };

export interface SessionModel {
  readonly session: Signal<Session>;
  check(): Promise<void>;
  /** Asks where nothing answered, or where somebody signed in before: a phone that only shows codes bothers nobody. */
  checkIfKnown(): Promise<void>;
  /** The gateway said so. */
  ended(): void;
  withPassword(number: string, password: string): Promise<ApiAnswer<Me>>;
  withPasskey(): Promise<ApiAnswer<Me> | 'cancelled'>;
  changePassword(current: string, next: string): Promise<ApiAnswer<Me>>;
  /** Where the identity provider ends its own session, if it does. */
  signOut(): Promise<string | null>;
}

/** A page cannot see its session's cookie: this remembers whether it is worth asking. */
export interface SignedInHint {
  get(): boolean;
  set(signedIn: boolean): void;
}

export function createSession(api: ApiClient, hint: SignedInHint): SessionModel {
  const session = signal<Session>({ kind: 'unknown' });
  const keep = (answer: ApiAnswer<Me>): ApiAnswer<Me> => {
    if (answer.ok) {
      session.value = { kind: 'in', me: answer.value };
      hint.set(true);
    }
    return answer;
  };
  const ended = (): void => {
    session.value = { kind: 'out' };
    hint.set(false);
  };
  const check = async (): Promise<void> => {
    const answer = keep(await api.get<Me>('/v1/me'));
    if (answer.ok) return;
    // Behind one address of a whole campus, others' failures may use up the attempts.
    if (answer.code === 'unauthenticated' || answer.code === 'too-many-attempts') ended();
    else if (session.value.kind === 'unknown') session.value = { kind: 'unreachable' };
  };
  return {
    session,
    check,
    ended,
    async checkIfKnown() {
      const { kind } = session.value;
      if (kind === 'unreachable' || (kind === 'unknown' && hint.get())) await check();
    },
    async withPassword(number, password) {
      return keep(await api.send<Me>('POST', '/v1/sign-in/password', { number, password }));
    },
    async withPasskey() {
      const { askPasskey } = await import('./passkey.ts');
      const answer = await askPasskey(api);
      return answer === 'cancelled' ? answer : keep(answer);
    },
    async changePassword(current, next) {
      // The answer is a new session, with another csrf token.
      return keep(await api.send<Me>('POST', '/v1/me/password', { current, next }));
    },
    async signOut() {
      const answer = await api.send<{ continueAt: string | null }>('POST', '/v1/sign-out');
      ended();
      return answer.ok ? answer.value.continueAt : null;
    },
  };
}
