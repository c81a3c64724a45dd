// SPDX-License-Identifier: Apache-2.0
// The counter: what is scanned on the left, who stands there on the right.
import type { DeskState } from '@latchkey/protocols/api/desk';
import { FeePrompt } from './fee-prompt.tsx';
import { useWords } from './model/app.ts';
import { PatronPanel } from './patron-panel.tsx';
import { ItemList, LatestResult } from './result.tsx';
import { ScanField } from './scan-field.tsx';
import { TakingSwitch } from './taking-switch.tsx';

export function CounterScreen({ state }: { readonly state: DeskState }) {
  const words = useWords();
  return (
    <main class="counter">
      <div class="work stack">
        <div class="scan-row">
          <ScanField hint={words.scan.staffedHint} keyboard />
          <TakingSwitch desk={state.desk} />
        </div>
        {state.prompt !== null && <FeePrompt key={state.prompt.line} prompt={state.prompt} keys />}
        <LatestResult />
        <ItemList state={state} />
      </div>
      <PatronPanel state={state} />
    </main>
  );
}
