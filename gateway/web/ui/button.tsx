// SPDX-License-Identifier: Apache-2.0
// A button. While busy it keeps its focus and its place and does nothing.
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly kind?: 'primary' | 'plain' | 'quiet' | 'danger' | 'danger-quiet';
  readonly type?: 'button' | 'submit';
  readonly icon?: IconName;
  readonly wide?: boolean;
  readonly busy?: boolean;
  /** Says more than what is written on it, beginning with that. */
  readonly label?: string;
  readonly onClick?: () => void;
}

export function Button({ children, kind = 'primary', type = 'button', icon, wide, busy, label, onClick }: ButtonProps) {
  return (
    <button
      type={type}
      class={`button ${kind} ${wide ? 'wide' : ''}`}
      aria-disabled={busy ? 'true' : undefined}
      aria-label={label}
      aria-busy={busy ? 'true' : undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.();
      }}
    >
      {busy ? <span class="spinner" /> : icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}
