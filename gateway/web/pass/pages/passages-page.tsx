// SPDX-License-Identifier: Apache-2.0
// My last passages, day by day; a refusal opens to what it means and what to do.
import type { MyPassage } from '@latchkey/protocols/api/me';
import { useState } from 'preact/hooks';
import type { ApiFailure } from '../../ui/api-client.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { clockOf, momentOf, weekdayOf } from '../dates.ts';
import { Failure } from '../failure.tsx';
import { useApp, useWords } from '../model/app.ts';
import { Page, WhenLoaded } from '../page.tsx';
import { SignedIn } from '../signed-in.tsx';
import { type Load, useLoad } from '../use-load.ts';

interface Passages {
  readonly items: readonly MyPassage[];
  readonly next?: string | undefined;
}
const PATH = '/v1/me/passages?limit=30';

export function PassagesPage() {
  const words = useWords();
  return <SignedIn title={words.passages.title}>{() => <Loading />}</SignedIn>;
}

function Loading() {
  const words = useWords();
  const passages = useLoad<Passages>(PATH);
  return (
    <Page title={words.passages.title}>
      <WhenLoaded load={passages}>
        {(value) =>
          value.items.length === 0 ? (
            <Notice title={words.passages.none}>{words.passages.noneWhy}</Notice>
          ) : (
            <Days passages={value} load={passages} />
          )
        }
      </WhenLoaded>
    </Page>
  );
}

function Days({ passages, load }: { readonly passages: Passages; readonly load: Load<Passages> }) {
  const { language } = useApp();
  const words = useWords();
  const [open, setOpen] = useState<MyPassage>();
  const days = byDay(passages.items, language.value);
  return (
    <div class="stack">
      {days.map(([day, items]) => (
        <section key={day} class="stack tight">
          <h2 class="day">{day}</h2>
          <ul class="rows">
            {items.map((passage) => (
              <li key={`${passage.at} ${passage.portal}`}>
                <Passage passage={passage} onOpen={() => setOpen(passage)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      <More passages={passages} load={load} />
      <p class="small soft">{words.passages.gateway}</p>
      {open !== undefined && <Refusal passage={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function byDay(items: readonly MyPassage[], language: 'zh-CN' | 'en'): [string, MyPassage[]][] {
  const days = new Map<string, MyPassage[]>();
  for (const passage of items) {
    const day = weekdayOf(passage.at, language);
    const known = days.get(day);
    if (known === undefined) days.set(day, [passage]);
    else known.push(passage);
  }
  return [...days];
}

function Passage({ passage, onOpen }: { readonly passage: MyPassage; readonly onOpen: () => void }) {
  const { language } = useApp();
  const words = useWords();
  const { outcome, direction, reason } = passage;
  const refused = outcome === 'denied';
  const place = placeOf(passage, language.value);
  const body = (
    <>
      <Icon name={refused ? 'bad' : direction === 'in' ? 'enter' : 'leave'} />
      <span class="main">
        <span>{place}</span>
        <span class="small soft">
          {words.passages.directions[direction]} · {words.passages.with[passage.with]}
          {!refused && outcome !== 'taken' && ` · ${words.passages.outcomes[outcome]}`}
        </span>
        {refused && (
          <span class="tag bad">
            {reason === undefined ? words.passages.outcomes.denied : words.reasons[reason].name}
          </span>
        )}
      </span>
      <time class="number soft" dateTime={passage.at}>
        {clockOf(passage.at, language.value)}
      </time>
    </>
  );
  if (!refused || reason === undefined) return <div class="row">{body}</div>;
  return (
    <button type="button" class="row refused" onClick={onOpen}>
      {body}
      <Icon name="next" />
    </button>
  );
}

const placeOf = ({ portalName, portalNameEn }: MyPassage, language: 'zh-CN' | 'en'): string =>
  language === 'en' && portalNameEn !== '' ? portalNameEn : portalName;

function Refusal({ passage, onClose }: { readonly passage: MyPassage; readonly onClose: () => void }) {
  const { language } = useApp();
  const words = useWords();
  const { reason } = passage;
  if (reason === undefined) return null;
  const { name, meaning, advice } = words.reasons[reason];
  return (
    <Sheet title={name} onClose={onClose}>
      <p class="soft">
        {placeOf(passage, language.value)} · {momentOf(passage.at, language.value)}
      </p>
      <div class="stack tight">
        <h3 class="label">{words.passages.meaning}</h3>
        <p>{meaning}</p>
      </div>
      <div class="stack tight">
        <h3 class="label">{words.passages.advice}</h3>
        <p>{advice}</p>
      </div>
      <Button kind="plain" wide onClick={onClose}>
        {words.close}
      </Button>
    </Sheet>
  );
}

function More({ passages, load }: { readonly passages: Passages; readonly load: Load<Passages> }) {
  const { api } = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const { next } = passages;
  if (next === undefined) return null;
  const more = async () => {
    setBusy(true);
    const answer = await api.get<Passages>(`${PATH}&cursor=${encodeURIComponent(next)}`);
    setBusy(false);
    if (!answer.ok) return setFailure(answer.code);
    load.set({ items: [...passages.items, ...answer.value.items], next: answer.value.next });
  };
  return (
    <>
      <Failure code={failure} />
      <Button kind="plain" wide busy={busy} onClick={() => void more()}>
        {words.more}
      </Button>
    </>
  );
}
