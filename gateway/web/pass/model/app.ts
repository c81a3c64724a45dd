// SPDX-License-Identifier: Apache-2.0
// Everything the pages share: words, session, this phone, the API, a word in passing. Made once in main.tsx and handed down.
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type ApiClient, createApiClient } from '../../ui/api-client.ts';
import { chooseLanguage, type Language } from '../../ui/language.ts';
import { en } from '../words/en.ts';
import { type Words, zhCn } from '../words/zh-cn.ts';
import { createPhone, type PhoneModel } from './phone.ts';
import { createSession, type SessionModel, type SignedInHint } from './session.ts';
import type { PassStore } from './store.ts';

export interface PassApp {
  readonly api: ApiClient;
  readonly language: ReadonlySignal<Language>;
  readonly words: ReadonlySignal<Words>;
  readonly session: SessionModel;
  readonly phone: PhoneModel;
  readonly toast: Signal<string | undefined>;
  readonly nowMs: () => number;
  speak(language: Language): void;
  /** Asks the gateway what changed; the code on screen waits for none of it. */
  refresh(): Promise<void>;
}

export interface PassParts {
  readonly store: PassStore;
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  readonly nowMs: () => number;
  readonly preferredLanguages: readonly string[];
  readonly signedInHint: SignedInHint;
  /** Kept where it is read at once, so that no page shows in the wrong language first. */
  readonly savedLanguage: { get(): string | null; set(language: Language): void };
}

const CATALOGUES: Readonly<Record<Language, Words>> = { 'zh-CN': zhCn, en };

export function createPassApp(parts: PassParts): PassApp {
  const language = signal(chooseLanguage(parts.savedLanguage.get(), parts.preferredLanguages));
  const api = createApiClient({
    fetch: parts.fetch,
    csrf: () => csrfOf(session),
    language: () => language.value,
    onSignedOut: () => session.ended(),
  });
  const session = createSession(api, parts.signedInHint);
  const phone = createPhone({ store: parts.store, api, nowMs: parts.nowMs });
  return {
    api,
    language,
    words: computed(() => CATALOGUES[language.value]),
    session,
    phone,
    toast: signal<string | undefined>(undefined),
    nowMs: parts.nowMs,
    speak(chosen) {
      language.value = chosen;
      parts.savedLanguage.set(chosen);
    },
    async refresh() {
      await session.checkIfKnown();
      const now = session.session.value;
      await phone.refresh(now.kind === 'in' ? (now.me.number ?? undefined) : undefined);
    },
  };
}

const csrfOf = ({ session }: SessionModel): string | undefined =>
  session.value.kind === 'in' ? session.value.me.csrf : undefined;

const Context = createContext<PassApp | undefined>(undefined);
export const PassAppProvider = Context.Provider;

export function useApp(): PassApp {
  const app = useContext(Context);
  if (app === undefined) throw new Error('a page outside of PassAppProvider');
  return app;
}
export const useWords = (): Words => useApp().words.value;
