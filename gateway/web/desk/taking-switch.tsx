// SPDX-License-Identifier: Apache-2.0
// Whether a scanned item is lent or taken back.
import type { DeskState } from '@latchkey/protocols/api/desk';
import { Icon } from '../ui/icon.tsx';
import { useApp, useWords } from './model/app.ts';
import { KEYS } from './shortcuts.ts';

const ICONS = { loans: 'lend', returns: 'takeBack' } as const;

export function TakingSwitch({ desk }: { readonly desk: DeskState['desk'] }) {
  const app = useApp();
  const words = useWords();
  const isSelf = desk.mode === 'self-service';
  return (
    <fieldset class="taking" aria-label={words.taking.label}>
      {(['loans', 'returns'] as const).map((taking) => (
        <button
          key={taking}
          type="button"
          aria-pressed={desk.taking === taking ? 'true' : 'false'}
          aria-keyshortcuts={isSelf ? undefined : KEYS.taking}
          onClick={() => void app.act({ kind: 'taking', taking })}
        >
          <Icon name={ICONS[taking]} />
          <span>{words.taking[taking]}</span>
        </button>
      ))}
      {!isSelf && <kbd>{KEYS.taking}</kbd>}
    </fieldset>
  );
}
