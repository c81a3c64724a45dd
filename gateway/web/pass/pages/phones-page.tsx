// SPDX-License-Identifier: Apache-2.0
// My phones: which are in use, which were replaced; stopping one.
import type { MyPhone } from '@latchkey/protocols/api/me';
import { useState } from 'preact/hooks';
import type { ApiFailure } from '../../ui/api-client.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { dayOf } from '../dates.ts';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import { Page, WhenLoaded } from '../page.tsx';
import { SignedIn } from '../signed-in.tsx';
import { useLoad } from '../use-load.ts';

interface Phones {
  readonly items: readonly MyPhone[];
  readonly allowed: number;
}
const TONES = { active: 'good', replaced: '', withdrawn: '' } as const;

export function PhonesPage() {
  const words = useWords();
  return <SignedIn title={words.phones.title}>{() => <List />}</SignedIn>;
}

function List() {
  const app = useApp();
  const words = useWords();
  const phones = useLoad<Phones>('/v1/me/phones');
  const [stopping, setStopping] = useState<MyPhone>();
  const here = app.phone.saved.value.phone;
  return (
    <Page title={words.phones.title} back="/pass/me">
      <WhenLoaded load={phones}>
        {({ items, allowed }) => (
          <div class="stack">
            {items.length === 0 && <Notice title={words.phones.none} />}
            {items.length > 0 && (
              <>
                <p class="soft number">
                  {words.phones.allowed(items.filter(({ state }) => state === 'active').length, allowed)}
                </p>
                <ul class="rows">
                  {items.map((phone) => (
                    <Phone
                      key={phone.id}
                      phone={phone}
                      here={phone.id === here?.id}
                      onStop={() => setStopping(phone)}
                    />
                  ))}
                </ul>
              </>
            )}
            {here === undefined && (
              <a class="button wide" href="/pass/">
                {words.phones.add}
              </a>
            )}
          </div>
        )}
      </WhenLoaded>
      {stopping !== undefined && (
        <StopSheet
          phone={stopping}
          onClose={() => setStopping(undefined)}
          onDone={() => {
            setStopping(undefined);
            app.toast.value = words.phones.stopped;
            phones.reload();
            // This very phone learns of it as any other would.
            void app.refresh();
          }}
        />
      )}
    </Page>
  );
}

interface PhoneProps {
  readonly phone: MyPhone;
  readonly here: boolean;
  readonly onStop: () => void;
}

function Phone({ phone, here, onStop }: PhoneProps) {
  const { language } = useApp();
  const words = useWords();
  const { name, state, enrolledAt, endedAt } = phone;
  return (
    <li class="row">
      <Icon name="phone" />
      <span class="main">
        <span>{name}</span>
        <span class="small soft">
          {endedAt === null
            ? words.phones.enrolled(dayOf(enrolledAt, language.value))
            : words.phones.ended(dayOf(endedAt, language.value))}
        </span>
        <span class="tags">
          <span class={`tag ${TONES[state]}`}>{words.phones.states[state]}</span>
          {here && <span class="tag">{words.phones.here}</span>}
        </span>
      </span>
      {state === 'active' && (
        <Button kind="danger-quiet" onClick={onStop}>
          {words.phones.stop}
        </Button>
      )}
    </li>
  );
}

interface StopSheetProps {
  readonly phone: MyPhone;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function StopSheet({ phone, onClose, onDone }: StopSheetProps) {
  const { api } = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const stop = async () => {
    setBusy(true);
    const answer = await api.send('DELETE', `/v1/me/phones/${encodeURIComponent(phone.id)}`);
    setBusy(false);
    if (answer.ok) onDone();
    else setFailure(answer.code);
  };
  return (
    <Sheet title={words.phones.stopTitle(phone.name)} onClose={onClose}>
      <p class="soft">{words.phones.stopWhy}</p>
      <Failure code={failure} />
      <Button kind="danger" wide busy={busy} onClick={() => void stop()}>
        {words.phones.stopConfirm}
      </Button>
      <Button kind="plain" wide onClick={onClose}>
        {words.cancel}
      </Button>
    </Sheet>
  );
}
