// SPDX-License-Identifier: Apache-2.0
// A whole program as a child process: started, watched for a log line, killed the hard way or asked to stop.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface ProgramOptions {
  readonly name: string;
  /** Path of the bundle and its arguments. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Everything the program prints is appended here. */
  readonly logFile: string;
}

type LineListener = (line: string) => void;

const KEPT_LINES = 50;

/** One running child. `exited` resolves once, whatever ended it. */
export class Program {
  readonly name: string;
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #listeners = new Set<LineListener>();
  readonly #lastLines: string[] = [];
  #ended = false;

  private constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#log = createWriteStream(options.logFile, { flags: 'a' });
    this.#child = spawn(process.execPath, [...options.args], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#onLine(line));
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve(null));
      this.#child.once('exit', (code) => resolve(code));
    }).then((code) => {
      this.#ended = true;
      this.#log.end();
      return code as number | null;
    });
  }

  static start(options: ProgramOptions): Program {
    return new Program(options);
  }

  /** Process id, for looking at memory; undefined once it ended. */
  get pid(): number | undefined {
    return this.#ended ? undefined : this.#child.pid;
  }

  /** Resolves with the first line, from now on, that holds `text`; rejects when the program ends or time runs out. */
  async line(text: string, timeoutMs = 30_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        finish();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`${this.name} ${why}\n${this.#lastLines.join('\n')}`)));
      const listener = (line: string) => {
        if (line.includes(text)) settle(() => resolve(line));
      };
      const timer = setTimeout(() => fail(`did not print "${text}" within ${timeoutMs} ms`), timeoutMs);
      this.#listeners.add(listener);
      void this.exited.then((code) => fail(`ended with ${code} before printing "${text}"`));
    });
  }

  /** SIGKILL: what a power cut is to a process. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM, and SIGKILL after `graceMs`. */
  async stop(graceMs = 10_000): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }

  #onLine(line: string): void {
    this.#log.write(`${line}\n`);
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
    for (const listener of this.#listeners) listener(line);
  }
}

/** Runs a program to its end; rejects with what it printed when the exit code is not 0. */
export async function runToEnd(options: ProgramOptions): Promise<void> {
  const program = Program.start(options);
  const code = await program.exited;
  if (code !== 0) throw new Error(`${options.name} ended with ${code}; see ${options.logFile}`);
}
