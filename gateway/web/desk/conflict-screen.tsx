// SPDX-License-Identifier: Apache-2.0
// Offline records: how uploads stand, and every conflict on its own card: who holds the book, both times, what is suggested. A
// person decides, by name.
import type { DeskConflict, DeskState } from '@latchkey/protocols/api/desk';
import { CONFLICT_DECISIONS, type ConflictDecision } from '@latchkey/protocols/api/desk-terms';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Icon } from '../ui/icon.tsx';
import { Notice } from '../ui/notice.tsx';
import { OfflineFacts } from './banners.tsx';
import { momentOf } from './dates.ts';
import { useApp, useWords } from './model/app.ts';
import { ScanField } from './scan-field.tsx';

export function ConflictScreen({ state }: { readonly state: DeskState }) {
  const words = useWords();
  const [by, setBy] = useState('');
  const [isMissing, setMissing] = useState(false);
  const { conflicts } = state;
  const { exported } = state.uploads;
  const name = by.trim();
  const whose = (
    <Field
      label={words.conflicts.by}
      hint={words.conflicts.byHint}
      wrong={isMissing && name === '' ? words.conflicts.byMissing : undefined}
      value={by}
      name="by"
      autocomplete="off"
      maxLength={40}
      onInput={setBy}
    />
  );
  const onNobody = () => setMissing(true);
  return (
    <main class="conflicts stack">
      <ScanField hint={words.scan.staffedHint} keyboard />
      <h2 class="page-title">{words.conflicts.title}</h2>
      {state.library.state !== 'offline' && <OfflineFacts state={state} />}
      {conflicts.length === 0 ? (
        <Notice tone="good" title={words.conflicts.none}>
          {words.conflicts.noneWhy}
        </Notice>
      ) : (
        <>
          <Notice tone="warn" title={words.conflicts.count(state.uploads.conflicts)}>
            {words.conflicts.intro}
          </Notice>
          {whose}
          {conflicts.map((conflict) => (
            <ConflictCard key={conflict.id} conflict={conflict} by={name} onNobody={onNobody} />
          ))}
        </>
      )}
      <Export>
        {exported !== null && (
          <Imported key={exported.upTo} exported={exported} by={name} onNobody={onNobody}>
            {conflicts.length === 0 && whose}
          </Imported>
        )}
      </Export>
      <SelfServiceSwitch />
    </main>
  );
}

interface ConflictCardProps {
  readonly conflict: DeskConflict;
  readonly by: string;
  readonly onNobody: () => void;
}

function ConflictCard({ conflict, by, onNobody }: ConflictCardProps) {
  const app = useApp();
  const words = useWords();
  const [isSure, setSure] = useState(false);
  const decide = (decision: ConflictDecision) => {
    if (by === '') return onNobody();
    // What is thrown away is gone: nobody does so by a slip.
    if (decision === 'discard' && !isSure) return setSure(true);
    void app.act({ kind: 'decide', conflict: conflict.id, decision, by });
  };
  const order = [conflict.suggested, ...CONFLICT_DECISIONS.filter((each) => each !== conflict.suggested)];
  return (
    <article class="panel stack conflict" data-conflict={conflict.id}>
      <h3>
        {words.acts[conflict.act]} · <span class="number">{conflict.item}</span>
        <span class="soft small">{words.conflicts.record(conflict.number)}</span>
      </h3>
      <div class="sides">
        <Here conflict={conflict} />
        <There conflict={conflict} />
      </div>
      <p class="suggestion">
        <span class="tag">{words.conflicts.suggested}</span> <b>{words.decisions[conflict.suggested].name}</b>:{' '}
        {words.decisions[conflict.suggested].means}
      </p>
      <div class="buttons">
        {order.map((decision, place) => (
          <Button
            key={decision}
            kind={decision === 'discard' ? 'danger-quiet' : place === 0 ? 'primary' : 'plain'}
            onClick={() => decide(decision)}
          >
            {decision === 'discard' && isSure ? words.conflicts.sure : words.decisions[decision].name}
          </Button>
        ))}
      </div>
    </article>
  );
}

