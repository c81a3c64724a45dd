// SPDX-License-Identifier: Apache-2.0
// Every reason of refusal, with what it means and what to do. Works without a network: one stands before a shut door.
import { Icon } from '../../ui/icon.tsx';
import { useWords } from '../model/app.ts';
import { Page } from '../page.tsx';

export function HelpPage() {
  const words = useWords();
  return (
    <Page title={words.help.title} back="/pass/me">
      <p class="soft">{words.help.intro}</p>
      <ul class="rows">
        {Object.entries(words.reasons).map(([reason, { name, meaning, advice }]) => (
          <li key={reason}>
            <details class="reason">
              <summary class="row">
                <span class="main">{name}</span>
                <Icon name="next" />
              </summary>
              <div class="stack tight told">
                <p>{meaning}</p>
                <p class="soft">{advice}</p>
              </div>
            </details>
          </li>
        ))}
      </ul>
    </Page>
  );
}
