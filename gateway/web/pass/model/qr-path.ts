// SPDX-License-Identifier: Apache-2.0
// A QR code as one path of unit squares: numeric mode, level M, the version that the profile names (lists-and-codes, Screens).
import { encode } from 'uqr';

export interface QrPath {
  /** Modules along a side, with the quiet zone. */
  readonly size: number;
  readonly path: string;
}

const QUIET = 4;

/** Throws where the text does not fit the version: the caller names the wrong profile. */
export function qrPath(text: string, version: number): QrPath {
  const options = { ecc: 'M', boostEcc: false, border: 0, minVersion: version, maxVersion: version } as const;
  const { data, size } = encode(text, options);
  let path = '';
  for (const [row, modules] of data.entries()) {
    for (let from = 0; from < size; from++) {
      if (!modules[from]) continue;
      const start = from;
      while (from + 1 < size && modules[from + 1]) from++;
      const width = from - start + 1;
      path += `M${start + QUIET} ${row + QUIET}h${width}v1h-${width}z`;
    }
  }
  return { size: size + 2 * QUIET, path };
}
