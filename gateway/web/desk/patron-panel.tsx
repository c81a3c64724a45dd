// SPDX-License-Identifier: Apache-2.0
// Who stands at the counter and what they may: name, counts against limits, blocks in words, what waits for them.
import type { DeskBlock, DeskPatron, DeskState } from '@latchkey/protocols/api/desk';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Notice } from '../ui/notice.tsx';
import { sumText } from './dates.ts';
import { useApp, useWords } from './model/app.ts';
import { isAtLimit } from './model/standing.ts';
import { PaymentForm } from './payment-form.tsx';
import { KEYS } from './shortcuts.ts';

export function PatronPanel({ state }: { readonly state: DeskState }) {
  const app = useApp();
  const words = useWords();
  const { patron } = state;
  const hasSomething = patron !== null || state.items.length > 0;
  return (
    <aside class="patron panel stack" aria-label={words.patron.title}>
      {patron === null ? <Nobody /> : <Somebody patron={patron} isOnline={state.library.state === 'up'} />}
      <div class="buttons">
        {patron !== null && state.library.state === 'up' && (
          <Button
            kind="plain"
            icon="again"
            onClick={() => void app.act({ kind: 'renew-all', session: patron.session })}
          >
            {words.press.renewAll} <kbd>{KEYS.renewAll}</kbd>
          </Button>
        )}
        <Button kind="plain" icon="printer" onClick={() => void app.print()}>
          {words.press.print} <kbd>{KEYS.print}</kbd>
        </Button>
        {hasSomething && (
          <Button icon="good" onClick={() => void app.act({ kind: 'end', session: patron?.session ?? null })}>
            {words.press.end} <kbd>Esc</kbd>
          </Button>
        )}
      </div>
    </aside>
  );
}

/** Some libraries say that nothing is owed by an amount of nothing. */
const isOwed = (fees: DeskPatron['fees']): fees is NonNullable<DeskPatron['fees']> =>
  fees !== null && Number(fees.amount) !== 0;

function Nobody() {
  const words = useWords();
  return (
    <div class="nobody">
      <Icon name="card" />
      <h2>{words.patron.none}</h2>
      <p class="soft">{words.patron.noneWhy}</p>
    </div>
  );
}

function Somebody({ patron, isOnline }: { readonly patron: DeskPatron; readonly isOnline: boolean }) {
  const words = useWords();
  return (
    <>
      <PatronHead patron={patron} />
      <Blocks blocks={patron.blocks} />
      {patron.message !== null && <Notice title={words.list.library}>{patron.message}</Notice>}
      <Counts patron={patron} />
      {isOwed(patron.fees) && isOnline && (
        <PaymentForm key={patron.session} session={patron.session} fees={patron.fees} />
      )}
      {patron.holdsWaiting.length > 0 && (
        <Notice tone="warn" icon="book" title={words.patron.waiting}>
          <ul class="facts">
            {patron.holdsWaiting.map((item) => (
              <li key={item}>{item}</li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}

function PatronHead({ patron }: { readonly patron: DeskPatron }) {
  const words = useWords();
  const { mayBorrow, source } = patron;
  return (
    <div class="who">
      <Icon name="person" />
      <div class="body">
        <h2>{patron.name ?? words.patron.unnamed(patron.ending)}</h2>
        <p class="soft number">
          {[patron.number, patron.group].filter((text) => text !== null && text !== '').join(' · ')}
        </p>
        <span class={`tag ${mayBorrow ? 'good' : 'bad'}`}>
          <Icon name={mayBorrow ? 'good' : 'bad'} />
          {mayBorrow ? words.patron.mayBorrow : words.patron.mayNotBorrow}
        </span>
        {source === 'list' && (
          <p class="from-list">
            <Icon name="offline" />
            {words.patron.fromList}
          </p>
        )}
      </div>
    </div>
  );
}

export function Blocks({ blocks }: { readonly blocks: readonly DeskBlock[] }) {
  const words = useWords();
  if (blocks.length === 0) return null;
  return (
    <ul class="blocks">
      {blocks.map(({ condition, blocksLoans }) => (
        <li key={condition} class={blocksLoans ? 'bad' : 'warn'}>
          <Icon name={blocksLoans ? 'bad' : 'info'} />
          {words.blocks[condition]}
        </li>
      ))}
    </ul>
  );
}

export function Counts({ patron }: { readonly patron: DeskPatron }) {
  const words = useWords();
  const { fines, fees } = patron;
  return (
    <dl class="counts">
      <Count name={words.patron.charged} of={patron.charged} />
      <Count name={words.patron.overdue} of={patron.overdue} />
      <Count name={words.patron.holds} of={patron.holds} />
      {fines !== null && fines > 0 && <Count name={words.patron.fines} of={{ count: fines, limit: null }} />}
      {isOwed(fees) && (
        <div class="bad">
          <dt>{words.patron.fees}</dt>
          <dd>
            {sumText(fees)}
            {fees.limit !== null && <span class="soft small">{words.patron.feeLimit(fees.limit)}</span>}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Count({ name, of }: { readonly name: string; readonly of: DeskPatron['charged'] }) {
  const words = useWords();
  const { count, limit } = of;
  const text =
    count === null
      ? words.patron.unknown
      : limit === null
        ? words.patron.number_(count)
        : words.patron.ofLimit(count, limit);
  const isFull = isAtLimit(of);
  return (
    <div class={isFull && count !== 0 ? 'bad' : ''}>
      <dt>{name}</dt>
      <dd class="number">
        {text}
        {isFull && count !== 0 && (
          <span class="small">
            <Icon name="warning" />
            {words.patron.atLimit}
          </span>
        )}
      </dd>
    </div>
  );
}
