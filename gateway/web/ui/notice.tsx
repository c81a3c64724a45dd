// SPDX-License-Identifier: Apache-2.0
// Something to know, in a coloured panel: never by colour alone, always with an icon and words.
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

type Tone = 'info' | 'good' | 'warn' | 'bad';
const ICONS: Readonly<Record<Tone, IconName>> = { info: 'info', good: 'good', warn: 'warning', bad: 'bad' };

interface NoticeProps {
  readonly tone?: Tone;
  readonly title?: string;
  readonly icon?: IconName;
  readonly children?: ComponentChildren;
  /** Announced when it appears after something the person did. */
  readonly live?: boolean;
}

export function Notice({ tone = 'info', title, icon, children, live }: NoticeProps) {
  return (
    <div class={`notice ${tone}`} role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}>
      <Icon name={icon ?? ICONS[tone]} />
      <div class="body">
        {title !== undefined && <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}
