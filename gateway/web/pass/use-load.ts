// SPDX-License-Identifier: Apache-2.0
// Reads something of the API for a page, and again when asked.
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { ApiFailure } from '../ui/api-client.ts';
import { useApp } from './model/app.ts';

type Loaded<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly code: ApiFailure }
  | { readonly kind: 'ready'; readonly value: T };

export interface Load<T> {
  readonly state: Loaded<T>;
  readonly reload: () => void;
  readonly set: (value: T) => void;
}

export function useLoad<T>(path: string): Load<T> {
  const { api } = useApp();
  const [state, setState] = useState<Loaded<T>>({ kind: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let gone = false;
    void api.get<T>(path).then((answer) => {
      if (gone) return;
      setState(answer.ok ? { kind: 'ready', value: answer.value } : { kind: 'failed', code: answer.code });
    });
    return () => {
      gone = true;
    };
  }, [api, path, round]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  const set = useCallback((value: T) => setState({ kind: 'ready', value }), []);
  return { state, reload, set };
}
