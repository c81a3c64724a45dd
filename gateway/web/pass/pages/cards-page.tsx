// SPDX-License-Identifier: Apache-2.0
// My cards: reporting one lost in two taps, and how many gates have confirmed it; found again where the rules allow.
import type { MyCard, MyCardChange } from '@latchkey/protocols/api/me';
import { useState } from 'preact/hooks';
import type { ApiFailure } from '../../ui/api-client.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import { Page, WhenLoaded } from '../page.tsx';
import { SignedIn } from '../signed-in.tsx';
import { type Load, useLoad } from '../use-load.ts';

interface Cards {
  readonly items: readonly MyCard[];
}
const TONES = { active: 'good', lost: 'bad', frozen: 'warn', withdrawn: '' } as const;
/** How long the answer may wait for gates to confirm: long enough for a second, short enough for a person. */
const WAIT_MS = 2_000;

export function CardsPage() {
  const words = useWords();
  return <SignedIn title={words.cards.title}>{() => <Cards />}</SignedIn>;
}

function Cards() {
  const words = useWords();
  const cards = useLoad<Cards>('/v1/me/cards');
  return (
    <Page title={words.cards.title}>
      <WhenLoaded load={cards}>
        {({ items }) =>
          items.length === 0 ? (
            <Notice title={words.cards.none}>{words.cards.noneWhy}</Notice>
          ) : (
            <div class="stack">
              {items.map((card) => (
                <CardPanel key={card.id} card={card} cards={cards} />
              ))}
            </div>
          )
        }
      </WhenLoaded>
    </Page>
  );
}

type Act = 'lose' | 'found';

function CardPanel({ card, cards }: { readonly card: MyCard; readonly cards: Load<Cards> }) {
  const words = useWords();
  const [asking, setAsking] = useState<Act>();
  const [done, setDone] = useState<MyCardChange>();
  const { state, ending, mayReport, mayFind } = card;
  return (
    <article class="panel stack" aria-label={words.cards.ending(ending)}>
      <div class="card-face">
        <Icon name="card" />
        <div class="main">
          <h2 class="number">{words.cards.ending(ending)}</h2>
          <p class="small soft">{words.cards.classes[card.class]}</p>
        </div>
        <span class={`tag ${TONES[state]}`}>{words.cards.states[state]}</span>
      </div>
      {done !== undefined && <Confirmation change={done} />}
      {mayReport && (
        <Button kind="danger-quiet" wide onClick={() => setAsking('lose')}>
          {words.cards.lose}
        </Button>
      )}
      {mayFind && (
        <Button kind="plain" wide onClick={() => setAsking('found')}>
          {words.cards.find}
        </Button>
      )}
      {state === 'lost' && !mayFind && <p class="small soft">{words.cards.office}</p>}
      {asking !== undefined && (
        <ActSheet
          card={card}
          act={asking}
          onClose={() => setAsking(undefined)}
          onDone={(change) => {
            setAsking(undefined);
            setDone(change);
            if (cards.state.kind !== 'ready') return;
            cards.set({ items: cards.state.value.items.map((one) => (one.id === card.id ? change.card : one)) });
          }}
        />
      )}
    </article>
  );
}

interface ActSheetProps {
  readonly card: MyCard;
  readonly act: Act;
  readonly onClose: () => void;
  readonly onDone: (change: MyCardChange) => void;
}

function ActSheet({ card, act, onClose, onDone }: ActSheetProps) {
  const { api } = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const lose = act === 'lose';
  const send = async () => {
    setBusy(true);
    const path = `/v1/me/cards/${encodeURIComponent(card.id)}/${act}?waitMs=${WAIT_MS}`;
    const answer = await api.send<MyCardChange>('POST', path);
    setBusy(false);
    if (answer.ok) onDone(answer.value);
    else setFailure(answer.code);
  };
  return (
    <Sheet title={lose ? words.cards.loseTitle : words.cards.findTitle} onClose={onClose}>
      <p class="soft">
        {words.cards.ending(card.ending)}
        <br />
        {lose ? words.cards.loseWhy : words.cards.findWhy}
      </p>
      <Failure code={failure} />
      <Button kind={lose ? 'danger' : 'primary'} wide busy={busy} onClick={() => void send()}>
        {lose ? words.cards.loseConfirm : words.cards.findConfirm}
      </Button>
      <Button kind="plain" wide onClick={onClose}>
        {words.cancel}
      </Button>
    </Sheet>
  );
}

/** Only what gates confirmed is said to be so. */
function Confirmation({ change: { card, confirmation } }: { readonly change: MyCardChange }) {
  const words = useWords();
  const title = card.state === 'lost' ? words.cards.lost : words.cards.found;
  if (confirmation === undefined) return <Notice tone="good" title={title} live />;
  const { online, confirmed, confirmedMs } = confirmation;
  const all = confirmed >= online;
  return (
    <Notice tone={all ? 'good' : 'warn'} title={title} live>
      <span class="number">
        {words.cards.confirmed(confirmed, online)}
        {all && confirmedMs !== null && online > 0 && words.cards.pause + words.cards.within(confirmedMs)}
      </span>
      <p class="small">{all ? words.cards.offlineGates : words.cards.rest}</p>
    </Notice>
  );
}
