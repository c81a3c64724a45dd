// SPDX-License-Identifier: Apache-2.0
// The origins browsers may know this gateway by. Never taken from a Host header: whoever sends requests chooses that.

export interface Origins {
  /** Where people are sent back to, and whose host passkeys belong to. */
  readonly primary: string;
  /** All of them, the primary one included. */
  readonly all: readonly string[];
}

/** The known origin a request came to, the primary one where its Host is no known one. */
export function originOf({ primary, all }: Origins, protocol: string, host: string | undefined): string {
  const asked = `${protocol}://${host ?? ''}`;
  return all.includes(asked) ? asked : primary;
}
