// SPDX-License-Identifier: Apache-2.0
// Choosing a password; forced as long as the initial one is in use.
import { useState } from 'preact/hooks';
import type { ApiFailure } from '../../ui/api-client.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import { Page } from '../page.tsx';
import type { Words } from '../words/zh-cn.ts';

const LEAST = 10;
interface Typed {
  readonly current: string;
  readonly next: string;
  readonly repeat: string;
}
type Wrong = Partial<Record<keyof Typed, string>>;

function wrongWith({ current, next, repeat }: Typed, words: Words): Wrong {
  if (current === '') return { current: words.signIn.missing };
  if (next.length < LEAST) return { next: words.password.short };
  if (next === current) return { next: words.password.same };
  if (next !== repeat) return { repeat: words.password.differs };
  return {};
}

interface PasswordPageProps {
  readonly forced?: boolean;
  readonly onDone?: () => void;
}

export function PasswordPage({ forced, onDone }: PasswordPageProps) {
  const { session, toast } = useApp();
  const words = useWords();
  const now = session.session.value;
  const number = now.kind === 'in' ? (now.me.number ?? '') : '';
  const [typed, setTyped] = useState<Typed>({ current: '', next: '', repeat: '' });
  const [wrong, setWrong] = useState<Wrong>({});
  const [failure, setFailure] = useState<ApiFailure>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const found = wrongWith(typed, words);
    setWrong(found);
    if (busy || Object.keys(found).length > 0) return;
    setBusy(true);
    const answer = await session.changePassword(typed.current, typed.next);
    setBusy(false);
    if (!answer.ok) return setFailure(answer.code);
    toast.value = words.password.done;
    onDone?.();
  };
  const field = (name: keyof Typed, autocomplete: string, hint?: string) => (
    <Field
      label={words.password[name]}
      name={name}
      type="password"
      autocomplete={autocomplete}
      value={typed[name]}
      onInput={(value) => setTyped({ ...typed, [name]: value })}
      hint={hint}
      wrong={wrong[name]}
    />
  );
  return (
    <Page title={words.password.title} {...(forced ? {} : { back: '/pass/me' })}>
      {forced && <Notice tone="warn">{words.password.forced}</Notice>}
      <form class="stack" method="post" noValidate onSubmit={(event) => void submit(event)}>
        {/* Password managers keep a password for somebody. */}
        <input type="text" name="username" autocomplete="username" value={number} readOnly hidden />
        {field('current', 'current-password', forced ? words.signIn.initial : undefined)}
        {field('next', 'new-password', words.password.rule)}
        {field('repeat', 'new-password')}
        <Failure code={failure} />
        <Button type="submit" wide busy={busy}>
          {words.password.submit}
        </Button>
      </form>
    </Page>
  );
}
