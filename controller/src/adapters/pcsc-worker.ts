// SPDX-License-Identifier: Apache-2.0
// Entry of the process that holds nfc-pcsc. A process and not a thread: the native add-on works on the main thread's loop
// only, blocks it for ever in SCardEstablishContext while pcscd is down, and aborts on some failures. None of this may
// hold up a door.
import { createRequire } from 'node:module';
import type * as NfcPcsc from 'nfc-pcsc';
import type { FromPcscProcess, ToPcscProcess } from './pcsc-messages.ts';
import { runPcscSession } from './pcsc-session.ts';
import { tellParent } from './tell-parent.ts';

const post: (message: FromPcscProcess) => void = tellParent;

// Whoever stops the controller stops this by ending it; a signal to the whole group must not look like a lost reader.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));

try {
  // Not import(): Node and tsx disagree on what a transpiled CommonJS package's default export is.
  const require = createRequire(import.meta.url);
  const { NFC } = require('nfc-pcsc') as typeof NfcPcsc;
  process.on('message', (message: ToPcscProcess) => {
    if (message.kind !== 'open') return;
    try {
      runPcscSession({ nfc: new NFC(), post, now: () => performance.now() });
      post({ kind: 'opened' });
    } catch (error) {
      post({ kind: 'failed', detail: (error as Error).message });
    }
  });
  post({ kind: 'loaded' });
} catch (error) {
  post({ kind: 'cannot-load', detail: (error as Error).message });
}
