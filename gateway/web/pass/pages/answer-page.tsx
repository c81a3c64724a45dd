// SPDX-License-Identifier: Apache-2.0
// Profile D: the gate's screen shows a challenge, the phone signs an answer to it. The only code that narrows live relay.
import { type Challenge, readChallenge } from '@latchkey/protocols/codes/pass-code';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { canScan, type Scan, startScan } from '../camera-scan.ts';
import { useApp, useWords } from '../model/app.ts';
import { answerCode, type ShownCode } from '../model/current-code.ts';
import { Page } from '../page.tsx';
import { QrCode } from '../qr-code.tsx';
import { useScreenAwake, useSecondsLeft } from '../use-code.ts';
import { zoneInUse } from '../zone-chooser.tsx';
import { CodePage } from './code-page.tsx';

/** How long a gate keeps its nonce. */
const CHALLENGE_LIFE_MS = 30_000;

interface Answer {
  readonly code: ShownCode;
  readonly untilMs: number;
}

export function AnswerPage() {
  const app = useApp();
  const words = useWords();
  const [answer, setAnswer] = useState<Answer>();
  const [failed, setFailed] = useState(false);
  const saved = app.phone.saved.value;
  const zone = zoneInUse(saved);
  const { phone } = saved;
  const make = useCallback(
    (challenge: Challenge) => {
      if (phone === undefined || zone === undefined) return;
      const nowMs = app.nowMs();
      answerCode({ phone, zone: zone.zone, challenge, nowMs }).then(
        (code) => setAnswer({ code, untilMs: nowMs + CHALLENGE_LIFE_MS }),
        () => setFailed(true),
      );
    },
    [app, phone, zone],
  );
  if (phone === undefined || zone === undefined) return <CodePage />;
  return (
    <Page title={words.answer.title} back="/pass/">
      {failed && (
        <Notice tone="bad" title={words.code.failed} live>
          {words.code.failedWhy}
        </Notice>
      )}
      {answer === undefined ? (
        <Ask onChallenge={make} />
      ) : (
        <Shown answer={answer} onAgain={() => setAnswer(undefined)} />
      )}
    </Page>
  );
}

function Ask({ onChallenge }: { readonly onChallenge: (challenge: Challenge) => void }) {
  const words = useWords();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const challenge = readChallenge(text.trim());
    setWrong(!challenge.ok);
    if (challenge.ok) onChallenge(challenge.value);
  };
  return (
    <div class="stack">
      <p class="soft">{words.answer.intro}</p>
      {canScan() ? <Camera onChallenge={onChallenge} /> : <Notice icon="camera">{words.answer.noCamera}</Notice>}
      <form class="stack" method="post" noValidate onSubmit={submit}>
        <Field
          label={words.answer.text}
          hint={words.answer.textHint}
          name="challenge"
          autocomplete="off"
          maxLength={60}
          value={text}
          onInput={setText}
          wrong={wrong ? words.answer.wrong : undefined}
        />
        <Button type="submit" kind="plain" wide>
          {words.answer.make}
        </Button>
      </form>
    </div>
  );
}

function Camera({ onChallenge }: { readonly onChallenge: (challenge: Challenge) => void }) {
  const words = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<'closed' | 'open' | 'refused'>('closed');
  // News from the gateway make another function of it: the camera does not start anew for that.
  const onSeen = useRef(onChallenge);
  onSeen.current = onChallenge;
  useEffect(() => {
    const element = video.current;
    if (state !== 'open' || element === null) return undefined;
    let scan: Scan | undefined;
    let gone = false;
    const started = startScan(element, (text) => {
      const challenge = readChallenge(text);
      if (challenge.ok && !gone) onSeen.current(challenge.value);
    });
    started.then(
      (running) => {
        scan = running;
        if (gone) running.close();
      },
      () => {
        if (!gone) setState('refused');
      },
    );
    return () => {
      gone = true;
      scan?.close();
    };
  }, [state]);
  if (state === 'open') {
    return (
      <figure class="camera">
        <video ref={video} muted playsInline aria-label={words.answer.cameraLabel} />
        <figcaption class="small soft">{words.answer.cameraWait}</figcaption>
      </figure>
    );
  }
  return (
    <>
      {state === 'refused' && (
        <Notice tone="warn" live>
          {words.answer.cameraRefused}
        </Notice>
      )}
      <Button icon="camera" wide onClick={() => setState('open')}>
        {words.answer.camera}
      </Button>
    </>
  );
}

function Shown({ answer, onAgain }: { readonly answer: Answer; readonly onAgain: () => void }) {
  const { nowMs } = useApp();
  const words = useWords();
  const seconds = useSecondsLeft(answer.untilMs, nowMs);
  useScreenAwake();
  return (
    <section class="code" aria-label={words.answer.shown}>
      {seconds === 0 ? (
        <Notice tone="warn" live>
          {words.answer.over}
        </Notice>
      ) : (
        <>
          <h2>{words.answer.shown}</h2>
          <span class="paper">
            <QrCode qr={answer.code.qr} label={words.answer.qrLabel} />
          </span>
          <p class="small soft number" role="timer" aria-live="off">
            {words.answer.left(seconds)}
          </p>
        </>
      )}
      <Button kind="plain" wide onClick={onAgain}>
        {words.answer.again}
      </Button>
    </section>
  );
}
