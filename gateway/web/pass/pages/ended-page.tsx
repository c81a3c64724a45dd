// SPDX-License-Identifier: Apache-2.0
// This phone was replaced or stopped: it says so and shows no code any more.
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { momentOf } from '../dates.ts';
import { useApp, useWords } from '../model/app.ts';
import type { SavedState } from '../model/store.ts';
import { Page } from '../page.tsx';

export function EndedPage({ ended: { state, endedAt } }: { readonly ended: SavedState['ended'] }) {
  const { phone, language } = useApp();
  const words = useWords();
  const replaced = state === 'replaced';
  return (
    <Page title={replaced ? words.ended.replacedTitle : words.ended.withdrawnTitle}>
      <Notice tone="warn" icon="phone">
        <p>{replaced ? words.ended.replacedWhy : words.ended.withdrawnWhy}</p>
        {endedAt !== null && <p class="small">{words.ended.since(momentOf(endedAt, language.value))}</p>}
      </Notice>
      <p class="soft">{words.ended.notMe}</p>
      <Button wide onClick={() => void phone.forgetEnd()}>
        {words.ended.again}
      </Button>
    </Page>
  );
}
