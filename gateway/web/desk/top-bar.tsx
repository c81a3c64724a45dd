// SPDX-License-Identifier: Apache-2.0
// The desk's name, how the library's system and the uploads stand, sound and language.
import { Icon, type IconName } from '../ui/icon.tsx';
import { LanguageSwitch } from '../ui/language-switch.tsx';
import { useApp, useWords } from './model/app.ts';
import { KEYS } from './shortcuts.ts';

const LIBRARY_LOOKS = {
  up: { icon: 'good', tone: 'good' },
  connecting: { icon: 'clock', tone: 'warn' },
  offline: { icon: 'offline', tone: 'warn' },
} as const;

export function TopBar() {
  const app = useApp();
  const words = useWords();
  const state = app.state.value;
  const isSelf = state?.desk.mode === 'self-service';
  return (
    <header class="top">
      <h1>{state?.desk.name ?? words.appName}</h1>
      {state !== undefined && !isSelf && app.line.value === 'live' && (
        <>
          <span class={`tag ${LIBRARY_LOOKS[state.library.state].tone}`}>
            <Icon name={LIBRARY_LOOKS[state.library.state].icon} />
            {words.libraryStates[state.library.state]}
          </span>
          <RecordsButton />
        </>
      )}
      <span class="gap" />
      <SoundSwitch />
      <LanguageSwitch label={words.language} chosen={app.language.value} onChoose={(language) => app.speak(language)} />
    </header>
  );
}

function RecordsButton() {
  const app = useApp();
  const words = useWords();
  const uploads = app.state.value?.uploads;
  if (uploads === undefined) return null;
  const isOpen = app.screen.value === 'conflicts';
  return (
    <button
      type="button"
      class="button plain small-button records"
      aria-keyshortcuts={KEYS.conflicts}
      onClick={() => {
        app.screen.value = isOpen ? 'counter' : 'conflicts';
      }}
    >
      <Icon name={isOpen ? 'back' : uploads.conflicts > 0 ? 'warning' : 'upload'} />
      <span>
        {isOpen ? words.back : words.press.conflicts}
        {!isOpen && uploads.pending > 0 && <b> · {words.offline.waiting(uploads.pending)}</b>}
        {!isOpen && uploads.conflicts > 0 && <b> · {words.conflicts.count(uploads.conflicts)}</b>}
      </span>
      <kbd>{KEYS.conflicts}</kbd>
    </button>
  );
}

function SoundSwitch() {
  const app = useApp();
  const words = useWords();
  const isMuted = app.muted.value;
  const icon: IconName = isMuted ? 'mute' : 'sound';
  const waits = !isMuted && !app.soundAllowed.value;
  return (
    <button
      type="button"
      class="button plain small-button sound"
      title={waits ? words.press.soundWaits : undefined}
      onClick={() => app.mute(!isMuted)}
    >
      <Icon name={waits ? 'warning' : icon} />
      <span>{waits ? words.press.soundWaits : isMuted ? words.press.unmute : words.press.mute}</span>
    </button>
  );
}
