// SPDX-License-Identifier: Apache-2.0
// What a suite needs from the machine. Missing on somebody's laptop: the suite is skipped and says why. Missing in CI, or
// named in LATCHKEY_REQUIRE (comma-separated): the run fails, so that nothing is ever skipped unnoticed.

export interface Requirement {
  readonly available: boolean;
  /** Why not, and how to get it. Empty when available. */
  readonly reason: string;
}

/** `check` returns what is missing and the fix, or nothing when all is there. */
export function requirement(
  name: string,
  check: () => string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Requirement {
  const reason = check();
  if (reason === undefined) return { available: true, reason: '' };
  const required = (env['LATCHKEY_REQUIRE'] ?? '').split(',').map((part) => part.trim());
  if (env['CI'] || required.includes(name)) throw new Error(`this run requires "${name}": ${reason}`);
  process.stderr.write(`skipping the suites that need "${name}": ${reason}\n`);
  return { available: false, reason };
}
