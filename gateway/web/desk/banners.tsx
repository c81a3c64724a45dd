// SPDX-License-Identifier: Apache-2.0
// What is not as usual: the line to the controller, the library's system, the session about to end. Each says since when.
import type { DeskState } from '@latchkey/protocols/api/desk';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { clockOf } from './dates.ts';
import { useApp, useWords } from './model/app.ts';
import { ageOf, listStanding, secondsLeft } from './model/standing.ts';

export function Banners() {
  const app = useApp();
  const words = useWords();
  const state = app.state.value;
  const line = app.line.value;
  if (line === 'not-opened') return <NotOpened />;
  if (line === 'lost') return <Lost />;
  if (state === undefined || line !== 'live') return null;
  const isSelf = state.desk.mode === 'self-service';
  return (
    <section class="banners" aria-label={words.standing}>
      {state.idle !== null && <IdleBanner endsAt={state.idle.endsAt} />}
      {isSelf ? <OfflineForPatrons state={state} /> : <LibraryBanner state={state} />}
    </section>
  );
}

function NotOpened() {
  const words = useWords();
  return (
    <section class="banners" aria-label={words.standing}>
      <Notice tone="bad" icon="lock" title={words.connection.notOpened} live>
        {words.connection.notOpenedWhy}
      </Notice>
    </section>
  );
}

function Lost() {
  const app = useApp();
  const words = useWords();
  const isSelf = app.state.value?.desk.mode === 'self-service';
  const since = clockOf(app.lostMs.value, app.dates.value);
  return (
    <section class="banners" aria-label={words.standing}>
      <Notice tone="bad" icon="offline" title={isSelf ? words.self.closed : words.connection.lost(since)} live>
        {!isSelf && words.connection.lostWhy}
      </Notice>
    </section>
  );
}

/** Counts down in sight; read aloud once, not every second. */
function IdleBanner({ endsAt }: { readonly endsAt: number }) {
  const app = useApp();
  const words = useWords();
  const seconds = secondsLeft(endsAt, app.nowMs.value);
  return (
    <div class="notice warn idle">
      <span class="seconds number" aria-hidden="true">
        {seconds}
      </span>
      <div class="body">
        <strong aria-hidden="true">{words.idle.title(seconds)}</strong>
        <p role="alert">{words.idle.why}</p>
      </div>
      <Button kind="plain" onClick={() => void app.act({ kind: 'still-here' })}>
        {words.idle.stay}
      </Button>
    </div>
  );
}

function OfflineForPatrons({ state }: { readonly state: DeskState }) {
  const words = useWords();
  return state.library.state === 'offline' ? <Notice icon="offline" title={words.self.offline} /> : null;
}

function LibraryBanner({ state }: { readonly state: DeskState }) {
  const app = useApp();
  const words = useWords();
  const { library } = state;
  if (library.state === 'up') return null;
  if (library.state === 'connecting') return <Notice icon="clock" title={words.offline.connecting} />;
  return (
    <Notice tone="warn" icon="offline" title={words.offline.title(clockOf(library.since, app.dates.value))} live>
      <p>{words.offline.why}</p>
      {library.takesStored === false && <p>{words.offline.noStored}</p>}
      <OfflineFacts state={state} />
    </Notice>
  );
}

/** The list's version and age, and what waits. */
export function OfflineFacts({ state }: { readonly state: DeskState }) {
  const app = useApp();
  const words = useWords();
  const { list, uploads } = state;
  const standing = listStanding(list, app.nowMs.value);
  const age = list && ageOf(app.nowMs.value - list.issuedAt);
  return (
    <ul class="facts">
      {list && age ? (
        <>
          <li>{words.offline.list(list.version, words.age[age.unit](age.count))}</li>
          <li>{words.offline.borrowers(list.borrowers)}</li>
        </>
      ) : (
        <li class="strong">{words.offline.noList}</li>
      )}
      {standing === 'old' && <li class="strong">{words.offline.old}</li>}
      {standing === 'expired' && <li class="strong">{words.offline.expired}</li>}
      <li class="strong">{uploads.pending > 0 ? words.offline.waiting(uploads.pending) : words.offline.noneWaiting}</li>
      {uploads.lastAt !== null && <li>{words.offline.lastUpload(clockOf(uploads.lastAt, app.dates.value))}</li>}
    </ul>
  );
}
