// SPDX-License-Identifier: Apache-2.0
// About the person signed in: phones, password, passkeys, language, signing out.
import type { Me } from '@latchkey/protocols/api/sign-in';
import { Button } from '../../ui/button.tsx';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { LanguageSwitch } from '../../ui/language-switch.tsx';
import { useApp, useWords } from '../model/app.ts';
import { Page } from '../page.tsx';
import { SignedIn } from '../signed-in.tsx';

export function MePage() {
  const words = useWords();
  return <SignedIn title={words.me.title}>{(me) => <Account me={me} />}</SignedIn>;
}

function Account({ me }: { readonly me: Me }) {
  const app = useApp();
  const words = useWords();
  const signOut = async () => {
    const next = await app.session.signOut();
    if (next !== null) location.assign(next);
  };
  return (
    <Page title={words.me.title}>
      <div class="panel who">
        <Icon name="person" />
        <div class="main">
          <h2>{me.name}</h2>
          {me.number !== null && <p class="soft number">{me.number}</p>}
        </div>
      </div>
      <ul class="rows">
        <Way icon="phone" href="/pass/phones" label={words.me.phones} />
        <Way icon="help" href="/pass/help" label={words.me.help} />
        <Way icon="key" href="/pass/passkeys" label={words.me.passkeys} />
        <Way icon="lock" href="/pass/password" label={words.me.password} />
      </ul>
      <div class="setting">
        <span>{words.language}</span>
        <LanguageSwitch label={words.language} chosen={app.language.value} onChoose={app.speak} />
      </div>
      <div class="stack tight">
        <Button kind="plain" icon="out" wide onClick={() => void signOut()}>
          {words.me.signOut}
        </Button>
        <p class="small soft">{words.me.signOutWhy}</p>
      </div>
    </Page>
  );
}

function Way({ icon, href, label }: { readonly icon: IconName; readonly href: string; readonly label: string }) {
  return (
    <li>
      <a class="row" href={href}>
        <Icon name={icon} />
        <span class="main">{label}</span>
        <Icon name="next" />
      </a>
    </li>
  );
}
