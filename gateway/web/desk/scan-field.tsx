// SPDX-License-Identifier: Apache-2.0
// The one input. It is never disabled and never loses the focus to anything that is not typed into.
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';
import { useApp, useWords } from './model/app.ts';
import { keepScanFocus } from './scan-focus.ts';

export function ScanField({ hint, keyboard }: { readonly hint: string; readonly keyboard: boolean }) {
  const app = useApp();
  const words = useWords();
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => {
    const input = field.current;
    if (input === null) return undefined;
    return keepScanFocus({ input, onScan: (text) => app.scan(text), onTouch: () => app.touched() });
  }, [app]);
  return (
    <div class="scan">
      <label for={id}>{words.scan.label}</label>
      <div class="box">
        <Icon name="barcode" />
        <input
          id={id}
          ref={field}
          type="text"
          name="scan"
          autocomplete="off"
          autocapitalize="none"
          autocorrect="off"
          spellcheck={false}
          maxLength={600}
          inputMode={keyboard ? 'text' : 'none'}
          placeholder={hint}
        />
      </div>
    </div>
  );
}
