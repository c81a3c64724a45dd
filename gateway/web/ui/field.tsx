// SPDX-License-Identifier: Apache-2.0
// A labelled input with a hint and what is wrong with it, tied together for screen readers.
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly hint?: string | undefined;
  readonly wrong?: string | undefined;
  readonly type?: 'text' | 'password';
  readonly name?: string;
  readonly autocomplete?: string;
  readonly long?: boolean;
  readonly maxLength?: number;
}

export function Field({ label, value, onInput, hint, wrong, type = 'text', long, ...rest }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ');
  const shared = {
    id,
    value,
    autocapitalize: 'none' as const,
    spellcheck: false,
    'aria-invalid': wrong === undefined ? undefined : ('true' as const),
    'aria-describedby': described === '' ? undefined : described,
    onInput: (event: Event) => onInput((event.currentTarget as HTMLInputElement).value),
    ...rest,
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {long ? (
        <textarea {...shared} />
      ) : type === 'password' ? (
        <input type="password" {...shared} />
      ) : (
        <input type="text" {...shared} />
      )}
      {hint !== undefined && (
        <span id={`${id}-hint`} class="small soft">
          {hint}
        </span>
      )}
      {wrong !== undefined && (
        <span id={`${id}-wrong`} class="small wrong" role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}
