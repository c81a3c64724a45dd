// SPDX-License-Identifier: Apache-2.0
// A code on screen: always black on white, whatever the theme, with its quiet zone.
import type { QrPath } from './model/qr-path.ts';

export function QrCode({ qr, label }: { readonly qr: QrPath; readonly label: string }) {
  return (
    <svg class="qr" viewBox={`0 0 ${qr.size} ${qr.size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={qr.size} height={qr.size} fill="#fff" />
      <path d={qr.path} fill="#000" />
    </svg>
  );
}
