// SPDX-License-Identifier: Apache-2.0
// What came of the last scan, large enough to be read from where the books are; and the lines of the session, newest first.
import type { DeskItem, DeskState } from '@latchkey/protocols/api/desk';
import type { DeskColour } from '@latchkey/protocols/api/desk-terms';
import type { ComponentChildren } from 'preact';
import { Button } from '../ui/button.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { dueText, sumText } from './dates.ts';
import { useApp, useWords } from './model/app.ts';
import { isRenewable } from './model/standing.ts';

const TONES: Readonly<Record<DeskColour, 'good' | 'warn' | 'bad'>> = { green: 'good', amber: 'warn', red: 'bad' };
const ICONS: Readonly<Record<DeskColour, IconName>> = { green: 'good', amber: 'warning', red: 'bad' };
/** Not yet decided: neither colour nor voice. */
const isOpen = ({ message }: DeskItem): boolean => message === 'waiting';
const toneOf = (line: DeskItem) => (isOpen(line) ? 'open' : TONES[line.colour]);
const iconOf = (line: DeskItem): IconName =>
  isOpen(line) || line.message === 'asking-again' ? 'clock' : ICONS[line.colour];

/** Read aloud at once: whoever scans does not look at the screen. */
export function LatestResult() {
  const app = useApp();
  const words = useWords();
  const notTaken = app.notTaken.value;
  const latest = app.latest.value;
  // The question itself stands above.
  const isAsked = latest?.kind === 'line' && latest.line.id === app.state.value?.prompt?.line;
  return (
    <section class="latest" aria-label={words.latest} aria-live="assertive" aria-atomic="true">
      {notTaken !== undefined ? (
        <Result tone="bad" icon="bad" title={words.notTaken[notTaken.code]} mark={`refused-${notTaken.count}`} />
      ) : latest?.kind === 'notice' ? (
        <Result
          tone={TONES[latest.notice.colour]}
          icon={ICONS[latest.notice.colour]}
          title={words.notices[latest.notice.notice]}
          detail={latest.notice.detail}
          mark={`notice-${latest.notice.seq}`}
        />
      ) : latest?.kind === 'line' && !isAsked ? (
        <LineResult line={latest.line} />
      ) : null}
    </section>
  );
}

function LineResult({ line }: { readonly line: DeskItem }) {
  const app = useApp();
  const words = useWords();
  return (
    <Result
      tone={toneOf(line)}
      icon={iconOf(line)}
      title={words.items[line.message]}
      detail={line.detail}
      mark={`${line.id}-${line.message}`}
    >
      <span class="what">{line.title ?? line.item}</span>
      {line.due && <span class="due">{words.list.due(dueText(line.due, app.dates.value))}</span>}
    </Result>
  );
}

interface ResultProps {
  readonly tone: 'good' | 'warn' | 'bad' | 'open';
  readonly icon: IconName;
  readonly title: string;
  readonly detail?: string | null;
  /** Another one is drawn anew, so that two equal results in a row can be told apart. */
  readonly mark: string;
  readonly children?: ComponentChildren;
}

function Result({ tone, icon, title, detail, mark, children }: ResultProps) {
  const words = useWords();
  return (
    <div key={mark} class={`result ${tone}`} aria-hidden={tone === 'open' ? 'true' : undefined}>
      <Icon name={icon} />
      <div class="body">
        <strong>{title}</strong>
        {children}
        {detail !== undefined && detail !== null && detail !== '' && (
          <span class="detail">
            {words.list.library}: {detail}
          </span>
        )}
      </div>
    </div>
  );
}

export function ItemList({ state }: { readonly state: DeskState }) {
  const words = useWords();
  const { items } = state;
  return (
    <section class="lines" aria-label={words.list.title}>
      <h2>
        {words.list.title}
        <span class="soft small">{items.length > 0 ? words.list.count(items.length) : words.list.empty}</span>
      </h2>
      {items.length > 0 && (
        <ol class="rows">
          {items.map((line) => (
            <Line key={line.id} line={line} renewFor={isRenewable(state, line) ? state.patron?.session : undefined} />
          ))}
        </ol>
      )}
    </section>
  );
}

interface LineProps {
  readonly line: DeskItem;
  /** Session of the patron for whom it may be renewed. */
  readonly renewFor: string | undefined;
}

function Line({ line, renewFor }: LineProps) {
  const app = useApp();
  const words = useWords();
  const { due, fee, sortBin, holdFor } = line;
  return (
    <li class={`row line ${toneOf(line)}`} data-item={line.item} data-message={line.message}>
      <Icon name={iconOf(line)} />
      <div class="main">
        <span class="what">{line.title ?? line.item}</span>
        <span class="said">{words.items[line.message]}</span>
        <span class="soft small number">
          {[
            line.title !== null && line.item,
            holdFor !== null && words.list.keepFor(holdFor),
            sortBin !== null && words.list.bin(sortBin),
            fee !== null && words.list.fee(sumText(fee)),
            line.detail,
          ]
            .filter((text) => typeof text === 'string' && text !== '')
            .join(' · ')}
        </span>
      </div>
      <div class="ends">
        {due && <span class="due">{words.list.due(dueText(due, app.dates.value))}</span>}
        {line.pending && (
          <span class="tag warn">
            <Icon name="upload" />
            {words.list.pending}
          </span>
        )}
        {renewFor !== undefined && (
          <Button
            kind="quiet"
            label={words.press.renew(line.title ?? line.item)}
            onClick={() => void app.act({ kind: 'renew', session: renewFor, item: line.item })}
          >
            {words.acts.renewal}
          </Button>
        )}
      </div>
    </li>
  );
}
