// SPDX-License-Identifier: Apache-2.0
// A port that cannot be had, in words.
import { StartRefused } from './start-refused.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'needs more rights than this program has',
  EADDRNOTAVAIL: 'is on an address this machine does not have',
  ENOTFOUND: 'is on an address that is not known',
};

/** Rethrows what listening ran into; a mistake of configuration becomes a refusal that names the field. */
export async function listening<T>(
  field: 'https' | 'mqtt' | 'web.http',
  at: string,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    const flag = field === 'web.http' ? '--http-port' : `--${field}-port`;
    throw new StartRefused(`${at} ${reason}`, `set ${field}.host or ${field}.port, or ${flag}`);
  }
}