function Here({ conflict }: { readonly conflict: DeskConflict }) {
  const app = useApp();
  const words = useWords();
  const moment = (atMs: number | null) => (atMs === null ? null : momentOf(atMs, app.dates.value));
  return (
    <div class="side">
      <h4>
        <Icon name="book" />
        {words.conflicts.here}
      </h4>
      <dl>
        <Fact name={words.conflicts.happened(words.acts[conflict.act])} value={moment(conflict.at)} />
        {conflict.patron !== null && <Fact name={words.conflicts.patron} value={conflict.patron} />}
        {conflict.due !== null && <Fact name={words.conflicts.due} value={moment(conflict.due)} />}
      </dl>
    </div>
  );
}

function There({ conflict }: { readonly conflict: DeskConflict }) {
  const app = useApp();
  const words = useWords();
  const moment = (atMs: number | null) => (atMs === null ? null : momentOf(atMs, app.dates.value));
  return (
    <div class="side">
      <h4>
        <Icon name="place" />
        {words.conflicts.library}
      </h4>
      <dl>
        <Fact name={words.conflicts.holder} value={words.holders[conflict.holder]} />
        {conflict.holderNumber !== null && <Fact name={words.conflicts.holderNumber} value={conflict.holderNumber} />}
        {conflict.holder !== 'nobody' && <Fact name={words.conflicts.since} value={moment(conflict.holderSince)} />}
        {conflict.holderDue !== null && <Fact name={words.conflicts.due} value={conflict.holderDue} />}
        <Fact name={words.conflicts.told} value={moment(conflict.refusedAt)} />
        {conflict.detail !== null && <Fact name={words.conflicts.says} value={conflict.detail} />}
      </dl>
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | null }) {
  const words = useWords();
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{value ?? words.conflicts.notSaid}</dd>
    </div>
  );
}

function Export({ children }: { readonly children: ComponentChildren }) {
  const words = useWords();
  return (
    <section class="panel stack" aria-label={words.conflicts.export}>
      <h3>{words.conflicts.export}</h3>
      <p class="soft">{words.conflicts.exportWhy}</p>
      <div class="buttons">
        <a class="button plain" href="api/export?format=koc" download="circulation.koc">
          <Icon name="download" />
          {words.conflicts.koc}
        </a>
        <a class="button plain" href="api/export?format=csv" download="circulation.csv">
          <Icon name="download" />
          {words.conflicts.csv}
        </a>
      </div>
      {children}
    </section>
  );
}

interface ImportedProps {
  readonly exported: NonNullable<DeskState['uploads']['exported']>;
  readonly by: string;
  readonly onNobody: () => void;
  readonly children: ComponentChildren;
}

/** Only a person knows whether the library's own tool took the file. */
function Imported({ exported, by, onNobody, children }: ImportedProps) {
  const app = useApp();
  const words = useWords();
  const [isSure, setSure] = useState(false);
  const confirm = () => {
    if (by === '') return onNobody();
    // What was not imported would be lost: nobody does so by a slip.
    if (!isSure) return setSure(true);
    void app.act({ kind: 'imported', upTo: exported.upTo, by });
  };
  return (
    <div class="stack imported">
      <p>
        <b>{words.conflicts.exported(exported.count, exported.upTo)}</b> {words.conflicts.exportedWhy}
      </p>
      {children}
      <div class="buttons">
        <Button kind="plain" onClick={confirm}>
          {isSure ? words.conflicts.importedSure : words.conflicts.imported}
        </Button>
      </div>
    </div>
  );
}

function SelfServiceSwitch() {
  const app = useApp();
  const words = useWords();
  return (
    <section class="panel stack" aria-label={words.press.selfService}>
      <p class="soft">{words.press.selfServiceWhy}</p>
      <div class="buttons">
        <Button kind="plain" icon="phone" onClick={() => void app.act({ kind: 'mode', mode: 'self-service' })}>
          {words.press.selfService}
        </Button>
      </div>
    </section>
  );
}
