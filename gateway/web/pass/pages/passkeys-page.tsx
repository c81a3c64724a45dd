// SPDX-License-Identifier: Apache-2.0
// My passkeys: those there are, and adding one.
import { useState } from 'preact/hooks';
import type { ApiFailure } from '../../ui/api-client.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { dayOf } from '../dates.ts';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import { Page, WhenLoaded } from '../page.tsx';
import { guessPhoneName } from '../phone-name.ts';
import { SignedIn } from '../signed-in.tsx';
import { type Load, useLoad } from '../use-load.ts';

interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly addedAt: string;
  readonly lastUsedAt: string | null;
}
interface Passkeys {
  readonly items: readonly Passkey[];
}

export function PasskeysPage() {
  const words = useWords();
  return <SignedIn title={words.me.passkeys}>{() => <List />}</SignedIn>;
}

function List() {
  const { language } = useApp();
  const words = useWords();
  const passkeys = useLoad<Passkeys>('/v1/me/passkeys');
  const used = ({ lastUsedAt }: Passkey) =>
    lastUsedAt === null ? words.me.neverUsed : words.me.lastUsed(dayOf(lastUsedAt, language.value));
  return (
    <Page title={words.me.passkeys} back="/pass/me">
      <p class="soft">{words.me.passkeysWhy}</p>
      <WhenLoaded load={passkeys}>
        {({ items }) =>
          items.length === 0 ? (
            <Notice title={words.me.noPasskeys} />
          ) : (
            <ul class="rows">
              {items.map((passkey) => (
                <li key={passkey.id} class="row">
                  <Icon name="key" />
                  <span class="main">
                    <span>{passkey.name}</span>
                    <span class="small soft">{used(passkey)}</span>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </WhenLoaded>
      {globalThis.PublicKeyCredential !== undefined && <Add passkeys={passkeys} />}
    </Page>
  );
}

function Add({ passkeys }: { readonly passkeys: Load<Passkeys> }) {
  const { api, toast } = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const add = async () => {
    setBusy(true);
    const { addPasskey } = await import('../model/passkey.ts');
    const answer = await addPasskey(api, guessPhoneName(navigator.userAgent, words.phoneNames));
    setBusy(false);
    if (answer === 'cancelled') return;
    if (!answer.ok) return setFailure(answer.code);
    toast.value = words.me.passkeyAdded;
    passkeys.reload();
  };
  return (
    <>
      <Failure code={failure} />
      <Button icon="key" wide busy={busy} onClick={() => void add()}>
        {words.me.addPasskey}
      </Button>
    </>
  );
}
