// SPDX-License-Identifier: Apache-2.0
// Entry of the process that holds noble. A process and not the controller's own: beneath a connect, bluetooth-hci-socket opens a
// socket of the kernel and waits for it on the only thread there is, up to 40 s for a lock that went away (seen in the lab).
import { NobleRadio } from './noble-radio.ts';
import { serveRadio } from './radio-host.ts';
import type { ToRadioProcess } from './radio-messages.ts';
import { systemClock } from './system-clock.ts';
import { tellParent } from './tell-parent.ts';

// Whoever stops the controller stops this by ending it; a signal to the whole group must not look like a broken radio.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));

const take = serveRadio({
  open: (device, log) => new NobleRadio({ device, clock: systemClock, log }),
  post: tellParent,
  end: () => process.exit(0),
  monotonicMs: () => systemClock.monotonic(),
});
process.on('message', (message) => take(message as ToRadioProcess));
