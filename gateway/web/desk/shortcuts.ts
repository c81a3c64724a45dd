// SPDX-License-Identifier: Apache-2.0
// What a librarian's hands do without the mouse. No key here is one that a scanner types.
import type { DeskApp } from './model/app.ts';

export const KEYS = {
  taking: 'F2',
  renewAll: 'F4',
  print: 'F8',
  conflicts: 'F9',
  end: 'Escape',
  accept: 'Control+Enter',
} as const;

/** Escape is the way out of whatever is nearest: the text, the question, the screen, the session. */
function escape(app: DeskApp, input: EventTarget | null): void {
  const state = app.state.peek();
  if (input instanceof HTMLInputElement && input.value !== '') {
    input.value = '';
    input.dispatchEvent(new Event('input', { bubbles: true }));
  } else if (app.screen.peek() === 'conflicts') app.screen.value = 'counter';
  else if (state?.prompt) void app.act({ kind: 'answer-fee', line: state.prompt.line, accept: false });
  else if (state?.patron || (state?.items.length ?? 0) > 0)
    void app.act({ kind: 'end', session: state?.patron?.session ?? null });
}

export function shortcuts(app: DeskApp): (event: KeyboardEvent) => void {
  const run = (event: KeyboardEvent): boolean => {
    const state = app.state.peek();
    if (state === undefined || state.desk.mode === 'self-service' || event.repeat) return false;
    switch (event.key) {
      case KEYS.taking:
        void app.act({ kind: 'taking', taking: state.desk.taking === 'loans' ? 'returns' : 'loans' });
        return true;
      case KEYS.renewAll:
        void app.act({ kind: 'renew-all', session: state.patron?.session ?? '' });
        return true;
      case KEYS.print:
        void app.print();
        return true;
      case KEYS.conflicts:
        app.screen.value = app.screen.peek() === 'conflicts' ? 'counter' : 'conflicts';
        return true;
      case KEYS.end:
        escape(app, event.target);
        return true;
      case 'Enter':
        if (!event.ctrlKey || state.prompt === null) return false;
        void app.act({ kind: 'answer-fee', line: state.prompt.line, accept: true });
        return true;
      default:
        return false;
    }
  };
  return (event) => {
    if (run(event)) event.preventDefault();
  };
}
