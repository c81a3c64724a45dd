// SPDX-License-Identifier: Apache-2.0
// Text forms of a run of events: JSON lines for export, server-sent events for screens.
import type { ApiEvent } from '@latchkey/protocols/api/history';

/** A comment this often keeps proxies from cutting a quiet stream, and shows a dead one. */
const HEARTBEAT_MS = 15_000;

export async function* ndjson(events: AsyncIterable<ApiEvent>): AsyncGenerator<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}

export async function* eventStream(events: AsyncIterable<ApiEvent>, signal: AbortSignal): AsyncGenerator<string> {
  yield ': open\n\n';
  const iterator = events[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    while (!signal.aborted) {
      const outcome = await nextOrQuiet(next, signal);
      if (outcome === 'quiet') yield ': quiet\n\n';
      else if (outcome === 'aborted' || outcome.done === true) return;
      else {
        next = iterator.next();
        yield `id: ${outcome.value.id}\nevent: ${outcome.value.event.type}\ndata: ${JSON.stringify(outcome.value)}\n\n`;
      }
    }
  } finally {
    // A source that waits for an event ends by the signal; its pending step must not become an unhandled rejection.
    next.catch(() => undefined);
    await iterator.return?.();
  }
}

async function nextOrQuiet<T>(next: Promise<IteratorResult<T>>, signal: AbortSignal) {
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  try {
    return await Promise.race([next, delay(HEARTBEAT_MS, stop, signal)]);
  } finally {
    done.abort();
  }
}

function delay(ms: number, stop: AbortSignal, outer: AbortSignal): Promise<'quiet' | 'aborted'> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, 'quiet');
    stop.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve(outer.aborted ? 'aborted' : 'quiet');
      },
      { once: true },
    );
  });
}
