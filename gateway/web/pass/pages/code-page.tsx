// SPDX-License-Identifier: Apache-2.0
// The code: on screen from what the phone keeps, before and without any network. Whoever has no phone here enrols it.
import { PASS_PERIOD_MS } from '@latchkey/protocols/codes/pass-code';
import { useCallback, useState } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { ClockNotice, ClockTag } from '../clock-notice.tsx';
import { useApp, useWords } from '../model/app.ts';
import { currentCode, type ShownCode } from '../model/current-code.ts';
import type { Saved, SavedPhone } from '../model/store.ts';
import { Page } from '../page.tsx';
import { QrCode } from '../qr-code.tsx';
import { SignedIn } from '../signed-in.tsx';
import { type Renewed, useRenewed, useScreenAwake, useSecondsLeft } from '../use-code.ts';
import { ZoneChooser, zoneInUse, zoneName } from '../zone-chooser.tsx';
import { EndedPage } from './ended-page.tsx';
import { EnrolPage } from './enrol-page.tsx';

export function CodePage() {
  const { phone } = useApp();
  const words = useWords();
  const saved = phone.saved.value;
  if (saved.ended !== undefined) return <EndedPage ended={saved.ended} />;
  if (saved.phone === undefined) return <SignedIn title={words.code.title}>{() => <EnrolPage />}</SignedIn>;
  return <Code phone={saved.phone} saved={saved} />;
}

function Code({ phone, saved }: { readonly phone: SavedPhone; readonly saved: Saved }) {
  const app = useApp();
  const words = useWords();
  const zone = zoneInUse(saved);
  const offline = !app.phone.reachable.value;
  return (
    <Page
      title={words.code.title}
      aside={
        <span class="tags">
          <ClockTag sample={saved.clock} />
          {offline && (
            <span class="tag" role="status">
              <Icon name="offline" />
              {words.code.offline}
            </span>
          )}
        </span>
      }
    >
      {zone === undefined ? (
        <Notice tone="warn" title={words.code.noZones}>
          {words.code.noZonesWhy}
        </Notice>
      ) : (
        <>
          <ZoneChooser zones={saved.pass?.zones ?? []} chosen={zone} />
          <Shown key={zone.zone} phone={phone} zone={zone.zone} place={zoneName(zone, app.language.value)} />
          <ClockNotice sample={saved.clock} />
        </>
      )}
      <a class="button plain wide" href="/pass/answer">
        <Icon name="camera" />
        {words.code.answer}
      </a>
    </Page>
  );
}

interface ShownProps {
  readonly phone: SavedPhone;
  readonly zone: number;
  readonly place: string;
}

function Shown({ phone, zone, place }: ShownProps) {
  const app = useApp();
  const words = useWords();
  const [full, setFull] = useState(false);
  const make = useCallback(() => {
    const { certificates } = app.phone.saved.value;
    return currentCode({ phone, zone, certificates, nowMs: app.nowMs() });
  }, [app, phone, zone]);
  const code = useRenewed(make, app.nowMs);
  useScreenAwake();
  if (code.kind === 'failed') {
    return (
      <Notice tone="bad" title={words.code.failed} live>
        {words.code.failedWhy}
      </Notice>
    );
  }
  return (
    <section class={`code ${full ? 'full' : ''}`} aria-label={words.code.title}>
      <button
        type="button"
        class="plate"
        aria-label={full ? words.code.leaveFull : words.code.enlarge}
        onClick={() => setFull(!full)}
      >
        <span class="paper">
          {code.kind === 'shown' && <QrCode qr={code.value.qr} label={words.code.qrLabel(place)} />}
        </span>
      </button>
      <Countdown code={code} />
      <p class="hint small">
        <Icon name="sun" />
        {full ? words.code.leaveFull : words.code.hint}
      </p>
      {!full && (
        <Button kind="quiet" onClick={() => setFull(true)}>
          {words.code.enlarge}
        </Button>
      )}
    </section>
  );
}

function Countdown({ code }: { readonly code: Renewed<ShownCode> }) {
  const { nowMs } = useApp();
  const words = useWords();
  const madeAtMs = code.kind === 'shown' ? code.madeAtMs : nowMs();
  const seconds = useSecondsLeft(madeAtMs + PASS_PERIOD_MS, nowMs);
  return (
    <div class="countdown">
      <span class="track" aria-hidden="true">
        <span key={madeAtMs} class="left" />
      </span>
      <span class="small soft number" role="timer" aria-live="off">
        {words.code.next(seconds)}
      </span>
    </div>
  );
}
