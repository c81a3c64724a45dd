// SPDX-License-Identifier: Apache-2.0
// Signing in, by what the gateway offers: the campus's identity provider, a passkey, number and password.
import { useState } from 'preact/hooks';
import type { ApiFailure } from '../../ui/api-client.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { LanguageSwitch } from '../../ui/language-switch.tsx';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import { Page, WhenLoaded } from '../page.tsx';
import { useLoad } from '../use-load.ts';

interface Methods {
  readonly password: boolean;
  readonly passkey: boolean;
  readonly oidc: { readonly name: string; readonly nameEn: string } | null;
}

export function SignInPage() {
  const words = useWords();
  const methods = useLoad<Methods>('/v1/sign-in/methods');
  return (
    <Page title={words.signIn.title} above={<Brand />}>
      <p class="soft">{words.signIn.intro}</p>
      <WhenLoaded load={methods}>{(value) => <Ways methods={value} />}</WhenLoaded>
    </Page>
  );
}

function Brand() {
  const app = useApp();
  const words = useWords();
  return (
    <div class="brand">
      <img src="/pass/icons/icon.svg" alt="" width="44" height="44" />
      <span>{words.appName}</span>
      <LanguageSwitch label={words.language} chosen={app.language.value} onChoose={app.speak} />
    </div>
  );
}

function Ways({ methods }: { readonly methods: Methods }) {
  const { language } = useApp();
  const words = useWords();
  const { password, passkey, oidc } = methods;
  return (
    <div class="stack">
      {oidc !== null && (
        <a class={`button wide ${password ? 'plain' : ''}`} href="/v1/sign-in/oidc?return=/pass/">
          {words.signIn.oidc(language.value === 'en' && oidc.nameEn !== '' ? oidc.nameEn : oidc.name)}
        </a>
      )}
      {passkey && <PasskeyButton />}
      {password && (oidc !== null || passkey) && <p class="or soft small">{words.signIn.or}</p>}
      {password && <PasswordForm />}
    </div>
  );
}

function PasskeyButton() {
  const { session } = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const ask = async () => {
    setBusy(true);
    setFailure(undefined);
    const answer = await session.withPasskey();
    setBusy(false);
    if (answer !== 'cancelled' && !answer.ok) setFailure(answer.code);
  };
  return (
    <>
      <Button kind="plain" icon="key" wide busy={busy} onClick={() => void ask()}>
        {words.signIn.passkey}
      </Button>
      <Failure code={failure} />
    </>
  );
}

function PasswordForm() {
  const { session } = useApp();
  const words = useWords();
  const [number, setNumber] = useState('');
  const [password, setPassword] = useState('');
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const submit = async (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (busy || number.trim() === '' || password === '') return;
    setBusy(true);
    const answer = await session.withPassword(number.trim(), password);
    setBusy(false);
    setFailure(answer.ok ? undefined : wordsOf(answer.code));
  };
  const missing = (value: string) => (asked && value === '' ? words.signIn.missing : undefined);
  return (
    <form class="stack" method="post" noValidate onSubmit={(event) => void submit(event)}>
      <Field
        label={words.signIn.number}
        name="username"
        autocomplete="username"
        maxLength={32}
        value={number}
        onInput={setNumber}
        wrong={missing(number.trim())}
      />
      <Field
        label={words.signIn.password}
        name="password"
        type="password"
        autocomplete="current-password"
        value={password}
        onInput={setPassword}
        hint={words.signIn.initial}
        wrong={missing(password)}
      />
      <Failure code={failure} />
      <Button type="submit" wide busy={busy}>
        {words.signIn.submit}
      </Button>
    </form>
  );
}

/** A number that has the wrong form is a wrong number: nobody is told more. */
const wordsOf = (code: ApiFailure): ApiFailure =>
  code === 'unauthenticated' || code === 'invalid-request' ? 'sign-in-refused' : code;
