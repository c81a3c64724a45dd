// SPDX-License-Identifier: Apache-2.0
// Tells when the phone's clock will make gates refuse its codes, and what to do. Only a gateway's time says so.
import { useState } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { useApp, useWords } from './model/app.ts';
import { type ClockSample, judgeClock } from './model/clock-check.ts';

export function ClockNotice({ sample }: { readonly sample: ClockSample | undefined }) {
  const app = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const verdict = judgeClock(sample);
  if (verdict.kind !== 'ahead' && verdict.kind !== 'behind') return null;
  const recheck = async () => {
    setBusy(true);
    await app.refresh();
    setBusy(false);
  };
  const { clockAhead, clockBehind } = words.code;
  return (
    <Notice
      tone="warn"
      icon="clock"
      title={verdict.kind === 'ahead' ? clockAhead(verdict.seconds) : clockBehind(verdict.seconds)}
    >
      <p>{words.code.clockFix}</p>
      <Button kind="quiet" busy={busy} onClick={() => void recheck()}>
        {words.code.clockRecheck}
      </Button>
    </Notice>
  );
}
