// SPDX-License-Identifier: Apache-2.0
// The frame of a page: title, a way back where it is below another, what is in it.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Notice } from '../ui/notice.tsx';
import { Spinner } from '../ui/spinner.tsx';
import { Failure } from './failure.tsx';
import { useWords } from './model/app.ts';
import type { Load } from './use-load.ts';

interface PageProps {
  readonly title: string;
  readonly back?: string;
  readonly aside?: ComponentChildren;
  readonly above?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Page({ title, back, aside, above, children }: PageProps) {
  const words = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${words.appName}`;
  }, [title, words]);
  // Whoever listens to the screen hears where they are after moving on.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <main class="page stack">
      {back !== undefined && (
        <a class="back" href={back}>
          <Icon name="back" />
          {words.back}
        </a>
      )}
      {above}
      <header class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {aside}
      </header>
      {children}
    </main>
  );
}

/** What is loaded, or why not. */
export function WhenLoaded<T>({ load, children }: { load: Load<T>; children: (value: T) => ComponentChildren }) {
  const words = useWords();
  const { state, reload } = load;
  switch (state.kind) {
    case 'loading':
      return <Spinner label={words.loading} />;
    case 'ready':
      return <>{children(state.value)}</>;
    case 'failed':
      return (
        <div class="stack">
          {state.code === 'offline' ? (
            <Notice icon="offline" title={words.offline.title} live>
              {words.offline.why}
            </Notice>
          ) : (
            <Failure code={state.code} />
          )}
          <Button kind="plain" onClick={reload}>
            {words.retry}
          </Button>
        </div>
      );
  }
}
