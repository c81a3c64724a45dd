// SPDX-License-Identifier: Apache-2.0
// How a gateway command ends for people: one line with the fix on stderr and an exit code, never a stack trace.

/** 0 done, 1 refused or failed, 2 wrong use. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** A mistake of the person or of the world outside, with what to do about it. Anything else thrown is a bug. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}

export function fail(message: string, fix?: string, exitCode: number = EXIT.failed): never {
  throw new CommandFailure(fix === undefined ? message : `${message} — ${fix}`, exitCode);
}

export const failUsage = (message: string, fix?: string): never => fail(message, fix, EXIT.usage);

/** A file that was named and cannot be read: wrong use, in the words of the controller's commands. */
export function failFile(path: string, error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return failUsage(`there is no file ${path}; check the name`);
  if (code === 'EACCES' || code === 'EPERM') return failUsage(`${path} may not be read; check its permissions`);
  if (code === 'EISDIR') return failUsage(`${path} is a folder; name a file`);
  return failUsage(`${path} cannot be read (${code ?? 'unknown error'})`);
}

/** Wraps a command's action: failures become one line and an exit code. */
export function action<Args extends readonly unknown[]>(
  run: (...args: Args) => Promise<number | undefined | void>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      process.exitCode = (await run(...args)) ?? EXIT.done;
    } catch (error) {
      process.exitCode = report(error);
    }
  };
}

/** Prints one line and answers the exit code. LATCHKEY_DEBUG=1 adds the stack for whoever reports a bug. */
export function report(error: unknown): number {
  const failure = error instanceof CommandFailure;
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replace(/\s*\n\s*/g, ' ').trim();
  process.stderr.write(failure ? `latchkey: ${line}\n` : `latchkey: unexpected failure: ${line}\n`);
  if (process.env['LATCHKEY_DEBUG'] === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return failure ? error.exitCode : EXIT.failed;
}
