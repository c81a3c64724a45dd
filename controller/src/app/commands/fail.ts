// SPDX-License-Identifier: Apache-2.0
// How a controller command ends for people: one line with the fix and an exit code, never a stack trace.

/** 0 done, 1 refused or failed, 2 wrong use. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Says so and returns: the caller returns too, so that output already written is flushed before the process ends. */
export function fail(message: string, exitCode: number = EXIT.failed): void {
  process.stderr.write(`latchkey: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
  process.exitCode = exitCode;
}

/** Why a file cannot be read, in words. */
export function fileProblem(path: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return `there is no file ${path}; check the name`;
  if (code === 'EACCES' || code === 'EPERM') return `${path} may not be read; check its permissions`;
  if (code === 'EISDIR') return `${path} is a folder; name a file`;
  return `${path} cannot be read (${code ?? 'unknown error'})`;
}
