// SPDX-License-Identifier: Apache-2.0
// Why something the person asked for did not happen, in words. A code younger than this page has the general ones.
import type { ApiFailure } from '../ui/api-client.ts';
import { Notice } from '../ui/notice.tsx';
import { useWords } from './model/app.ts';

export function Failure({ code }: { readonly code: ApiFailure | undefined }) {
  const { errors } = useWords();
  if (code === undefined) return null;
  return (
    <Notice tone="bad" live>
      {errors[code] ?? errors.unexpected}
    </Notice>
  );
}
