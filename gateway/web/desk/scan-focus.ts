// SPDX-License-Identifier: Apache-2.0
// Keeps the focus where the scanner types. Pressing something with a finger or the mouse moves no focus; whoever walks with Tab may,
// and the first character that is typed leads back. A scan into a field that people type in is taken out of it again.
import { plainKey, scannedKeys } from './model/scan-text.ts';

export interface ScanFocusOptions {
  readonly input: HTMLInputElement;
  readonly onScan: (text: string) => void;
  readonly onTouch: () => void;
}

const isTextField = (target: unknown): target is HTMLInputElement =>
  target instanceof HTMLInputElement && target.type === 'text';
const isEnter = ({ code, key }: KeyboardEvent) => code === 'Enter' || code === 'NumpadEnter' || key === 'Enter';
const isPrintable = ({ key, ctrlKey, altKey, metaKey }: KeyboardEvent) =>
  key.length === 1 && !ctrlKey && !altKey && !metaKey;

/** Returns how to let go. */
export function keepScanFocus({ input, onScan, onTouch }: ScanFocusOptions): () => void {
  const wedge = createWedge(input, onScan);
  const back = () => {
    if (!isTextField(document.activeElement)) input.focus({ preventScroll: true });
  };
  const backSoon = () => setTimeout(back);
  const ifLost = () => setTimeout(() => document.activeElement === document.body && back());
  const onKey = (event: KeyboardEvent) => {
    onTouch();
    if (event.target === input) return wedge.onKey(event);
    if (isTextField(event.target)) return onKeyElsewhere(event, event.target);
    const isPress = event.key === ' ' && event.target instanceof HTMLButtonElement;
    if (isPrintable(event) && !isPress) back();
  };
  const times: number[] = [];
  const onKeyElsewhere = (event: KeyboardEvent, field: HTMLInputElement) => {
    if (isPrintable(event)) times.push(event.timeStamp);
    if (!isEnter(event)) return;
    const count = scannedKeys([...times, event.timeStamp]);
    times.length = 0;
    if (count === 0) return;
    event.preventDefault();
    event.stopPropagation();
    onScan(field.value.slice(-count));
    field.value = field.value.slice(0, -count);
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const onPress = (event: MouseEvent) => {
    onTouch();
    if (!isTextField(event.target) && !(event.target instanceof HTMLLabelElement)) event.preventDefault();
  };
  const listeners = [
    ['keydown', onKey],
    ['mousedown', onPress],
    ['click', backSoon],
    ['focusout', ifLost],
  ] as const;
  for (const [name, listener] of listeners) document.addEventListener(name, listener as EventListener, true);
  const timer = setInterval(ifLost, 500);
  addEventListener('focus', back);
  addEventListener('afterprint', back);
  back();
  return () => {
    for (const [name, listener] of listeners) document.removeEventListener(name, listener as EventListener, true);
    clearInterval(timer);
    removeEventListener('focus', back);
    removeEventListener('afterprint', back);
  };
}

/** Ends a scan with Enter or Tab. While an input method stands between, the keys count and not what it made of them. */
function createWedge(input: HTMLInputElement, onScan: (text: string) => void) {
  let keys = '';
  let isComposed = false;
  const finish = (event: KeyboardEvent) => {
    const text = isComposed ? keys : input.value;
    keys = '';
    input.value = '';
    // What the input method still holds arrives after this key.
    if (isComposed) setTimeout(() => (input.value = ''));
    isComposed = false;
    event.preventDefault();
    onScan(text);
  };
  return {
    onKey(event: KeyboardEvent) {
      if (input.value === '' && !event.isComposing && event.key !== 'Process') {
        keys = '';
        isComposed = false;
      }
      if (event.isComposing || event.key === 'Process') isComposed = true;
      const isTabbed = event.key === 'Tab' && !event.shiftKey && input.value !== '';
      if (isTabbed || (isEnter(event) && !event.ctrlKey)) return finish(event);
      const { code, shiftKey } = event;
      if (code === 'Backspace') keys = keys.slice(0, -1);
      else keys += plainKey({ code, shiftKey, capsLock: event.getModifierState('CapsLock') }) ?? '';
    },
  };
}
