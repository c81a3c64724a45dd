// SPDX-License-Identifier: Apache-2.0
// A controller as a process: until SIGINT or SIGTERM, then closed in order.
import { fail } from './commands/fail.ts';
import { createLogger } from './logger.ts';
import { startController } from './start-controller.ts';
import { VERSION } from './version.ts';

/** Locks are let go first, so what hangs after that may be cut off. */
const CLOSE_WITHIN_MS = 10_000;

export async function runController(dataDir: string, logLevel: string): Promise<void> {
  const log = createLogger(logLevel);
  const stopped = untilSignal();
  try {
    const controller = await startController({ dataDir, software: VERSION, log });
    await stopped;
    const late = setTimeout(() => process.exit(1), CLOSE_WITHIN_MS);
    await controller.close();
    clearTimeout(late);
    log.info({}, 'stopped');
  } catch (error) {
    // What a person has to correct has words of its own; the rest is a bug and shows as one.
    if (!isForPeople(error)) throw error;
    fail((error as Error).message);
  }
}

const PEOPLE_CODES = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR', 'SETTINGS_INVALID']);

function isForPeople(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  // Adapters and StartRefused speak to people and carry no code of the system.
  return code === undefined ? error.constructor === Error : PEOPLE_CODES.has(code) || error.name === 'StartRefused';
}

/** The first signal asks to close; a second one while closing ends the process at once. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = () => {
      resolve();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
    };
    process.once('SIGINT', onSignal);
    process.once('SIGTERM', onSignal);
  });
}
