// SPDX-License-Identifier: Apache-2.0
// The frame of every screen of the desk: who it is, how its lines stand, what waits for an answer, and the one input.
import { useEffect } from 'preact/hooks';
import { Spinner } from '../ui/spinner.tsx';
import { Banners } from './banners.tsx';
import { ConflictScreen } from './conflict-screen.tsx';
import { CounterScreen } from './counter-screen.tsx';
import { type DeskApp, DeskAppProvider, useApp, useWords } from './model/app.ts';
import { Receipt } from './receipt.tsx';
import { SelfServiceScreen } from './self-service-screen.tsx';
import { shortcuts } from './shortcuts.ts';
import { TopBar } from './top-bar.tsx';

export function Desk({ app }: { readonly app: DeskApp }) {
  return (
    <DeskAppProvider value={app}>
      <Frame />
      <Receipt />
    </DeskAppProvider>
  );
}

function Frame() {
  const app = useApp();
  const words = useWords();
  const state = app.state.value;
  const language = app.language.value;
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = state === undefined ? words.appName : `${state.desk.name} · ${words.appName}`;
  }, [language, state?.desk.name, words]);
  useEffect(() => {
    const onKey = shortcuts(app);
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [app]);
  const isSelf = state?.desk.mode === 'self-service';
  return (
    <div class={isSelf ? 'desk self' : 'desk'} data-stale={app.line.value === 'live' ? undefined : 'yes'}>
      <TopBar />
      <Banners />
      {state === undefined ? <Beginning /> : isSelf ? <SelfServiceScreen state={state} /> : <Staffed />}
    </div>
  );
}

function Beginning() {
  const words = useWords();
  return (
    <main class="beginning">
      {useApp().line.value === 'connecting' && <Spinner label={words.connection.connecting} />}
    </main>
  );
}

function Staffed() {
  const app = useApp();
  const state = app.state.value;
  if (state === undefined) return null;
  return app.screen.value === 'conflicts' ? <ConflictScreen state={state} /> : <CounterScreen state={state} />;
}
