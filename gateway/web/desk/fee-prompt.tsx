// SPDX-License-Identifier: Apache-2.0
// A question that waits for the patron's yes. It stands beside the input and not over it: scanning goes on meanwhile.
import type { DeskPrompt } from '@latchkey/protocols/api/desk';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { sumText } from './dates.ts';
import { useApp, useWords } from './model/app.ts';
import { KEYS } from './shortcuts.ts';

export function FeePrompt({ prompt, keys }: { readonly prompt: DeskPrompt; readonly keys: boolean }) {
  const app = useApp();
  const words = useWords();
  const answer = (accept: boolean) => void app.act({ kind: 'answer-fee', line: prompt.line, accept });
  return (
    <section class="notice warn prompt" aria-label={words.items['fee-asked']}>
      <Icon name="warning" />
      <div class="body">
        <strong role="alert">{words.prompt.title(words.acts[prompt.act], sumText(prompt.fee))}</strong>
        <p>
          <span class="number">{prompt.item}</span> {prompt.detail ?? words.prompt.ask}
        </p>
        <div class="buttons">
          <Button onClick={() => answer(true)}>
            {words.press.accept} {keys && <kbd>Ctrl+Enter</kbd>}
          </Button>
          <Button kind="plain" onClick={() => answer(false)}>
            {words.press.decline} {keys && <kbd>{KEYS.end.slice(0, 3)}</kbd>}
          </Button>
        </div>
      </div>
    </section>
  );
}
