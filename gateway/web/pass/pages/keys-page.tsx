// SPDX-License-Identifier: Apache-2.0
// The keychain: doors with smart locks, whether each could be opened now, and opening one: choose, confirm, wait for the bolt.
import type { MyDoor } from '@latchkey/protocols/api/keychain';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { Spinner } from '../../ui/spinner.tsx';
import { momentOf } from '../dates.ts';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import { isOver, newConfirmation, type OpeningView, openDoor } from '../model/opening.ts';
import { Page, WhenLoaded } from '../page.tsx';
import { SignedIn } from '../signed-in.tsx';
import { useVisible } from '../use-code.ts';
import { useLoad } from '../use-load.ts';

interface Doors {
  readonly items: readonly MyDoor[];
}

/** A door that is out of reach may come back while somebody looks. */
const LOOK_MS = 5_000;
const LOW_PERCENT = 20;

export function KeysPage() {
  const words = useWords();
  return <SignedIn title={words.keys.title}>{() => <Keys />}</SignedIn>;
}

function Keys() {
  const words = useWords();
  const doors = useLoad<Doors>('/v1/me/doors');
  const visible = useVisible();
  const [chosen, setChosen] = useState<MyDoor>();
  const { reload } = doors;
  useEffect(() => {
    if (!visible || chosen !== undefined) return undefined;
    const timer = setInterval(reload, LOOK_MS);
    return () => clearInterval(timer);
  }, [visible, chosen, reload]);
  return (
    <Page title={words.keys.title}>
      <WhenLoaded load={doors}>
        {({ items }) =>
          items.length === 0 ? (
            <Notice title={words.keys.none}>{words.keys.noneWhy}</Notice>
          ) : (
            <div class="stack">
              {items.map((door) => (
                <DoorPanel key={door.portal} door={door} onOpen={() => setChosen(door)} />
              ))}
            </div>
          )
        }
      </WhenLoaded>
      {chosen !== undefined && (
        <OpenSheet
          door={chosen}
          onClose={() => {
            setChosen(undefined);
            reload();
          }}
        />
      )}
    </Page>
  );
}

function useDoorName() {
  const { language } = useApp();
  return ({ name, nameEn, building }: MyDoor) =>
    [building, language.value === 'en' && nameEn !== '' ? nameEn : name].filter(Boolean).join(' ');
}

function DoorPanel({ door, onOpen }: { readonly door: MyDoor; readonly onOpen: () => void }) {
  const words = useWords();
  const { language } = useApp();
  const { notNow, battery, lastSeenAt, bolt } = door;
  const name = useDoorName()(door);
  const may = notNow === null;
  return (
    <article class="panel stack" aria-label={name}>
      <div class="card-face">
        <Icon name={bolt === 'drawn' ? 'door' : 'lock'} />
        <div class="main">
          <h2>{name}</h2>
          <p class="small soft">
            {[
              words.keys.bolts[bolt],
              battery === null ? undefined : words.keys.battery(battery),
              lastSeenAt === null ? words.keys.neverSeen : words.keys.seen(momentOf(lastSeenAt, language.value)),
            ]
              .filter((part) => part !== undefined)
              .join(words.keys.comma)}
          </p>
        </div>
        <span class={`tag ${may ? 'good' : 'warn'}`}>{may ? words.keys.ready : words.keys.notReady}</span>
      </div>
      {battery !== null && battery <= LOW_PERCENT && <p class="small soft">{words.keys.batteryLow}</p>}
      {notNow !== null && <Notice tone="warn">{words.keys.notNow[notNow]}</Notice>}
      {may && (
        <Button kind="primary" icon="key" wide onClick={onOpen}>
          {words.keys.open}
        </Button>
      )}
    </article>
  );
}

function OpenSheet({ door, onClose }: { readonly door: MyDoor; readonly onClose: () => void }) {
  const { api } = useApp();
  const words = useWords();
  const name = useDoorName()(door);
  const [now, setNow] = useState<OpeningView>();
  const running = useRef(false);
  const confirm = () => {
    // Five taps in a hurry come before the page is drawn anew: a state would not know of the first one yet.
    if (running.current) return;
    running.current = true;
    void openDoor({
      api,
      portal: door.portal,
      confirm: newConfirmation((bytes) => void crypto.getRandomValues(bytes)),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      nowMs: () => performance.now(),
      onChange: setNow,
    }).finally(() => {
      running.current = false;
    });
  };
  return (
    <Sheet title={name} onClose={onClose}>
      {now === undefined ? <p class="soft">{words.keys.confirmWhy}</p> : <Progress now={now} />}
      {now === undefined && (
        <Button kind="primary" icon="key" wide onClick={confirm}>
          {words.keys.confirm}
        </Button>
      )}
      {now !== undefined && isOver(now) && now.state !== 'opened' && (
        <Button kind="primary" wide onClick={confirm}>
          {words.keys.again}
        </Button>
      )}
      <Button kind="plain" wide onClick={onClose}>
        {now !== undefined && isOver(now) ? words.keys.close : words.cancel}
      </Button>
    </Sheet>
  );
}

const TONES = { opened: 'good', jammed: 'bad', refused: 'bad', 'not-reached': 'warn' } as const;

function Progress({ now }: { readonly now: OpeningView }) {
  const words = useWords();
  const { state, reason, elapsedMs, failure } = now;
  if (!isOver(now)) return <Spinner label={words.keys.states[state].title} />;
  const { title, why } = words.keys.states[state];
  const said = reason === null ? undefined : words.keys.refusals[reason];
  return (
    <>
      <Notice tone={(TONES as Record<string, 'good' | 'bad' | 'warn'>)[state] ?? 'warn'} title={title} live>
        <p>{said ?? why}</p>
        {state === 'opened' && elapsedMs !== null && <p class="small number">{words.keys.after(elapsedMs)}</p>}
      </Notice>
      <Failure code={failure} />
    </>
  );
}
