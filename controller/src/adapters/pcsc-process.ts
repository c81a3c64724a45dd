// SPDX-License-Identifier: Apache-2.0
// The child process that holds nfc-pcsc, with a deadline on everything it owes us. It serves one session, then is replaced.
import type { ChildProcess } from 'node:child_process';
import type { FromPcscProcess, ToPcscProcess } from './pcsc-messages.ts';
import { startProcess } from './start-process.ts';

const LOAD_TIMEOUT_MS = 30_000;
const OPEN_TIMEOUT_MS = 5_000;

export type ReaderMessage = Exclude<FromPcscProcess, { kind: 'loaded' | 'cannot-load' | 'opened' | 'failed' }>;

export interface PcscProcessOptions {
  readonly worker: URL;
  readonly env?: Readonly<Record<string, string>>;
}

/** nfc-pcsc or what it is made of is not installed: trying again does not help. */
export class PcscMissingError extends Error {
  override readonly name = 'PcscMissingError';
}

export class PcscProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
  }

  /** Resolves once nfc-pcsc is loaded; pcscd need not run yet. */
  static async start(options: PcscProcessOptions): Promise<PcscProcess> {
    const started = new PcscProcess(startProcess(options.worker, options.env));
    try {
      await started.#loaded();
      return started;
    } catch (error) {
      await started.close();
      throw error;
    }
  }

  /** Opens the one session. Resolves with the reason when it is over; the process has ended by then. */
  async session(onMessage: (message: ReaderMessage) => void): Promise<string> {
    const reason = await this.#watch(
      OPEN_TIMEOUT_MS,
      'pcscd accepts connections but does not answer',
      (message, done) => {
        if (message.kind === 'opened') return done.extend();
        if (message.kind === 'failed') return done.end(message.detail);
        if (message.kind !== 'loaded' && message.kind !== 'cannot-load') onMessage(message);
      },
    );
    await this.close();
    return reason;
  }

  async close(): Promise<void> {
    // Not SIGTERM: a process blocked in native code would never see it.
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #loaded(): Promise<void> {
    let detail: string | undefined;
    const reason = await this.#watch(LOAD_TIMEOUT_MS, 'the card reader process did not start', (message, done) => {
      if (message.kind === 'cannot-load') detail = message.detail;
      if (message.kind === 'loaded' || message.kind === 'cannot-load') done.end('');
    });
    if (detail !== undefined) throw new PcscMissingError(installHint(detail));
    if (reason !== '') throw new Error(reason);
  }

  /** Listens until `end`, until the process ends, or until the time is up and nothing extended it. */
  async #watch(
    timeoutMs: number,
    late: string,
    onMessage: (message: FromPcscProcess, done: { end(reason: string): void; extend(): void }) => void,
  ): Promise<string> {
    const child = this.#child;
    return new Promise((resolve) => {
      const end = (reason: string) => {
        clearTimeout(timer);
        child.off('message', listener);
        resolve(reason);
      };
      const timer = setTimeout(() => end(late), timeoutMs);
      const listener = (message: unknown) =>
        onMessage(message as FromPcscProcess, { end, extend: () => clearTimeout(timer) });
      child.on('message', listener);
      void this.#exited.then(() => end('the card reader process ended'));
      if (late !== '' && timeoutMs === OPEN_TIMEOUT_MS)
        child.send({ kind: 'open' } satisfies ToPcscProcess, () => undefined);
    });
  }
}

/** Linux and macOS need different things; the message of the loader is kept for the rare third case. */
export function installHint(detail: string, platform: NodeJS.Platform = process.platform): string {
  const fix =
    platform === 'darwin'
      ? 'PC/SC comes with macOS; install the build tools (xcode-select --install), then run "npm rebuild @pokusew/pcsclite"'
      : 'run "apt-get install pcscd libccid libpcsclite-dev build-essential", then "npm install nfc-pcsc@0.8.1"';
  return `readers of kind "pcsc" need the optional package nfc-pcsc: ${fix} (${detail.split('\n')[0]})`;
}
