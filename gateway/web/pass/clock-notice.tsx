// SPDX-License-Identifier: Apache-2.0
// Tells when the phone's clock will make gates refuse its codes, and what to do. Only a gateway's time says so.
import { useState } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Notice } from '../ui/notice.tsx';
import { useApp, useWords } from './model/app.ts';
import { type ClockSample, judgeClock } from './model/clock-check.ts';
import type { Words } from './words/zh-cn.ts';

interface ClockProps {
  readonly sample: ClockSample | undefined;
}

function warningOf(sample: ClockSample | undefined, { code }: Words): string | undefined {
  const verdict = judgeClock(sample);
  if (verdict.kind === 'ahead') return code.clockAhead(verdict.seconds);
  return verdict.kind === 'behind' ? code.clockBehind(verdict.seconds) : undefined;
}

/** In short, where it is seen above the code; what to do stands below it. */
export function ClockTag({ sample }: ClockProps) {
  const warning = warningOf(sample, useWords());
  if (warning === undefined) return null;
  return (
    <span class="tag warn">
      <Icon name="clock" />
      {warning}
    </span>
  );
}

export function ClockNotice({ sample }: ClockProps) {
  const app = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const title = warningOf(sample, words);
  if (title === undefined) return null;
  const recheck = async () => {
    setBusy(true);
    await app.refresh();
    setBusy(false);
  };
  return (
    <Notice tone="warn" icon="clock" title={title}>
      <p>{words.code.clockFix}</p>
      <Button kind="quiet" busy={busy} onClick={() => void recheck()}>
        {words.code.clockRecheck}
      </Button>
    </Notice>
  );
}
