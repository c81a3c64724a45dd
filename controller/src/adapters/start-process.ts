// SPDX-License-Identifier: Apache-2.0
// Starts a child process with an IPC channel from a bundle or, in development, from its TypeScript source.
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A child of a bundle needs no loader; one from source needs tsx, found from here and not from the working directory. */
export function startProcess(url: URL, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const fromSource = url.pathname.endsWith('.ts');
  return fork(fileURLToPath(url), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
    execArgv: fromSource ? ['--import', tsx(), '--conditions=latchkey-source'] : [],
  });
}

const tsx = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
