// SPDX-License-Identifier: Apache-2.0
// The frame around all pages: routes, the bar of tabs, words in passing.

import { useCallback, useEffect } from 'preact/hooks';
import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Toast } from '../ui/toast.tsx';
import { type PassApp, PassAppProvider, useApp, useWords } from './model/app.ts';
import { Page } from './page.tsx';
import { AnswerPage } from './pages/answer-page.tsx';
import { CardsPage } from './pages/cards-page.tsx';
import { CodePage } from './pages/code-page.tsx';
import { HelpPage } from './pages/help-page.tsx';
import { KeysPage } from './pages/keys-page.tsx';
import { MePage } from './pages/me-page.tsx';
import { PassagesPage } from './pages/passages-page.tsx';
import { PasskeysPage } from './pages/passkeys-page.tsx';
import { PasswordPage } from './pages/password-page.tsx';
import { PhonesPage } from './pages/phones-page.tsx';
import { SignedIn } from './signed-in.tsx';
import { useVisible } from './use-code.ts';

/** While somebody looks: a replaced phone learns of it within a minute. */
const REFRESH_MS = 60_000;

export function Pass({ app }: { readonly app: PassApp }) {
  return (
    <PassAppProvider value={app}>
      <LocationProvider scope="/pass/">
        <Shell />
      </LocationProvider>
    </PassAppProvider>
  );
}

function Shell() {
  const app = useApp();
  const language = app.language.value;
  const gone = useCallback(() => {
    app.toast.value = undefined;
  }, [app]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useRefresh();
  return (
    <>
      <Router>
        <Route path="/pass/" component={CodePage} />
        <Route path="/pass/answer" component={AnswerPage} />
        <Route path="/pass/keys" component={KeysPage} />
        <Route path="/pass/cards" component={CardsPage} />
        <Route path="/pass/passages" component={PassagesPage} />
        <Route path="/pass/me" component={MePage} />
        <Route path="/pass/phones" component={PhonesPage} />
        <Route path="/pass/passkeys" component={PasskeysPage} />
        <Route path="/pass/password" component={OwnPassword} />
        <Route path="/pass/help" component={HelpPage} />
        <Route default component={NotFound} />
      </Router>
      <Toast text={app.toast.value} onGone={gone} />
      <Tabs />
    </>
  );
}

function useRefresh(): void {
  const app = useApp();
  const visible = useVisible();
  useEffect(() => {
    if (!visible) return undefined;
    const refresh = () => void app.refresh();
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    globalThis.addEventListener('online', refresh);
    globalThis.addEventListener('offline', refresh);
    return () => {
      clearInterval(timer);
      globalThis.removeEventListener('online', refresh);
      globalThis.removeEventListener('offline', refresh);
    };
  }, [app, visible]);
}

const TABS = [
  { name: 'code', href: '/pass/', icon: 'code', below: ['/pass', '/pass/answer'] },
  { name: 'keys', href: '/pass/keys', icon: 'key', below: ['/pass/keys'] },
  { name: 'cards', href: '/pass/cards', icon: 'card', below: ['/pass/cards'] },
  { name: 'passages', href: '/pass/passages', icon: 'door', below: ['/pass/passages'] },
  {
    name: 'me',
    href: '/pass/me',
    icon: 'person',
    below: ['/pass/me', '/pass/phones', '/pass/passkeys', '/pass/password', '/pass/help'],
  },
] as const satisfies readonly { name: string; href: string; icon: IconName; below: readonly string[] }[];

function Tabs() {
  const words = useWords();
  const { path } = useLocation();
  return (
    <nav class="tabs" aria-label={words.tabs.label}>
      {TABS.map(({ name, href, icon, below }) => (
        <a key={name} href={href} aria-current={(below as readonly string[]).includes(path) ? 'page' : undefined}>
          <Icon name={icon} />
          <span>{words.tabs[name]}</span>
        </a>
      ))}
    </nav>
  );
}

function OwnPassword() {
  const words = useWords();
  const { route } = useLocation();
  return <SignedIn title={words.password.title}>{() => <PasswordPage onDone={() => route('/pass/me')} />}</SignedIn>;
}

function NotFound() {
  const words = useWords();
  return (
    <Page title={words.notFound.title}>
      <a class="button wide" href="/pass/">
        {words.notFound.home}
      </a>
    </Page>
  );
}
