// SPDX-License-Identifier: Apache-2.0
// Enrolling this phone: one tap, or one tap on the phone it replaces.
import type { MyPhone } from '@latchkey/protocols/api/me';
import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { dayOf } from '../dates.ts';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import type { EnrolOutcome } from '../model/phone.ts';
import { canHoldKey } from '../model/phone-key.ts';
import { Page, WhenLoaded } from '../page.tsx';
import { guessPhoneName } from '../phone-name.ts';
import { useLoad } from '../use-load.ts';

interface Phones {
  readonly items: readonly MyPhone[];
  readonly allowed: number;
}

type FailureCode = Exclude<EnrolOutcome, { ok: true }>['code'];

export function EnrolPage() {
  const words = useWords();
  const phones = useLoad<Phones>('/v1/me/phones');
  if (!canHoldKey()) {
    return (
      <Page title={words.enrol.title}>
        <Notice tone="bad" title={words.enrol.insecure}>
          {words.enrol.insecureWhy}
        </Notice>
      </Page>
    );
  }
  return (
    <Page title={words.enrol.title}>
      <p class="soft">{words.enrol.intro}</p>
      <WhenLoaded load={phones}>{(value) => <Enrol phones={value} />}</WhenLoaded>
    </Page>
  );
}

function Enrol({ phones }: { readonly phones: Phones }) {
  const { phone, toast } = useApp();
  const words = useWords();
  const { route } = useLocation();
  const [name, setName] = useState(() => guessPhoneName(navigator.userAgent, words.phoneNames));
  const [busy, setBusy] = useState<string>();
  const [failure, setFailure] = useState<FailureCode>();
  const active = phones.items.filter(({ state }) => state === 'active');
  const enrol = async (replaces: string | undefined) => {
    if (busy !== undefined) return;
    setBusy(replaces ?? 'new');
    const outcome = await phone.enrol(name.trim() === '' ? words.phoneNames.other : name.trim(), replaces);
    setBusy(undefined);
    if (!outcome.ok) return setFailure(outcome.code);
    // Asked for once a phone has something to lose; a refusal changes nothing.
    void navigator.storage?.persist?.();
    toast.value = words.enrol.done;
    route('/pass/');
  };
  return (
    <div class="stack">
      <Field
        label={words.enrol.name}
        hint={words.enrol.nameHint}
        name="phone"
        autocomplete="off"
        maxLength={60}
        value={name}
        onInput={setName}
      />
      <EnrolFailure code={failure} />
      {failure === 'sign-in-again' ? (
        <SignInAgain />
      ) : active.length < phones.allowed ? (
        <Button wide busy={busy !== undefined} onClick={() => void enrol(undefined)}>
          {words.enrol.submit}
        </Button>
      ) : (
        <Replace phones={active} allowed={phones.allowed} busy={busy} onChoose={(id) => void enrol(id)} />
      )}
      {active.length > 0 && (
        <Notice title={words.enrol.lostTitle} icon="help">
          {words.enrol.lostWhy}
        </Notice>
      )}
    </div>
  );
}

function EnrolFailure({ code }: { readonly code: FailureCode | undefined }) {
  const words = useWords();
  switch (code) {
    case 'not-kept':
      return (
        <Notice tone="bad" title={words.enrol.notKept} live>
          {words.enrol.notKeptWhy}
        </Notice>
      );
    case 'sign-in-again':
      return (
        <Notice tone="warn" title={words.enrol.again} live>
          {words.enrol.againWhy}
        </Notice>
      );
    default:
      return <Failure code={code} />;
  }
}

/** Ends the session: this same address then asks for a sign-in, and goes on with the enrolment after it. */
function SignInAgain() {
  const { session } = useApp();
  const words = useWords();
  const signInAgain = async () => {
    const next = await session.signOut();
    if (next !== null) location.assign(next);
  };
  return (
    <Button wide onClick={() => void signInAgain()}>
      {words.enrol.againSubmit}
    </Button>
  );
}

interface ReplaceProps {
  readonly phones: readonly MyPhone[];
  readonly allowed: number;
  readonly busy: string | undefined;
  readonly onChoose: (id: string) => void;
}

function Replace({ phones, allowed, busy, onChoose }: ReplaceProps) {
  const words = useWords();
  const { language } = useApp();
  return (
    <section class="stack">
      <div class="stack tight">
        <h2>{words.enrol.limitTitle(allowed)}</h2>
        <p class="soft">{words.enrol.limitWhy}</p>
      </div>
      <ul class="rows">
        {phones.map(({ id, name, enrolledAt }) => (
          <li key={id}>
            <button
              type="button"
              class="row"
              aria-label={words.enrol.replaceLabel(name)}
              aria-busy={busy === id ? 'true' : undefined}
              onClick={() => onChoose(id)}
            >
              <Icon name="phone" />
              <span class="main">
                <span>{name}</span>
                <span class="small soft">{words.phones.enrolled(dayOf(enrolledAt, language.value))}</span>
              </span>
              {busy === id ? <span class="spinner" /> : <span class="action">{words.enrol.replace}</span>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
