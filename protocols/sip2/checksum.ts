// SPDX-License-Identifier: Apache-2.0
// Error detection of SIP2 (p.16): AZ makes the sum of everything up to and with "AZ" zero in its low 16 bits.
import type { Charset } from './charset.ts';
import { encodeText } from './charset.ts';

/**
 * `bytes`: the standard. `code-units`: over UTF-16 units, as php-sip2 and dp2 do it. `ignored`: written by the standard, not
 * looked at when read. `off`: no AY, no AZ.
 */
export const CHECKSUM_MODES = ['bytes', 'code-units', 'ignored', 'off'] as const;
export type ChecksumMode = (typeof CHECKSUM_MODES)[number];

/** Four hex digits over `text`, which ends with "AZ". */
export function checksumOf(text: string, charset: Charset, mode: ChecksumMode): string {
  const units = mode === 'code-units' ? unitsOf(text) : encodeText(text, charset);
  let sum = 0;
  for (const unit of units) sum = (sum + unit) & 0xffff;
  return (-sum & 0xffff).toString(16).toUpperCase().padStart(4, '0');
}

function* unitsOf(text: string): Iterable<number> {
  for (let at = 0; at < text.length; at++) yield text.charCodeAt(at);
}
