// SPDX-License-Identifier: Apache-2.0
// Self-service: one thing to do at a time, in large letters, with everything to touch as large as a thumb. No numbers of people,
// no conflicts, no money.
import type { DeskState } from '@latchkey/protocols/api/desk';
import { Button } from '../ui/button.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { FeePrompt } from './fee-prompt.tsx';
import { useApp, useWords } from './model/app.ts';
import { Blocks, Counts } from './patron-panel.tsx';
import { ItemList, LatestResult } from './result.tsx';
import { ScanField } from './scan-field.tsx';
import { TakingSwitch } from './taking-switch.tsx';

export function SelfServiceScreen({ state }: { readonly state: DeskState }) {
  const app = useApp();
  const words = useWords();
  const { patron, items } = state;
  const hasSomething = patron !== null || items.length > 0;
  return (
    <main class="kiosk stack">
      <TakingSwitch desk={state.desk} />
      <Step state={state} />
      <ScanField hint={words.scan.selfHint} keyboard={false} />
      {patron !== null && (
        <>
          <Blocks blocks={patron.blocks} />
          <Counts patron={patron} />
        </>
      )}
      {state.prompt !== null && <FeePrompt key={state.prompt.line} prompt={state.prompt} keys={false} />}
      <LatestResult />
      {items.length > 0 && <ItemList state={state} />}
      {hasSomething && (
        <div class="buttons finish">
          <Button kind="plain" icon="printer" onClick={() => void app.print()}>
            {words.self.finishPrint}
          </Button>
          <Button icon="good" onClick={() => void app.act({ kind: 'end', session: patron?.session ?? null })}>
            {words.self.finish}
          </Button>
        </div>
      )}
    </main>
  );
}

function Step({ state }: { readonly state: DeskState }) {
  const words = useWords();
  const { patron, desk } = state;
  if (desk.taking === 'returns')
    return <BigStep icon="takeBack" title={words.self.startReturns} why={words.self.startReturnsWhy} />;
  if (patron === null) return <BigStep icon="card" title={words.self.start} why={words.self.startWhy} />;
  return (
    <BigStep
      icon={patron.mayBorrow ? 'barcode' : 'bad'}
      title={words.self.hello(patron.name ?? words.patron.unnamed(patron.ending))}
      why={patron.mayBorrow ? words.self.next : words.self.blocked}
    />
  );
}

function BigStep({ icon, title, why }: { readonly icon: IconName; readonly title: string; readonly why: string }) {
  return (
    <section class="step" aria-live="polite">
      <Icon name={icon} />
      <div>
        <h2>{title}</h2>
        <p>{why}</p>
      </div>
    </section>
  );
}
