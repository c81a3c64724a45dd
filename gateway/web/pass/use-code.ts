// SPDX-License-Identifier: Apache-2.0
// Makes a new code every five seconds while somebody can see it, and holds the screen awake meanwhile.
import { PASS_PERIOD_MS } from '@latchkey/protocols/codes/pass-code';
import { useEffect, useState } from 'preact/hooks';

export type Renewed<T> =
  | { readonly kind: 'making' }
  | { readonly kind: 'shown'; readonly value: T; readonly madeAtMs: number }
  | { readonly kind: 'failed' };

/** `make` is called at once, every 5 s, and as soon as the page can be seen again. It must be stable. */
export function useRenewed<T>(make: () => Promise<T>, nowMs: () => number): Renewed<T> {
  const [state, setState] = useState<Renewed<T>>({ kind: 'making' });
  const visible = useVisible();
  useEffect(() => {
    if (!visible) return undefined;
    let gone = false;
    const renew = async () => {
      const made = await make().then(
        (value): Renewed<T> => ({ kind: 'shown', value, madeAtMs: nowMs() }),
        (): Renewed<T> => ({ kind: 'failed' }),
      );
      if (!gone) setState(made);
    };
    void renew();
    const timer = setInterval(() => void renew(), PASS_PERIOD_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [make, nowMs, visible]);
  return state;
}

export function useVisible(): boolean {
  const [visible, setVisible] = useState(() => document.visibilityState === 'visible');
  useEffect(() => {
    const look = () => setVisible(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return visible;
}

/** Seconds until `untilMs`, counted down; 0 when it is over. */
export function useSecondsLeft(untilMs: number, nowMs: () => number): number {
  const left = () => Math.max(0, Math.ceil((untilMs - nowMs()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
  }, [untilMs, nowMs]);
  return seconds;
}

/** Where the browser lets a page do that; where not, the screen goes dark as it always does. */
export function useScreenAwake(): void {
  const visible = useVisible();
  useEffect(() => {
    if (!visible || navigator.wakeLock === undefined) return undefined;
    const asked = navigator.wakeLock.request('screen').catch(() => undefined);
    return () => void asked.then((lock) => lock?.release());
  }, [visible]);
}
