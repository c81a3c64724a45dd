// SPDX-License-Identifier: Apache-2.0
// Real systems as far as their sources and their answers on the wire are known (reference: sip2, 8): quirks and agreements by name.
// No more than a likeness: what is not known of them is as the standard has it.
import type { LibraryOptions } from './simulated-library.ts';

export interface Likeness {
  readonly says: string;
  readonly options: Pick<LibraryOptions, 'charset' | 'terminator' | 'quirks' | 'policies'>;
}

export const LIKENESSES = {
  evergreen: {
    says: 'carries repeats out again, dies of no-block, wants CR, is modest in BX; ASCII',
    options: { charset: 'ascii', quirks: ['executes-again', 'no-block-dies', 'needs-cr', 'bx-understates'] },
  },
  koha: {
    says: 'ends lines with CR LF, adds fields of its own, ends a connection that says nothing for ten minutes, reissues stored loans',
    options: {
      charset: 'utf-8',
      terminator: 'crlf',
      quirks: ['extensions'],
      policies: { idleMs: 600_000, reissues: true },
    },
  },
  folio: {
    says: 'reads no-block and acts as if it happened now; CP850',
    options: { charset: 'cp850', quirks: ['no-block-ignored'] },
  },
  alma: {
    says: 'takes whatever comes with no block (give it --tls-key and --tls-cert: it is behind a terminator)',
    options: { charset: 'utf-8', quirks: ['no-block-unchecked'] },
  },
  dp2: {
    says: 'sums code units, dates without time',
    options: { charset: 'utf-8', quirks: ['checksum-code-units', 'due-date-iso'] },
  },
  'older-chinese': {
    says: 'GBK, due dates in Chinese, no error detection in answers',
    options: { charset: 'gbk', quirks: ['due-date-chinese', 'checksum-none'] },
  },
} as const satisfies Readonly<Record<string, Likeness>>;

export type LikenessName = keyof typeof LIKENESSES;
export const LIKENESS_NAMES = Object.keys(LIKENESSES) as LikenessName[];
