// SPDX-License-Identifier: Apache-2.0
// Shows its content to somebody signed in; everybody else the way there, on the same address, so that nothing is lost.
import type { Me } from '@latchkey/protocols/api/sign-in';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { useApp, useWords } from './model/app.ts';
import { Page } from './page.tsx';
import { PasswordPage } from './pages/password-page.tsx';
import { SignInPage } from './pages/sign-in-page.tsx';

interface SignedInProps {
  readonly title: string;
  readonly children: (me: Me) => ComponentChildren;
}

export function SignedIn({ title, children }: SignedInProps) {
  const { session, phone } = useApp();
  const words = useWords();
  const now = session.session.value;
  useEffect(() => {
    if (now.kind === 'unknown') void session.check();
  }, [now.kind, session]);
  switch (now.kind) {
    case 'unknown':
      return (
        <Page title={title}>
          <Spinner label={words.loading} />
        </Page>
      );
    case 'unreachable':
      return (
        <Page title={title}>
          {phone.saved.value.phone === undefined ? (
            <Notice icon="offline" title={words.signIn.offline}>
              {words.signIn.offlineWhy}
            </Notice>
          ) : (
            <Notice icon="offline" title={words.offline.title}>
              {words.offline.why}
            </Notice>
          )}
          <Button kind="plain" onClick={() => void session.check()}>
            {words.retry}
          </Button>
        </Page>
      );
    case 'out':
      return <SignInPage />;
    case 'in':
      return now.me.mustChangePassword ? <PasswordPage forced /> : <>{children(now.me)}</>;
  }
}
