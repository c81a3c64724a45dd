// SPDX-License-Identifier: Apache-2.0
// A short word that something was done; it goes by itself. The element is always there, so that screen readers hear it change.
import { useEffect } from 'preact/hooks';

interface ToastProps {
  readonly text: string | undefined;
  readonly onGone: () => void;
}

const SHOWN_MS = 4000;

export function Toast({ text, onGone }: ToastProps) {
  useEffect(() => {
    if (text === undefined) return undefined;
    const timer = setTimeout(onGone, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text, onGone]);
  return (
    <div class="toast" role="status">
      {text}
    </div>
  );
}
