// SPDX-License-Identifier: Apache-2.0
// Everything the desk's screens share: the snapshot, the line to the controller, language, sound, and what is on this screen alone.
// Made once in main.tsx and handed down.
import type { DeskAction, DeskReceipt, DeskState } from '@latchkey/protocols/api/desk';
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { chooseLanguage, type Language } from '../../ui/language.ts';
import { type DateStyle, dateStyle } from '../dates.ts';
import { en } from '../words/en.ts';
import { type Words, zhCn } from '../words/zh-cn.ts';
import type { DeskActions, NotTaken } from './actions.ts';
import type { LineState } from './connection.ts';
import { scanned } from './scan-text.ts';
import type { SoundPlayer } from './sounds.ts';
import { type Latest, latestOf } from './standing.ts';

type Screen = 'counter' | 'conflicts';

export interface DeskApp {
  readonly state: ReadonlySignal<DeskState | undefined>;
  readonly line: ReadonlySignal<LineState>;
  /** When the line was lost. */
  readonly lostMs: ReadonlySignal<number>;
  readonly screen: Signal<Screen>;
  /** Why the last thing scanned or pressed was not taken; gone with the next that is. */
  readonly notTaken: ReadonlySignal<{ readonly count: number; readonly code: NotTaken } | undefined>;
  readonly muted: ReadonlySignal<boolean>;
  readonly soundAllowed: ReadonlySignal<boolean>;
  readonly language: ReadonlySignal<Language>;
  readonly words: ReadonlySignal<Words>;
  readonly dates: ReadonlySignal<DateStyle>;
  /** By the controller's clock, every half second. */
  readonly nowMs: ReadonlySignal<number>;
  readonly receipt: Signal<DeskReceipt | undefined>;
  /** What the big panel speaks of. */
  readonly latest: ReadonlySignal<Latest | undefined>;
  act(action: DeskAction): Promise<boolean>;
  scan(text: string): void;
  print(): Promise<void>;
  mute(muted: boolean): void;
  speak(language: Language): void;
  /** A key or a click: somebody is there, and the page may sound. */
  touched(): void;
  onState(state: DeskState): void;
  onLine(line: LineState): void;
  tick(): void;
}

/** What the machine keeps of this page. */
interface Kept {
  get(name: 'language' | 'muted'): string | null;
  set(name: 'language' | 'muted', value: string): void;
}

interface DeskAppParts {
  readonly actions: DeskActions;
  readonly player: SoundPlayer;
  readonly kept: Kept;
  readonly preferredLanguages: readonly string[];
  readonly clockMs: () => number;
}

const CATALOGUES: Readonly<Record<Language, Words>> = { 'zh-CN': zhCn, en };

export function createDeskApp({ actions, player, kept, preferredLanguages, clockMs }: DeskAppParts): DeskApp {
  const usual = () => chooseLanguage(kept.get('language'), preferredLanguages);
  const state = signal<DeskState | undefined>(undefined);
  const line = signal<LineState>('connecting');
  const lostMs = signal(clockMs());
  const screen = signal<Screen>('counter');
  const notTaken = signal<{ count: number; code: NotTaken } | undefined>(undefined);
  const muted = signal(kept.get('muted') === 'yes');
  const soundAllowed = signal(player.isAllowed());
  const language = signal(usual());
  const offsetMs = signal(0);
  const nowMs = signal(clockMs());
  const receipt = signal<DeskReceipt | undefined>(undefined);
  const latest = signal<Latest | undefined>(undefined);

  let answeredIdle: number | undefined;

  const refuse = (code: NotTaken) => {
    notTaken.value = { count: (notTaken.peek()?.count ?? 0) + 1, code };
    sound('refusal');
  };
  const sound = (name: Parameters<SoundPlayer['play']>[0]) => {
    if (!muted.value) player.play(name);
  };

  async function act(action: DeskAction): Promise<boolean> {
    const code = await actions.act(action);
    if (code === undefined) notTaken.value = undefined;
    else refuse(code);
    return code === undefined;
  }

  /** Another patron, or none any more: whatever was open on the screen was about the one before. */
  function onPatron(before: DeskState, after: DeskState): void {
    if (after.patron !== null) screen.value = 'counter';
    // The next to stand here speaks the language of the house, until they choose.
    if (after.desk.mode === 'self-service' && before.patron !== null) language.value = usual();
    notTaken.value = undefined;
  }

  return {
    state,
    line,
    lostMs,
    screen,
    notTaken,
    muted,
    soundAllowed,
    language,
    words: computed(() => CATALOGUES[language.value]),
    dates: computed(() => dateStyle(language.value, state.value?.desk.timeZone)),
    nowMs,
    receipt,
    latest,
    act,
    scan(text) {
      const plain = scanned(text);
      if (plain === '') return;
      screen.value = 'counter';
      void act({ kind: 'scan', text: plain });
    },
    async print() {
      const read = await actions.receipt();
      if (read === undefined) refuse('no-answer');
      else receipt.value = read;
    },
    mute(value) {
      muted.value = value;
      kept.set('muted', value ? 'yes' : 'no');
    },
    speak(chosen) {
      language.value = chosen;
      if (state.peek()?.desk.mode !== 'self-service') kept.set('language', chosen);
    },
    touched() {
      player.allow();
      soundAllowed.value = player.isAllowed();
      const endsAt = state.peek()?.idle?.endsAt;
      // Once for a warning: a scanner types many keys.
      if (endsAt !== undefined && endsAt !== answeredIdle) void act({ kind: 'still-here' });
      answeredIdle = endsAt;
    },
    onState(next) {
      const before = state.peek();
      batch(() => {
        state.value = next;
        offsetMs.value = next.now - clockMs();
        nowMs.value = next.now;
        latest.value = latestOf(latest.peek(), before, next);
        if (before && before.patron?.session !== next.patron?.session) onPatron(before, next);
        if (next.desk.mode === 'self-service') screen.value = 'counter';
      });
      if (before && next.sound !== null && next.sound.seq !== before.sound?.seq) sound(next.sound.sound);
    },
    onLine(next) {
      if (line.peek() === 'live' && next !== 'live') lostMs.value = clockMs() + offsetMs.peek();
      line.value = next;
    },
    tick() {
      nowMs.value = clockMs() + offsetMs.peek();
      soundAllowed.value = player.isAllowed();
    },
  };
}

const Context = createContext<DeskApp | undefined>(undefined);
export const DeskAppProvider = Context.Provider;

export function useApp(): DeskApp {
  const app = useContext(Context);
  if (app === undefined) throw new Error('a screen outside of DeskAppProvider');
  return app;
}
export const useWords = (): Words => useApp().words.value;
